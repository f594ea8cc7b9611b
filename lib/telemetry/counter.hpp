// SPDX-License-Identifier: BSD-3-Clause
// Counters that one lcore writes and any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace esc::telemetry {

/// A 64-bit number with a single writer. Thread: only the writer calls add() and set(); any thread
/// calls get(). As there is one writer, a plain load and store are enough, and no locked addition
/// is needed. The store is a release and the load an acquire, so a reader that sees a delivery also
/// sees the receipt that was counted before it (telemetry::collect reads in that order). On x86
/// both are plain moves.
class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_release);
  }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_release); }
  [[nodiscard]] std::uint64_t get() const noexcept {
    return value_.load(std::memory_order_acquire);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// One Counter for each enumerator of Reason (which ends in kCount).
template <class Reason>
class CounterSet {
 public:
  static constexpr std::size_t kSize = static_cast<std::size_t>(Reason::kCount);

  void add(Reason reason, std::uint64_t amount = 1) noexcept {
    counters_[static_cast<std::size_t>(reason)].add(amount);
  }
  [[nodiscard]] std::uint64_t get(Reason reason) const noexcept {
    return counters_[static_cast<std::size_t>(reason)].get();
  }
  [[nodiscard]] std::uint64_t at(std::size_t index) const noexcept {
    return counters_[index].get();
  }

 private:
  std::array<Counter, kSize> counters_{};
};

}  // namespace esc::telemetry
