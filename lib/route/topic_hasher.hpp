// The hash of a topic: made once, on the RX lcore, and carried along.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "wire/short_topic.hpp"

namespace esc::route {

/// XXH3 (Y. Collet) with a seed drawn at start, so that no sender can aim at one bucket or one
/// worker. A topic of up to 32 bytes is hashed as a wire::ShortTopic, zeros included: always the
/// same number of bytes, so that nothing branches on the topic's own. Copyable; any thread.
class TopicHasher {
 public:
  explicit TopicHasher(std::uint64_t seed) noexcept : seed_(seed) {}

  /// Of 1 or more bytes.
  [[nodiscard]] std::uint64_t operator()(std::span<const std::uint8_t> topic) const noexcept {
    if (topic.size() > wire::kShortTopicBytes)
      return XXH3_64bits_withSeed(topic.data(), topic.size(), seed_);
    Padded padded{};
    std::memcpy(padded.data() + padded.size() - topic.size(), topic.data(), topic.size());
    return of(padded);
  }

  /// The same, of a topic that is in a vector already.
  [[nodiscard, gnu::always_inline]] std::uint64_t operator()(
      const wire::ShortTopic& topic) const noexcept {
    Padded padded;
    topic.store(padded.data());
    return of(padded);
  }

 private:
  struct alignas(wire::kShortTopicBytes) Padded : std::array<std::uint8_t, wire::kShortTopicBytes> {
  };

  /// Flat: with its length known, nothing of XXH3 is left but two products.
  [[nodiscard, gnu::flatten]] std::uint64_t of(const Padded& padded) const noexcept {
    return XXH3_64bits_withSeed(padded.data(), padded.size(), seed_);
  }

  std::uint64_t seed_;
};

/// A seed from the kernel's random source. Start-up only.
[[nodiscard]] std::uint64_t random_seed();

}  // namespace esc::route
