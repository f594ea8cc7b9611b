// SPDX-License-Identifier: BSD-3-Clause
// Judges the bytes of a topic: rules 5 and 6 of docs/wire-format.md. Printable ASCII is decided in
// line, a vector at a time; everything else goes to a strict UTF-8 reader out of line.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace esc::wire {

enum class TopicVerdict : std::uint8_t { kGood, kNotUtf8, kControlCharacter };

/// Judges a whole topic: it must be valid UTF-8 (RFC 3629), and then have no U+0000..U+001F and no
/// U+007F..U+009F. Reads exactly `bytes`.
[[nodiscard]] TopicVerdict check_topic(const std::uint8_t* topic, std::size_t bytes) noexcept;

/// Whether all bytes are 0x20..0x7e. Reads exactly `bytes`, of any number.
[[nodiscard]] bool all_printable_ascii(const std::uint8_t* topic, std::size_t bytes) noexcept;

namespace detail {

/// One bit per byte of the 32 at `p`: set when it is not 0x20..0x7e. Bytes are compared as signed
/// numbers, so those from 0x80 on are below 0x20 too.
[[nodiscard]] inline std::uint32_t unprintable_mask(const std::uint8_t* p) noexcept {
#if defined(__AVX2__)
  const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  const __m256i bad = _mm256_or_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), v),
                                      _mm256_cmpeq_epi8(v, _mm256_set1_epi8(0x7f)));
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(bad));
#else
  const auto half = [](const std::uint8_t* q) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(q));
    const __m128i bad = _mm_or_si128(_mm_cmpgt_epi8(_mm_set1_epi8(0x20), v),
                                     _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(bad));
  };
  return half(p) | half(p + 16) << 16;
#endif
}

}  // namespace detail

/// all_printable_ascii for a topic of 1 or more bytes of which `readable` (>= bytes) may be read:
/// with 32 readable bytes topics of up to 32 take one load and no branch on their length, which
/// would be mispredicted.
[[nodiscard]] inline bool printable_topic(const std::uint8_t* topic, std::size_t bytes,
                                          std::size_t readable) noexcept {
  if (bytes <= 32 && readable >= 32) [[likely]] {
    return (detail::unprintable_mask(topic) & (~std::uint32_t{0} >> (32 - bytes))) == 0;
  }
  return all_printable_ascii(topic, bytes);
}

}  // namespace esc::wire
