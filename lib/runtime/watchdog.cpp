// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/watchdog.hpp"

#include <algorithm>

namespace esc::runtime {

std::vector<StallChange> Watchdog::check(std::uint64_t now) {
  std::vector<StallChange> changes;
  for (std::size_t i = 0; i < lcores_.size(); ++i) {
    const LcoreStatus& lcore = lcores_[i];
    // Read before the heartbeat. The lcore writes them the other way round (run_lcore), so if it
    // runs its heartbeat is fresh.
    const bool running = lcore.running.get() != 0;
    const std::uint64_t beat = lcore.heartbeat_tsc.get();
    // TSCs of two CPUs may differ by a little: a heartbeat from the future is a fresh one.
    const std::uint64_t age = now > beat ? now - beat : 0;
    const bool stalled = running && age >= stall_cycles_;
    if (stalled == stalled_[i]) continue;
    stalled_[i] = stalled;
    if (stalled) ++stalls_;
    changes.push_back({i, stalled, lcore.stage.get(), age});
  }
  return changes;
}

bool Watchdog::any_stalled() const {
  return std::find(stalled_.begin(), stalled_.end(), true) != stalled_.end();
}

}  // namespace esc::runtime
