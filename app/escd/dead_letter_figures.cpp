// SPDX-License-Identifier: BSD-3-Clause
#include <cerrno>
#include <cstring>
#include <string>

#include "app/escd/figures.hpp"
#include "control/answer.hpp"
#include "telemetry/figure_json.hpp"

namespace esc::app {

using nlohmann::ordered_json;

namespace {

std::string error_text(std::uint64_t error) {
  return error == 0 ? "none" : std::strerror(static_cast<int>(error));
}

}  // namespace

ordered_json storage_document(const DeadLetters& letters) {
  return telemetry::to_json(telemetry::Reading(letters.gathering()));
}

ordered_json dlq_document(const Appliance& appliance) {
  const DeadLetters* letters = appliance.data_path().dead_letters();
  if (letters == nullptr) {
    throw control::Refusal("dead letters are not kept here",
                           "set dead_letters.directory and restart escd");
  }
  const telemetry::Ledger::Frames frames = appliance.data_path().ledger().frames;
  const telemetry::DiskCounters& disk = letters->disk();
  const std::uint64_t commits = disk.commits.get() + disk.commits_failed.get();
  ordered_json by_reason = ordered_json::object();
  std::uint64_t durable = 0;
  for (std::size_t i = 0; i < frames.dead_lettered.size(); ++i) {
    durable += frames.dead_lettered[i];
    if (frames.dead_lettered[i] != 0)
      by_reason[std::string(kDeadReasonNames[i])] = frames.dead_lettered[i];
  }
  const auto dropped = [&frames](FrameDrop reason) {
    return frames.dropped[static_cast<std::size_t>(reason)];
  };
  const double us_per_commit =
      commits == 0 ? 0.0 : static_cast<double>(disk.commit_ns.get()) / 1e3 / double(commits);
  return {{"directory", letters->directory()},
          {"found_at_start", letters->recovered()},
          {"durable", durable},
          {"by_reason", by_reason},
          {"write_failed", dropped(FrameDrop::kDlqWriteFailed)},
          {"backlog", dropped(FrameDrop::kDlqBacklog)},
          {"last_error", error_text(disk.last_error.get())},
          {"commit_path", letters->folder().uses_io_uring() ? "io_uring" : "system_calls"},
          {"commits", disk.commits.get()},
          {"commits_failed", disk.commits_failed.get()},
          {"bytes", disk.bytes.get()},
          {"us_per_commit", us_per_commit},
          {"segments", disk.segments.get()},
          {"segment_bytes", disk.segment_bytes.get()},
          {"segments_begun", disk.segments_begun.get()},
          {"segments_abandoned", disk.segments_abandoned.get()},
          {"segments_removed", disk.segments_removed.get()},
          {"letters_removed", disk.letters_removed.get()}};
}

}  // namespace esc::app
