// SPDX-License-Identifier: BSD-3-Clause
// What the main lcore does while the others work: signals, control socket, watchdog, progress, and
// the drain at the end.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "app/escd/appliance_fwd.hpp"
#include "app/escd/connection_watch.hpp"
#include "app/escd/health.hpp"
#include "app/escd/options.hpp"
#include "app/escd/progress.hpp"
#include "app/escd/reload.hpp"
#include "app/escd/service.hpp"
#include "app/escd/signals.hpp"
#include "runtime/errands.hpp"
#include "runtime/watchdog.hpp"

namespace esc::app {

/// How a run ended.
struct RunEnd {
  std::size_t drained_at_deadline = 0;    ///< frames and packets that the drain had no time for
  std::vector<std::size_t> stuck;         ///< lcores that did not stop
  bool disk_stuck = false;                ///< the disk did not take the last dead letters
  std::chrono::milliseconds drain_ms{0};  ///< from the request on
};

/// Thread: main lcore.
class ControlLoop {
 public:
  ControlLoop(Appliance& appliance, Service& service, Signals& signals, const Options& options,
              Reload& reload, Health& health, runtime::Errands& errands);

  /// Runs until the appliance has stopped.
  [[nodiscard]] RunEnd run();

 private:
  using Clock = std::chrono::steady_clock;

  /// Waits for work up to a tick and does it.
  void tick();
  [[nodiscard]] bool time_to_stop();
  void watch();
  void reload_if_asked();
  void log_pressure();
  void drain(RunEnd& end);

  Appliance& appliance_;
  Service& service_;
  Signals& signals_;
  const Options& options_;
  Reload& reload_;
  Health& health_;
  runtime::Errands& errands_;
  Progress progress_;
  ConnectionWatch connections_;
  runtime::Watchdog watchdog_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_progress_;
  Clock::time_point last_receipt_ = Clock::now();
  std::vector<control::PressureMonitor::History::Cursor> pressure_seen_;  ///< by pipeline
  std::uint64_t received_seen_ = 0;
  std::string_view drain_cause_;
};

}  // namespace esc::app
