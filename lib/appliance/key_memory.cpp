// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/key_memory.hpp"

#include <rte_cycles.h>

namespace esc::appliance {
namespace {

constexpr std::uint64_t kJudgedEveryS = 10;

}  // namespace

KeyMemory::KeyMemory(std::uint64_t bytes, std::uint64_t window_s, int socket, std::size_t pipelines)
    : buckets_("esc keys", identity::KeyedTable::buckets_for(bytes), socket),
      table_(buckets_.span(), window_s * rte_get_tsc_hz(),
             pipelines == 1 ? identity::KeyCallers::kOne : identity::KeyCallers::kMany),
      hasher_(identity::random_key_secret()),
      window_s_(static_cast<double>(window_s)),
      effective_window_s_(window_s_),
      effective_(table_.tick_cycles(), static_cast<double>(rte_get_tsc_hz())),
      shortage_(kJudgedEveryS * rte_get_tsc_hz()) {}

identity::KeyedFill KeyMemory::fill(const identity::KeyedTotals& totals) const noexcept {
  const auto nanoseconds = [](double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); };
  return {.memory_bytes = bytes(),
          .room = capacity(),
          .known = totals.fresh - totals.evicted - totals.expired,
          .window_ns = nanoseconds(window_s_),
          .effective_window_ns = nanoseconds(effective_window_s())};
}

bool KeyMemory::watch(const identity::KeyedTotals& totals, std::uint64_t now) noexcept {
  effective_window_s_.store(effective_.sample(totals, now), std::memory_order_relaxed);
  return shortage_.update(totals, now);
}

}  // namespace esc::appliance
