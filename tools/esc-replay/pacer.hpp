// SPDX-License-Identifier: BSD-3-Clause
// An open-loop schedule: unit n is due at start + n / rate, whatever happened to the units before
// it. Delays are caught up and counted.
#pragma once

#include <algorithm>
#include <cstdint>

namespace esc::replay {

/// Times are nanoseconds on one monotonic clock. One thread.
class Pacer {
 public:
  struct Lateness {
    std::uint64_t max_ns = 0;
    double sum_ns = 0;           ///< over all units
    std::uint64_t over_1ms = 0;  ///< units that were late by more than 1 ms
    std::uint64_t units = 0;

    [[nodiscard]] double mean_ns() const noexcept {
      return units == 0 ? 0 : sum_ns / static_cast<double>(units);
    }
  };

  /// `units_per_second` 0: everything is always due, and nothing late.
  Pacer(double units_per_second, std::uint64_t start_ns) noexcept
      : interval_ns_(units_per_second > 0 ? 1e9 / units_per_second : 0), start_ns_(start_ns) {}

  [[nodiscard]] bool open_loop() const noexcept { return interval_ns_ > 0; }

  [[nodiscard]] std::uint64_t due_at_ns(std::uint64_t unit) const noexcept {
    return start_ns_ + static_cast<std::uint64_t>(static_cast<double>(unit) * interval_ns_);
  }

  /// How many units are due by now, from the start on.
  [[nodiscard]] std::uint64_t due(std::uint64_t now_ns) const noexcept {
    if (!open_loop()) return UINT64_MAX;
    std::uint64_t count =
        static_cast<std::uint64_t>(static_cast<double>(now_ns - start_ns_) / interval_ns_);
    // Division and multiplication round differently; due_at_ns decides.
    while (due_at_ns(count) <= now_ns) ++count;
    while (count > 0 && due_at_ns(count - 1) > now_ns) --count;
    return count;
  }

  /// Units [first, first + count) left at `now_ns`.
  void sent(std::uint64_t first, std::uint64_t count, std::uint64_t now_ns) noexcept {
    if (!open_loop()) return;
    lateness_.units += count;
    for (std::uint64_t unit = first; unit < first + count; ++unit) {
      const std::uint64_t due_ns = due_at_ns(unit);
      const std::uint64_t late_ns = now_ns > due_ns ? now_ns - due_ns : 0;
      lateness_.max_ns = std::max(lateness_.max_ns, late_ns);
      lateness_.sum_ns += static_cast<double>(late_ns);
      if (late_ns > kMillisecondNs) ++lateness_.over_1ms;
    }
  }

  [[nodiscard]] const Lateness& lateness() const noexcept { return lateness_; }

 private:
  static constexpr std::uint64_t kMillisecondNs = 1'000'000;

  double interval_ns_;
  std::uint64_t start_ns_;
  Lateness lateness_;
};

}  // namespace esc::replay
