// escd: the appliance.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>

#include "app/escd/appliance.hpp"
#include "app/escd/control_loop.hpp"
#include "app/escd/decisions.hpp"
#include "app/escd/exit_codes.hpp"
#include "app/escd/figures.hpp"
#include "app/escd/health.hpp"
#include "app/escd/ledger_file.hpp"
#include "app/escd/log.hpp"
#include "app/escd/options.hpp"
#include "app/escd/preflight.hpp"
#include "app/escd/reload.hpp"
#include "app/escd/service.hpp"
#include "app/escd/signals.hpp"
#include "app/escd/sizing.hpp"
#include "app/escd/version.hpp"
#include "base/start_error.hpp"
#include "cli/standard_output.hpp"
#include "config/text.hpp"
#include "control/instance_lock.hpp"
#include "control/socket_path.hpp"
#include "dpdk/eal.hpp"
#include "files/file_error.hpp"

namespace esc::app {
namespace {

bool pools_whole(const Appliance& appliance) {
  bool whole = true;
  for (const PoolReport& pool : appliance.pools()) {
    if (pool.whole()) continue;
    whole = false;
    spdlog::error("pool {}: {} of {} mbufs were not given back, {} twice; please report this",
                  pool.name, pool.size - pool.available - pool.kept_by_driver, pool.size,
                  pool.repeated);
  }
  return whole;
}

/// The stage an lcore was last seen in.
std::string role_of(const Appliance& appliance, std::size_t lcore) {
  const auto& roles = appliance.roles(lcore);
  const std::size_t stage = appliance.lcore_status()[lcore].stage.get();
  return roles[std::min(stage, roles.size() - 1)];
}

/// What is damaged is refused at the start, unless it lies beyond what is looked at then, or the
/// file was another by the time that the driver opened it.
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
bool keep_ledger(const std::string& file, const nlohmann::ordered_json& ledger) {
  if (file.empty()) return true;
  try {
    write_ledger_file(file, ledger.dump(2) + '\n');
    return true;
  } catch (const std::exception& error) {
    spdlog::error("{}; here it is: {}", error.what(), ledger.dump());
    return false;
  }
}

std::uint64_t sum(const nlohmann::ordered_json& by_reason) {
  std::uint64_t total = 0;
  for (const auto& count : by_reason) total += count.get<std::uint64_t>();
  return total;
}

/// That all is well is said too: who reads the log need not conclude it from silence.
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

/// What the end of the run comes to.
int judge(Appliance& appliance, const RunEnd& end, const Options& options) {
  if (!end.stuck.empty()) {
    for (const std::size_t lcore : end.stuck) {
      spdlog::error(
          "lcore on CPU {} did not stop within {} ms, last seen in {}; what it holds is in flight",
          appliance.plan().lcores[lcore].cpu, kStopTimeoutMs, role_of(appliance, lcore));
    }
  } else {
    appliance.close_ports();
  }
  // The ledger first: whatever becomes of the windows, it says what became of the events.
  const auto ledger = ledger_document(appliance);
  const bool written = keep_ledger(options.ledger_file, ledger);
  if (end.stuck.empty()) appliance.save_windows();
  if (end.disk_stuck) {
    spdlog::error("the disk did not take the last dead letters within {} ms: they are in flight",
                  kDiskTimeoutMs);
  }
  if (!end.stuck.empty() || end.disk_stuck) return kExitLcoreStuck;
  if (!ledger["balanced"].get<bool>()) {
    spdlog::error("the ledger does not balance: frames are unaccounted for; please report this");
    return kExitUnbalanced;
  }
  if (!pools_whole(appliance)) return kExitPoolNotWhole;
  if (!written) return kExitLedgerFile;
  if (!traces_played(appliance)) return kExitTrace;
  if (end.drained_at_deadline != 0) {
    spdlog::warn("the drain ran out of time: {} frames and packets are drained_at_deadline",
                 end.drained_at_deadline);
    return kExitDrainTimeout;
  }
  say_drained(ledger, end.drain_ms);
  return kExitOk;
}

/// However run() ends, nobody asks an appliance that is being taken down.
struct HideAtExit {
  Service& service;
  ~HideAtExit() { service.hide(); }
};

// What could be told beforehand was (decisions.hpp). Whoever takes something meanwhile is met here.
int run(const Options& options, const Prepared& prepared) {
  const config::Config& config = prepared.config;
  Signals signals;
  // Before EAL: a second instance of this name ends here.
  const control::InstanceLock lock(config.instance);
  Service service(config);
  const dpdk::MemoryChoice memory = dpdk::choose_memory(prepared.eal);
  spdlog::info("{}", memory.reason);
  std::optional<DeadLetterFolder> folder;
  if (config.dead_letters.kept()) folder.emplace(config);
  const dpdk::Eal eal(prepared.eal, memory);
  Appliance appliance(config, prepared.plan, folder ? &*folder : nullptr);
  Reload reload(appliance, options);
  ignore_stray_realtime_signals();
  Health health(appliance);
  service.show(appliance, reload, health);
  const HideAtExit hide_at_exit{service};
  appliance.start();
  spdlog::info("running: {} ports, {} routes, control socket {}", config.ports.size(),
               config.routes.size(), service.server().socket_path());
  const RunEnd end =
      ControlLoop(appliance, service.server(), signals, options, reload, health).run();
  service.hide();  // before anything that figures read goes away
  const int code = judge(appliance, end, options);
  if (!end.stuck.empty() || end.disk_stuck) {
    // Its stack and its mbufs are still in use: nothing can be taken down around it.
    exit_now(code);
  }
  return code;
}

/// Why escd ends here stands on standard error, line by line as --check has it, and in the log's
/// file if there is one; what is only a warning is logged. What the start comes to: kExitOk, or the
/// code with which it ends.
int report(const Prepared& prepared) {
  const int code = exit_code_of(prepared.findings);
  if (code != kExitOk) {
    for (const config::Finding& finding : prepared.findings) std::cerr << to_text(finding) << '\n';
    if (prepared.config.log.file.empty()) return code;
  }
  for (const config::Finding& finding : prepared.findings) {
    const bool warning = finding.severity == config::Severity::kWarning;
    spdlog::log(warning ? spdlog::level::warn : spdlog::level::err, "{}: {}; {}", finding.where,
                finding.what, finding.fix);
  }
  return code;
}

int run_guarded(const Options& options, const Prepared& prepared) {
  try {
    if (const int code = report(prepared); code != kExitOk) return code;
    return run(options, prepared);
  } catch (const StartError& error) {
    spdlog::error("{}; {}", error.what(), error.fix());
    return kExitStart;
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return kExitInternal;
  }
}

int main_checked(int argc, char** argv) {
  cli::StandardOutput out("escd");
  const auto parsed = parse_options(argc, argv, out);
  if (const int* code = std::get_if<int>(&parsed)) return out.finish(*code, kExitOutput);
  const Options& options = std::get<Options>(parsed);
  const auto preflight = prepare(options, out.stream());
  if (const int* code = std::get_if<int>(&preflight)) return out.finish(*code, kExitOutput);
  const Prepared& prepared = std::get<Prepared>(preflight);
  if (log_trouble(prepared.config.log.file)) {  // there is no log to say it in
    for (const config::Finding& finding : prepared.findings) std::cerr << to_text(finding) << '\n';
    return exit_code_of(prepared.findings);
  }
  try {
    open_log(prepared.config, prepared.plan.main_cpu);
  } catch (const files::FileError& error) {
    std::cerr << "error: " << prepared.config.where("log.file")
              << ": log.file: " << config::printable(error.what()) << "; "
              << config::printable(error.fix()) << ", or leave log.file out\n";
    return kExitStart;
  }
  const int code = run_guarded(options, prepared);
  if (!close_log()) _exit(code);
  return code;
}

}  // namespace
}  // namespace esc::app

int main(int argc, char** argv) {
  esc::app::ignore_stray_signals();
  try {
    return esc::app::main_checked(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "escd: " << error.what() << '\n';
    return esc::app::kExitInternal;
  }
}
