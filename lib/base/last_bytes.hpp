// SPDX-License-Identifier: BSD-3-Clause
// A mask of the last bytes of a vector of 32.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace esc {

/// 32 bytes of zeros, then 32 bytes of ones. A vector of 32 bytes that is read from byte n on has
/// ones in its last n bytes.
alignas(64) inline constexpr std::array<std::uint8_t, 64> kLastBytes = [] {
  std::array<std::uint8_t, 64> mask{};
  for (std::size_t i = 32; i < mask.size(); ++i) mask[i] = 0xff;
  return mask;
}();

}  // namespace esc
