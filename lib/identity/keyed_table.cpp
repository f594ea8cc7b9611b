// SPDX-License-Identifier: BSD-3-Clause
#include "identity/keyed_table.hpp"

#include <bit>
#include <stdexcept>
#include <string>

namespace esc::identity {

namespace detail {

void check_bucket_memory(const void* first, std::size_t count) {
  if (count == 0) {
    throw std::invalid_argument("a table of keys needs memory for one bucket at least (" +
                                std::to_string(kCacheLineBytes) + " bytes)");
  }
  if (std::bit_cast<std::uintptr_t>(first) % kCacheLineBytes != 0) {
    throw std::invalid_argument("the memory of a table of keys must begin at a cache line");
  }
}

std::uint64_t tick_cycles_of(std::uint64_t window_cycles, std::uint64_t ticks) {
  if (window_cycles < ticks) {
    throw std::invalid_argument("the window of a table of keys is " +
                                std::to_string(window_cycles) + " cycles; it must be " +
                                std::to_string(ticks) + " at least");
  }
  return window_cycles / ticks;
}

void check_caller(KeyCallers callers, std::size_t there_already) {
  if (callers == KeyCallers::kOne && there_already != 0)
    throw std::logic_error("this table of keys is for one caller, and has it");
}

}  // namespace detail

void KeyedTotals::add_put_out(const KeyedCounters& counters) noexcept {
  evicted += counters.evicted.get();
  evicted_age += counters.evicted_age.get();
  expired += counters.expired.get();
}

void KeyedTotals::add_put_in(const KeyedCounters& counters) noexcept {
  fresh += counters.fresh.get();
  duplicates += counters.duplicates.get();
  contended += counters.contended.get();
}

double EffectiveWindow::sample(const KeyedTotals& totals, std::uint64_t now) noexcept {
  constexpr std::uint64_t kIntervalTicks = KeyedTable::kWindowTicks / 8;
  if (now - since_ >= kIntervalTicks * tick_cycles_) {
    start_ = middle_;
    middle_ = {totals.evicted, totals.evicted_age};
    since_ = now;
  }
  const std::uint64_t evicted = totals.evicted - start_.evicted;
  const double ticks = evicted == 0 ? static_cast<double>(KeyedTable::kWindowTicks)
                                    : static_cast<double>(totals.evicted_age - start_.evicted_age) /
                                          static_cast<double>(evicted);
  return ticks * static_cast<double>(tick_cycles_) / cycles_per_second_;
}

}  // namespace esc::identity
