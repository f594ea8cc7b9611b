// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/judge.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>

#include "app/escd/appliance_names.hpp"
#include "app/escd/exit_codes.hpp"
#include "app/escd/figures.hpp"
#include "app/escd/ledger_file.hpp"

namespace esc::app {
namespace {

constexpr std::chrono::milliseconds kDiskTimeout{appliance::kDiskTimeoutMs};

bool pools_whole(const Appliance& appliance) {
  bool whole = true;
  for (const PoolReport& pool : appliance.pools()) {
    if (pool.whole()) continue;
    whole = false;
    spdlog::error("pool {}: {} of {} mbufs were not given back, {} twice; please report this",
                  pool.name, pool.missing(), pool.mbufs.size, pool.repeated);
  }
  return whole;
}

/// The stage an lcore was last seen in.
std::string role_of(const Appliance& appliance, std::size_t lcore) {
  const auto& roles = appliance.roles(lcore);
  const std::size_t stage = appliance.lcore_status()[lcore].stage.get();
  return roles[std::min(stage, roles.size() - 1)];
}

/// A start refuses a damaged trace, unless the damage lies beyond the part that is read then, or
/// the file has changed by the time the driver opens it.
bool traces_played(const Appliance& appliance) {
  bool played = true;
  for (const auto& port : appliance.ports()) {
    if (port->settings().traces.empty() || port->stats().ierrors == 0) continue;
    played = false;
    spdlog::error("port \"{}\": its trace could not be read to its end: the rest was not played",
                  port->settings().label);
  }
  return played;
}

/// False: the file could not be written, and the log has the ledger instead.
bool keep_ledger(runtime::Errands& disk, const std::string& file,
                 const nlohmann::ordered_json& ledger) {
  if (file.empty()) return true;
  std::string failure;
  const bool begun = disk.begin(
      "writing the ledger",
      [file, text = ledger.dump(2) + '\n']() -> runtime::Errands::Finish {
        write_ledger_file(file, text);
        return [] {};
      },
      [&](const std::string& why) { failure = "cannot write the ledger to " + file + ": " + why; });
  if (!begun || !disk.finish_within(kDiskTimeout) || !failure.empty()) {
    spdlog::error("{}; here it is: {}", failure, ledger.dump());
    return false;
  }
  return true;
}

void keep_windows(runtime::Errands& disk, const Appliance& appliance) {
  const auto say = [](const std::string& why) {
    spdlog::error(
        "the producers' windows are not kept: {}; after a restart events may be "
        "delivered again",
        why);
  };
  const bool begun = disk.begin(
      "saving the windows",
      [&appliance]() -> runtime::Errands::Finish {
        appliance.save_windows();
        return [] {};
      },
      say);
  if (!begun) say("the disk has not taken the ledger yet");
  (void)disk.finish_within(kDiskTimeout);
}

std::uint64_t sum(const nlohmann::ordered_json& by_reason) {
  std::uint64_t total = 0;
  for (const auto& count : by_reason) total += count.get<std::uint64_t>();
  return total;
}

/// A good end is logged too, so that a reader of the log need not infer it from silence.
void say_drained(const nlohmann::ordered_json& ledger, std::chrono::milliseconds took) {
  const auto& frames = ledger["frames"];
  const auto& packets = ledger["packets"];
  const auto in = [](const nlohmann::ordered_json& object, const char* name) {
    return object[name].get<std::uint64_t>();
  };
  spdlog::info(
      "drained in {} ms: {} packets received, {} of them dropped, {} missed by the ports; {} "
      "frames "
      "received: {} delivered, {} control, {} duplicate, {} stale, {} dead-lettered, {} dropped; "
      "none is in flight, the ledger balances, the pools are whole",
      took.count(), in(packets, "received"), sum(packets["dropped"]), in(packets, "imissed"),
      in(frames, "received"), in(frames, "delivered"), in(frames, "control"),
      in(frames, "duplicate"), in(frames, "stale"), in(frames["dead_lettered"], "durable"),
      sum(frames["dropped"]));
}

int exit_code(const Appliance& appliance, const RunEnd& end, const nlohmann::ordered_json& ledger,
              bool written) {
  if (end.disk_stuck) {
    spdlog::error("the disk did not take the last dead letters within {} ms: they are in flight",
                  appliance::kDiskTimeoutMs);
  }
  if (!end.stuck.empty() || end.disk_stuck) return kExitLcoreStuck;
  if (!ledger["balanced"].get<bool>()) {
    spdlog::error("the ledger does not balance: frames are unaccounted for; please report this");
    return kExitUnbalanced;
  }
  if (!pools_whole(appliance)) return kExitPoolNotWhole;
  if (!written) return kExitLedgerFile;
  if (!traces_played(appliance)) {
    say_drained(ledger, end.drain_ms);
    return kExitTrace;
  }
  if (end.drained_at_deadline != 0) {
    spdlog::warn("the drain ran out of time: {} frames and packets are drained_at_deadline",
                 end.drained_at_deadline);
    return kExitDrainTimeout;
  }
  say_drained(ledger, end.drain_ms);
  return kExitOk;
}

}  // namespace

Judgement judge(Appliance& appliance, const RunEnd& end, const Options& options,
                runtime::Errands& disk) {
  if (!end.stuck.empty()) {
    for (const std::size_t lcore : end.stuck) {
      spdlog::error(
          "lcore on CPU {} did not stop within {} ms, last seen in {}; what it holds is in flight",
          appliance.plan().lcores[lcore].cpu, appliance::kStopTimeoutMs, role_of(appliance, lcore));
    }
  } else {
    appliance.close_ports();
  }
  // Written by another thread, so that a disk that hangs does not hold up the end for ever. The
  // ledger comes first: it says what became of the events even if the windows cannot be written.
  const auto ledger = ledger_document(take_snapshot(appliance, LedgerReading::kEach));
  const bool written = keep_ledger(disk, options.ledger_file, ledger);
  if (end.stuck.empty()) keep_windows(disk, appliance);
  const int code = exit_code(appliance, end, ledger, written);
  return {code, !end.stuck.empty() || end.disk_stuck || disk.given_up()};
}

}  // namespace esc::app
