// The hash of a topic: made once, on the RX lcore, and carried along.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <span>

namespace esc::route {

/// XXH3 (Y. Collet) with a seed drawn at start, so that no sender can aim at one bucket or one
/// worker. Copyable; any thread.
class TopicHasher {
 public:
  explicit TopicHasher(std::uint64_t seed) noexcept : seed_(seed) {}

  [[nodiscard]] std::uint64_t operator()(std::span<const std::uint8_t> topic) const noexcept {
    return XXH3_64bits_withSeed(topic.data(), topic.size(), seed_);
  }

 private:
  std::uint64_t seed_;
};

/// A seed from the kernel's random source. Start-up only.
[[nodiscard]] std::uint64_t random_seed();

}  // namespace esc::route
