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

/// XXH3 (Y. Collet) with a secret made from a seed that is drawn at start, so that no sender can
/// choose topics that fall into one bucket or to one worker. A topic of up to 32 bytes is hashed as
/// a wire::PaddedTopic, zeros included: that is always the same number of bytes, so nothing
/// branches on the topic's length. Copyable; any thread.
class TopicHasher {
 public:
  explicit TopicHasher(std::uint64_t seed) noexcept {
    XXH3_generateSecret_fromSeed(secret_.data(), seed);
  }

  /// Of 1 or more bytes.
  [[nodiscard]] std::uint64_t operator()(std::span<const std::uint8_t> topic) const noexcept {
    if (topic.size() > wire::kShortTopicBytes)
      return XXH3_64bits_withSecret(topic.data(), topic.size(), secret_.data(), secret_.size());
    return of_padded(wire::padded(topic).data(), secret_.data());
  }

  /// The same, of a topic that is padded already.
  [[nodiscard, gnu::always_inline]] std::uint64_t operator()(
      const wire::PaddedTopic& topic) const noexcept {
    return of_padded(topic.data(), secret_.data());
  }

 private:
  using Secret = std::array<std::uint8_t, XXH3_SECRET_DEFAULT_SIZE>;

  /// XXH3_64bits_withSecret of 32 bytes, calling only the part that is for this length: the whole
  /// function is too large to be inlined and branches on the length first.
  [[nodiscard, gnu::flatten]] static std::uint64_t of_padded(const std::uint8_t* padded,
                                                             const std::uint8_t* secret) noexcept {
    return XXH3_len_17to128_64b(padded, wire::kShortTopicBytes, secret, sizeof(Secret), 0);
  }

  alignas(kCacheLineBytes) Secret secret_{};
};

/// A seed from the kernel's random source. Start-up only.
[[nodiscard]] std::uint64_t random_seed();

}  // namespace esc::route
