// SPDX-License-Identifier: BSD-3-Clause
// What each lcore says about itself, for the watchdog and the operator.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/align.hpp"
#include "telemetry/counter.hpp"
#include "telemetry/figure.hpp"

namespace esc::runtime {

/// Writer: the lcore. Reader: the main lcore. On lines of its own: the
/// lcore writes it every round.
struct alignas(kCacheLineBytes) LcoreStatus {
  telemetry::Counter heartbeat_tsc;  ///< TSC at the start of the last round
  telemetry::Counter stage;          ///< index of the stage that it polls or polled last
  telemetry::Counter rounds;
  telemetry::Counter work_cycles;  ///< TSC cycles of rounds that found work
  telemetry::Counter sleeps;
  telemetry::Counter longest_round_cycles;
  telemetry::Counter running;  ///< 1 between entry and return
};

[[nodiscard]] constexpr auto figures_of(const LcoreStatus* /*block*/) {
  using B = LcoreStatus;
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "lcore",
      Figure{"work", "Time of the lcore's rounds that found work", &B::work_cycles, Kind::kCounter,
             Unit::kCycles, "work_s"},
      Figure{"rounds", "Rounds of the lcore through its stages", &B::rounds},
      Figure{"sleeps", "Naps of the lcore because there was no work", &B::sleeps},
      Figure{"heartbeat_age", "How long ago the lcore's last round began", &B::heartbeat_tsc,
             Kind::kGauge, Unit::kMoment, "heartbeat_age_ms"},
      Figure{"longest_round", "The lcore's longest round since the start", &B::longest_round_cycles,
             Kind::kGauge, Unit::kCycles, "longest_round_us"},
      Figure{"running", "1: the lcore runs", &B::running, Kind::kGauge},
      Figure{"stage", "The stage that it polls or polled last", &B::stage, Kind::kWord});
}
static_assert(telemetry::well_described<LcoreStatus>());

}  // namespace esc::runtime
