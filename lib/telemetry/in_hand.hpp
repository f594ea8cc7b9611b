// SPDX-License-Identifier: BSD-3-Clause
// Which events a worker has given to a handler that has not returned yet, in one 64-bit word. When
// an lcore hangs in a handler, this tells which handler and which route it is.
#pragma once

#include <cstdint>

namespace esc::telemetry {

struct InHand {
  std::uint32_t slot = 0;  ///< slot of the route of the first of these events
  std::uint16_t handler = 0;
  bool mixed = false;  ///< some of the events are of other routes
  bool busy = false;   ///< false: no handler is running, and the other members mean nothing

  [[nodiscard]] constexpr std::uint64_t word() const noexcept {
    return std::uint64_t{slot} | std::uint64_t{handler} << 32U |
           static_cast<std::uint64_t>(mixed) << 48U | static_cast<std::uint64_t>(busy) << 49U;
  }
  [[nodiscard]] static constexpr InHand of(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>(word), static_cast<std::uint16_t>(word >> 32U),
            (word >> 48U & 1U) != 0, (word >> 49U & 1U) != 0};
  }

  friend bool operator==(const InHand&, const InHand&) = default;
};

}  // namespace esc::telemetry
