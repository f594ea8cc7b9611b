// SPDX-License-Identifier: BSD-3-Clause
// What each lcore says about itself, for the watchdog and the operator.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/align.hpp"
#include "telemetry/counter.hpp"

namespace esc::runtime {

/// Writer: the lcore. Readers: main lcore (watchdog), telemetry thread. On lines of its own: the
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

}  // namespace esc::runtime
