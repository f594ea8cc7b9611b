// SPDX-License-Identifier: BSD-3-Clause
#include <cerrno>
#include <string>

#include "app/escd/figures.hpp"
#include "base/errno_text.hpp"
#include "control/answer.hpp"
#include "telemetry/figure_json.hpp"

namespace esc::app {

using nlohmann::ordered_json;

namespace {

std::string error_text(std::uint64_t error) {
  return error == 0 ? "none" : errno_text(static_cast<int>(error));
}

}  // namespace

ordered_json dlq_document(const Snapshot& snapshot) {
  if (!snapshot.storage) {
    throw control::Refusal("dead letters are not kept here",
                           "set dead_letters.directory and restart escd");
  }
  using telemetry::DiskCounters;
  const Snapshot::Storage& storage = *snapshot.storage;
  const telemetry::Ledger& ledger = snapshot.ledger.ledger;
  const auto disk = [&storage](auto member) { return storage.disk.get(member); };
  const std::uint64_t commits = disk(&DiskCounters::commits) + disk(&DiskCounters::commits_failed);
  ordered_json by_reason = ordered_json::object();
  for (std::size_t i = 0; i < ledger.frames.dead_lettered.size(); ++i) {
    const std::uint64_t letters = ledger.frames.dead_lettered[i];
    if (letters != 0) by_reason[std::string(kDeadReasonNames[i])] = letters;
  }
  const auto dropped = [&ledger](FrameDrop reason) {
    return ledger.frames.dropped[static_cast<std::size_t>(reason)];
  };
  ordered_json json = {{"directory", storage.directory}};
  telemetry::add_to(json, telemetry::Reading(storage.found));
  json.update({{"durable", ledger.frames_dead_lettered()},
               {std::string(telemetry::kByReasonKey), by_reason},
               {"write_failed", dropped(FrameDrop::kDlqWriteFailed)},
               {"backlog", dropped(FrameDrop::kDlqBacklog)},
               {"commit_path", storage.io_uring ? "io_uring" : "system_calls"}});
  telemetry::add_to(json, storage.disk);
  json["last_error"] = error_text(disk(&DiskCounters::last_error));
  json["us_per_commit"] = commits == 0 ? 0.0
                                       : static_cast<double>(disk(&DiskCounters::commit_ns)) / 1e3 /
                                             static_cast<double>(commits);
  return json;
}

}  // namespace esc::app
