// SPDX-License-Identifier: BSD-3-Clause
// escd: the appliance.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>

#include "app/escd/appliance_names.hpp"
#include "app/escd/control_loop.hpp"
#include "app/escd/decisions.hpp"
#include "app/escd/exit_codes.hpp"
#include "app/escd/health.hpp"
#include "app/escd/judge.hpp"
#include "app/escd/log.hpp"
#include "app/escd/options.hpp"
#include "app/escd/preflight.hpp"
#include "app/escd/reload.hpp"
#include "app/escd/service.hpp"
#include "app/escd/side_thread.hpp"
#include "app/escd/signals.hpp"
#include "app/escd/version.hpp"
#include "appliance/sizing.hpp"
#include "base/start_error.hpp"
#include "cli/standard_output.hpp"
#include "config/text.hpp"
#include "control/instance_lock.hpp"
#include "control/socket_path.hpp"
#include "dpdk/eal.hpp"
#include "files/file_error.hpp"
#include "worker/builtin_handlers.hpp"

namespace esc::app {
namespace {

/// Hides the figures however run() ends, so that nobody reads them while the appliance is
/// destroyed.
struct HideAtExit {
  Service& service;
  ~HideAtExit() { service.hide(); }
};

// The decisions have been made before (decisions.hpp). If something was taken since then, the start
// fails here.
int run(const Options& options, const Prepared& prepared, const worker::HandlerRegistry& handlers) {
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
  Appliance appliance(config, prepared.plan, handlers, folder ? &*folder : nullptr,
                      [] { exit_now(kExitLcoreStuck); });
  const unsigned main_cpu = prepared.plan.main_cpu;
  runtime::Errands errands(kReloadPatience,
                           [main_cpu] { settle_side_thread("escd-errand", main_cpu); });
  runtime::Errands disk(std::chrono::milliseconds(appliance::kDiskTimeoutMs),
                        [main_cpu] { settle_side_thread("escd-end", main_cpu); });
  Reload reload(appliance, options, errands);
  ignore_stray_realtime_signals();
  Health health(appliance);
  service.show(appliance, reload, health);
  const HideAtExit hide_at_exit{service};
  appliance.start();
  spdlog::info("running: {} ports, {} routes, control socket {}", config.ports.size(),
               config.routes.size(), service.server().socket_path());
  const RunEnd end =
      ControlLoop(appliance, service, signals, options, reload, health, errands).run();
  service.hide();  // before anything that figures read is destroyed
  const Judgement judgement = judge(appliance, end, options, disk);
  // Nothing may be destroyed while a thread still uses it.
  if (judgement.thread_left || !errands.finish_within(std::chrono::milliseconds(0))) {
    exit_now(judgement.exit_code);
  }
  return judgement.exit_code;
}

/// Reports the findings. Errors go to standard error, in the lines of --check, and into the log's
/// file if there is one; warnings are logged. Returns kExitOk if the start may go on, or the code
/// with which it ends.
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

int run_guarded(const Options& options, const Prepared& prepared,
                const worker::HandlerRegistry& handlers) {
  try {
    if (const int code = report(prepared); code != kExitOk) return code;
    return run(options, prepared, handlers);
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
  const worker::HandlerRegistry handlers = worker::builtin_handlers();
  const auto preflight = prepare(options, handlers, out.stream());
  if (const int* code = std::get_if<int>(&preflight)) return out.finish(*code, kExitOutput);
  const Prepared& prepared = std::get<Prepared>(preflight);
  if (!prepared.log_is_fit) {  // the log's file cannot be used
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
  const int code = run_guarded(options, prepared, handlers);
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
