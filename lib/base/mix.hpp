// SPDX-License-Identifier: BSD-3-Clause
// Spreads the bits of a number over all of it.
#pragma once

#include <cstdint>

namespace esc {

/// Every bit of the answer depends on every bit of `number`, so that consecutive numbers end up as
/// far apart as any two others. No two numbers give the same answer. D. Stafford's mix 13, the
/// finalizer of SplitMix64.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t number) noexcept {
  number = (number ^ number >> 30U) * 0xBF58476D1CE4E5B9U;
  number = (number ^ number >> 27U) * 0x94D049BB133111EBU;
  return number ^ number >> 31U;
}

}  // namespace esc
