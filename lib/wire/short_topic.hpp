// SPDX-License-Identifier: BSD-3-Clause
// A topic of up to 32 bytes in one vector. It is read, judged, hashed and compared without a branch
// on its length, which would be mispredicted.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/last_bytes.hpp"

namespace esc::wire {

/// The longest topic that one vector holds.
inline constexpr std::size_t kShortTopicBytes = 32;

namespace detail {

// Adding 0x60 to a byte makes 0x20 the lowest signed number (-128) and 0x7e the number
// kHighestPrintable; all bytes that are not printable ASCII end up above that.
inline constexpr std::uint8_t kMove = 0x60;
inline constexpr std::uint8_t kHighestPrintable = 0x7e + 0x60;

[[nodiscard]] constexpr std::array<std::uint8_t, kShortTopicBytes> filled(std::uint8_t with) {
  std::array<std::uint8_t, kShortTopicBytes> bytes{};
  bytes.fill(with);
  return bytes;
}
alignas(32) inline constexpr auto kMoves = filled(kMove);
alignas(32) inline constexpr auto kHighest = filled(kHighestPrintable);

#if defined(__AVX2__)

/// 32 bytes.
class Vector32 {
 public:
  Vector32() = default;
  [[nodiscard]] static Vector32 load(const std::uint8_t* from) noexcept {
    return Vector32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  void store(std::uint8_t* to) const noexcept {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v_);
  }
  [[nodiscard]] Vector32 operator&(Vector32 other) const noexcept {
    return Vector32(_mm256_and_si256(v_, other.v_));
  }
  [[nodiscard]] Vector32 operator^(Vector32 other) const noexcept {
    return Vector32(_mm256_xor_si256(v_, other.v_));
  }
  [[nodiscard]] bool same(Vector32 other) const noexcept {
    const __m256i different = _mm256_xor_si256(v_, other.v_);
    return _mm256_testz_si256(different, different) != 0;
  }
  /// Whether no byte for which `mask` is all ones is above `highest` once `moves` are added, as
  /// signed numbers.
  [[nodiscard]] bool within(Vector32 moves, Vector32 highest, Vector32 mask) const noexcept {
    const __m256i bad = _mm256_cmpgt_epi8(_mm256_add_epi8(v_, moves.v_), highest.v_);
    return _mm256_testz_si256(bad, mask.v_) != 0;
  }

 private:
  explicit Vector32(__m256i v) noexcept : v_(v) {}
  __m256i v_;
};

#else

/// 32 bytes, for machines without AVX2. SSE4.1, which DPDK needs anyway.
class Vector32 {
 public:
  Vector32() = default;
  [[nodiscard]] static Vector32 load(const std::uint8_t* from) noexcept {
    const auto* halves = reinterpret_cast<const __m128i*>(from);
    return {_mm_loadu_si128(halves), _mm_loadu_si128(halves + 1)};
  }
  void store(std::uint8_t* to) const noexcept {
    auto* halves = reinterpret_cast<__m128i*>(to);
    _mm_storeu_si128(halves, low_);
    _mm_storeu_si128(halves + 1, high_);
  }
  [[nodiscard]] Vector32 operator&(Vector32 other) const noexcept {
    return {_mm_and_si128(low_, other.low_), _mm_and_si128(high_, other.high_)};
  }
  [[nodiscard]] Vector32 operator^(Vector32 other) const noexcept {
    return {_mm_xor_si128(low_, other.low_), _mm_xor_si128(high_, other.high_)};
  }
  [[nodiscard]] bool same(Vector32 other) const noexcept {
    const __m128i different =
        _mm_or_si128(_mm_xor_si128(low_, other.low_), _mm_xor_si128(high_, other.high_));
    return _mm_testz_si128(different, different) != 0;
  }
  [[nodiscard]] bool within(Vector32 moves, Vector32 highest, Vector32 mask) const noexcept {
    const __m128i low = _mm_cmpgt_epi8(_mm_add_epi8(low_, moves.low_), highest.low_);
    const __m128i high = _mm_cmpgt_epi8(_mm_add_epi8(high_, moves.high_), highest.high_);
    return _mm_testz_si128(low, mask.low_) != 0 && _mm_testz_si128(high, mask.high_) != 0;
  }

 private:
  Vector32(__m128i low, __m128i high) noexcept : low_(low), high_(high) {}
  __m128i low_, high_;
};

#endif

[[nodiscard]] inline Vector32 last_bytes(std::size_t bytes) noexcept {
  return Vector32::load(kLastBytes.data() + bytes);
}

}  // namespace detail

/// A topic's bytes at the end of 32, and zeros before them; all zeros stand for no topic.
struct alignas(kShortTopicBytes) PaddedTopic : std::array<std::uint8_t, kShortTopicBytes> {};

/// `topic`: of up to 32 bytes.
[[nodiscard]] inline PaddedTopic padded(std::span<const std::uint8_t> topic) noexcept {
  PaddedTopic bytes{};
  std::ranges::copy(topic, bytes.end() - static_cast<std::ptrdiff_t>(topic.size()));
  return bytes;
}

[[nodiscard]] inline bool same(const PaddedTopic& a, const PaddedTopic& b) noexcept {
  return detail::Vector32::load(a.data()).same(detail::Vector32::load(b.data()));
}

/// Each byte of the topic XOR that of `with`, of 32 bytes.
[[nodiscard, gnu::always_inline]] inline PaddedTopic mixed(const PaddedTopic& topic,
                                                           const std::uint8_t* with) noexcept {
  PaddedTopic out;
  (detail::Vector32::load(topic.data()) ^ detail::Vector32::load(with)).store(out.data());
  return out;
}

/// The two vectors that ShortTopic compares with. A loop over many topics keeps one object of this
/// class; otherwise the compiler would build both vectors again for each topic.
struct PrintableAscii {
  detail::Vector32 moves = detail::Vector32::load(detail::kMoves.data());
  detail::Vector32 highest = detail::Vector32::load(detail::kHighest.data());
};

/// A topic's bytes at the end of a vector, and zeros before them. No topic contains a zero, so two
/// different topics give different vectors, whatever their lengths.
class ShortTopic {
 public:
  ShortTopic() = default;  ///< holds any bytes
  /// The topic of 1 to 32 `bytes` that ends at `end`. The 32 bytes before `end` may be read,
  /// whatever those before the topic are.
  [[nodiscard]] static ShortTopic before(const std::uint8_t* end, std::size_t bytes,
                                         const PrintableAscii& ascii) noexcept {
    const auto text = detail::Vector32::load(end - kShortTopicBytes);
    const auto mask = detail::last_bytes(bytes);
    ShortTopic topic;
    topic.topic_ = text & mask;
    topic.printable_ = text.within(ascii.moves, ascii.highest, mask);
    return topic;
  }

  /// Whether all its bytes are 0x20..0x7e: rules 5 and 6 of docs/wire-format.md need no more.
  [[nodiscard]] bool printable() const noexcept { return printable_; }

  void store(PaddedTopic& to) const noexcept { topic_.store(to.data()); }

 private:
  detail::Vector32 topic_;
  bool printable_;
};

}  // namespace esc::wire
