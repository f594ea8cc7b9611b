// SPDX-License-Identifier: BSD-3-Clause
// Are two short texts equal?
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace esc::route {

namespace detail {

template <class Word>
[[nodiscard]] inline Word load(const std::uint8_t* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace detail

/// Whether the first `bytes` of a and b are equal. Topics are mostly of 8 to 32 bytes: two loads
/// from each end that may overlap, where a call of memcmp was 5 % of the whole path.
[[nodiscard]] inline bool same_bytes(const std::uint8_t* a, const std::uint8_t* b,
                                     std::size_t bytes) noexcept {
  using detail::load;
  if (bytes < 8 || bytes > 32) return std::memcmp(a, b, bytes) == 0;
  const std::size_t last = bytes - 8;
  std::uint64_t different = load<std::uint64_t>(a) ^ load<std::uint64_t>(b);
  different |= load<std::uint64_t>(a + last) ^ load<std::uint64_t>(b + last);
  if (bytes > 16) {
    different |= load<std::uint64_t>(a + 8) ^ load<std::uint64_t>(b + 8);
    different |= load<std::uint64_t>(a + last - 8) ^ load<std::uint64_t>(b + last - 8);
  }
  return different == 0;
}

}  // namespace esc::route
