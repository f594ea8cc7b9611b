// SPDX-License-Identifier: BSD-3-Clause
// What a stage hands to the storage: an event that goes no further, and the reason.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "base/align.hpp"
#include "base/reasons.hpp"
#include "dlq/record.hpp"
#include "event/event.hpp"
#include "ring/spsc_ring.hpp"

namespace esc::storage {

/// Owns its event's reference to the mbuf, as the event does in any other ring (docs/ownership.md).
struct DeadItem {
  event::Event event;
  std::uint32_t waited = 0;  ///< from its receipt to its death, in kWaitCycles
  DeadReason reason = DeadReason::kNone;
  dlq::Stage stage = dlq::Stage::kRx;
  std::uint8_t attempts = 0;  ///< how often the handler was called
  std::uint8_t unused = 0;
};
static_assert(sizeof(DeadItem) == kCacheLineBytes);
static_assert(std::is_trivially_copyable_v<DeadItem>);

/// The unit of `waited`: half a microsecond at 2 GHz, so that 32 bits hold more than half an hour.
inline constexpr std::uint64_t kWaitCycles = 1024;

[[nodiscard]] inline std::uint32_t waited(std::uint64_t received, std::uint64_t now) noexcept {
  const std::uint64_t cycles = now > received ? now - received : 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(cycles / kWaitCycles, UINT32_MAX));
}

using DeadRing = ring::SpscRing<DeadItem>;

}  // namespace esc::storage
