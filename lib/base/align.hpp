// SPDX-License-Identifier: BSD-3-Clause
// Cache lines: two lcores must not write to the same one.
#pragma once

#include <cstddef>

namespace esc {

/// Bytes of a cache line on every CPU this product is built for. A constant, not
/// std::hardware_destructive_interference_size: that one changes with compiler flags, and layouts
/// that two translation units share must not.
inline constexpr std::size_t kCacheLineBytes = 64;

/// Bytes that a line has to itself if one lcore writes it over and over while another reads it:
/// CPUs fetch lines in pairs (Intel's spatial prefetcher), so a miss on one of the pair also takes
/// the other away from the CPU that has it.
inline constexpr std::size_t kLinePairBytes = 2 * kCacheLineBytes;

[[nodiscard]] constexpr bool is_power_of_two(std::size_t value) noexcept {
  return value != 0 && (value & (value - 1)) == 0;
}

}  // namespace esc
