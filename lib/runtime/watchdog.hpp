// SPDX-License-Identifier: BSD-3-Clause
// Notices an lcore that no longer begins a new round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "runtime/lcore_status.hpp"

namespace esc::runtime {

/// One lcore that changed between moving and stalled.
struct StallChange {
  std::size_t lcore = 0;         ///< index among those watched
  bool stalled = false;          ///< false: it moves again
  std::uint64_t stage = 0;       ///< index of the stage it hangs in, or hung in
  std::uint64_t for_cycles = 0;  ///< TSC cycles since its last round began
};

/// Thread: main lcore, which calls check() a few times per stall time. Pure but for its own memory,
/// so that tests drive the clock.
class Watchdog {
 public:
  Watchdog(std::span<const LcoreStatus> lcores, std::uint64_t stall_cycles)
      : lcores_(lcores), stall_cycles_(stall_cycles), stalled_(lcores.size(), false) {}

  /// Looks at every running lcore; returns each change since the last check.
  [[nodiscard]] std::vector<StallChange> check(std::uint64_t now);

  [[nodiscard]] bool stalled(std::size_t lcore) const { return stalled_[lcore]; }
  [[nodiscard]] bool any_stalled() const;
  [[nodiscard]] std::uint64_t stalls() const noexcept { return stalls_; }  ///< since the start

 private:
  std::span<const LcoreStatus> lcores_;
  std::uint64_t stall_cycles_;
  std::uint64_t stalls_ = 0;
  std::vector<bool> stalled_;
};

}  // namespace esc::runtime
