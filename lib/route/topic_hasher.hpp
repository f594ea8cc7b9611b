// SPDX-License-Identifier: BSD-3-Clause
// The hash of a topic: made once, on the RX lcore, and carried along.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/align.hpp"
#include "wire/short_topic.hpp"

namespace esc::route {

namespace detail {

/// Of an odd number, modulo 2^64, by Newton's method: each step doubles the number of bits that
/// are right, of which there are three at first.
[[nodiscard]] constexpr std::uint64_t inverse_of(std::uint64_t odd) noexcept {
  std::uint64_t inverse = odd;
  for (int right_bits = 3; right_bits < 64; right_bits *= 2) inverse *= 2 - odd * inverse;
  return inverse;
}

}  // namespace detail

/// XXH3 (Y. Collet) with a secret made from a seed that is drawn at start, so that no sender can
/// choose topics that fall into one bucket or to one worker. A topic of up to 32 bytes is hashed as
/// a wire::PaddedTopic, zeros included: that is always the same number of bytes, so nothing
/// branches on the topic's length. Copyable; any thread.
///
/// The last step of XXH3 mixes the bits of a number that depends on the whole topic already, the
/// digest. Hash and digest are made of each other. ExactTopics mixes bits of its own, and so takes
/// the digest: whoever finds a topic there never makes the hash.
class TopicHasher {
 public:
  explicit TopicHasher(std::uint64_t seed) noexcept {
    XXH3_generateSecret_fromSeed(secret_.data(), seed);
  }

  /// Of 1 or more bytes.
  [[nodiscard]] std::uint64_t operator()(std::span<const std::uint8_t> topic) const noexcept {
    if (topic.size() > wire::kShortTopicBytes)
      return XXH3_64bits_withSecret(topic.data(), topic.size(), secret_.data(), secret_.size());
    return hash_of(digest(wire::padded(topic)));
  }

  /// The digest of a topic that is padded already.
  /// It is XXH3_64bits_withSecret of 32 bytes without its last step and without kLength: only the
  /// part that is for this length, since the whole function is too large to be inlined and branches
  /// on the length first.
  [[nodiscard, gnu::always_inline]] std::uint64_t digest(
      const wire::PaddedTopic& topic) const noexcept {
    const wire::PaddedTopic mixed = wire::mixed(topic, secret_.data());
    return folded_product(mixed.data()) + folded_product(mixed.data() + 16);
  }
  [[nodiscard]] static std::uint64_t hash_of(std::uint64_t digest) noexcept {
    return XXH3_avalanche(kLength + digest);
  }
  /// Undoes hash_of().
  [[nodiscard]] static std::uint64_t digest_of(std::uint64_t hash) noexcept {
    constexpr std::uint64_t kInverse = detail::inverse_of(0x165667919e3779f9U);
    const std::uint64_t product = (hash ^ hash >> 32U) * kInverse;
    return (product ^ product >> 37U) - kLength;
  }

 private:
  /// What XXH3 adds for a topic's length, which is always the same. It is no part of the digest,
  /// since it parts no topic from another.
  static constexpr std::uint64_t kLength = wire::kShortTopicBytes * XXH_PRIME64_1;
  using Secret = std::array<std::uint8_t, XXH3_SECRET_DEFAULT_SIZE>;

  /// The two numbers there multiplied, and both halves of the product XORed: XXH3_mix16B, whose
  /// inlining the library leaves to the compiler, and gcc did it for one of two.
  [[nodiscard, gnu::always_inline]] static std::uint64_t folded_product(
      const std::uint8_t* two) noexcept {
    __extension__ using Product = unsigned __int128;
    const Product product = static_cast<Product>(XXH_readLE64(two)) * XXH_readLE64(two + 8);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }

  alignas(kCacheLineBytes) Secret secret_{};
};

/// A seed from the kernel's random source. Start-up only.
[[nodiscard]] std::uint64_t random_seed();

}  // namespace esc::route
