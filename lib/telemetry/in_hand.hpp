// SPDX-License-Identifier: BSD-3-Clause
// What a worker's handler has in hand, in one word: so that an lcore that hangs in it can be named.
#pragma once

#include <cstdint>

namespace esc::telemetry {

struct InHand {
  std::uint32_t slot = 0;  ///< route of the first event in hand
  std::uint16_t handler = 0;
  bool mixed = false;  ///< events of other routes are in hand too
  bool busy = false;   ///< false: nothing is in hand, and the rest means nothing

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
