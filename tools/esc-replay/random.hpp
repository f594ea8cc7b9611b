// SPDX-License-Identifier: BSD-3-Clause
// Random numbers that depend only on (seed, index, stream). So any packet of a trace can be made on
// any thread, without the packets before it, and is always the same.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace esc::replay {

/// The decision about a packet for which the numbers are drawn. Each has its own stream, so that
/// drawing more numbers for one decision does not change the others.
enum class Stream : std::uint64_t {
  kPlan = 1,
  kFrames,
  kBytes,
  kHeaders,
  kTopics,
  kRestarts,
  kNetworkA,
  kNetworkB
};

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014), started
/// at a hash of its three keys.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t index, Stream stream) noexcept
      : state_(mix(mix(mix(seed) ^ static_cast<std::uint64_t>(stream)) ^ index)) {}

  [[nodiscard]] std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15;
    return mix(state_);
  }

  /// Uniform in [0, 1), 53 bits.
  [[nodiscard]] double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// Uniform in [0, bound); bound > 0. The bias is below bound / 2^64.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }

  /// Uniform in [low, high].
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept {
    return low + below(high - low + 1);
  }

  [[nodiscard]] bool chance(double probability) noexcept { return unit() < probability; }

  void fill(std::span<std::uint8_t> out) noexcept {
    std::size_t at = 0;
    for (; at + 8 <= out.size(); at += 8) {
      const std::uint64_t word = next();
      std::memcpy(out.data() + at, &word, 8);
    }
    if (at < out.size()) {
      const std::uint64_t word = next();
      std::memcpy(out.data() + at, &word, out.size() - at);
    }
  }

 private:
  [[nodiscard]] static constexpr std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace esc::replay
