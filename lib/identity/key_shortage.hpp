// SPDX-License-Identifier: BSD-3-Clause
// Says when the memory for keys is too small for the idempotency window, and when it is no longer
// too small.
#pragma once

#include <cstdint>

#include "identity/keyed_table.hpp"

namespace esc::identity {

/// It does not matter if one bucket among millions fills up by chance. If every tenth new key has
/// to evict another key, the table is too small. Thread: one.
class KeyShortage {
 public:
  /// Judges what was counted during an interval of `interval_cycles` TSC cycles, then the next one.
  explicit KeyShortage(std::uint64_t interval_cycles) noexcept
      : interval_cycles_(interval_cycles) {}

  /// Now and then, with what all callers have counted by `now` (TSC). True if a shortage
  /// has begun or ended.
  [[nodiscard]] bool update(const KeyedTotals& totals, std::uint64_t now) noexcept {
    if (now - judged_ < interval_cycles_) return false;
    judged_ = now;
    const std::uint64_t fresh = totals.fresh - fresh_;
    const std::uint64_t evicted = totals.evicted - evicted_;
    fresh_ = totals.fresh;
    evicted_ = totals.evicted;
    const bool was_short = is_short_;
    is_short_ = evicted != 0 && evicted * kShortFrom >= fresh;
    return is_short_ != was_short;
  }
  [[nodiscard]] bool is_short() const noexcept { return is_short_; }

 private:
  /// Short if one new key in so many evicts another.
  static constexpr std::uint64_t kShortFrom = 10;

  std::uint64_t interval_cycles_;
  /// TSC of the last judgement; the next two are what had been counted by then.
  std::uint64_t judged_ = 0;
  std::uint64_t fresh_ = 0;
  std::uint64_t evicted_ = 0;
  bool is_short_ = false;
};

}  // namespace esc::identity
