// SPDX-License-Identifier: BSD-3-Clause
// Converts TSC readings to Unix time.
#pragma once

#include <cstdint>

namespace esc::storage {

/// Knows one moment on both clocks, and computes others from their distance to it in cycles.
class WallClock {
 public:
  /// `cycles_per_second` of the TSC.
  explicit WallClock(double cycles_per_second) noexcept : ns_per_cycle_(1e9 / cycles_per_second) {}

  /// Sets the moment: both clocks read at the same time. To be called again now and then, since the
  /// TSC's rate is known only to some millionths.
  void set(std::uint64_t tsc, std::uint64_t unix_ns) noexcept {
    tsc_ = tsc;
    unix_ns_ = unix_ns;
  }
  /// The Unix time of a moment at most some hours away. 0: before 1970.
  [[nodiscard]] std::uint64_t unix_ns(std::uint64_t tsc) const noexcept {
    const auto cycles = static_cast<std::int64_t>(tsc - tsc_);
    const auto away = static_cast<std::int64_t>(static_cast<double>(cycles) * ns_per_cycle_);
    const std::int64_t ns = static_cast<std::int64_t>(unix_ns_) + away;
    return ns > 0 ? static_cast<std::uint64_t>(ns) : 0;
  }

 private:
  double ns_per_cycle_;
  std::uint64_t tsc_ = 0;
  std::uint64_t unix_ns_ = 0;
};

}  // namespace esc::storage
