// SPDX-License-Identifier: BSD-3-Clause
// Exact topics and their routes: a hash table of cache lines.
#pragma once

#include <smmintrin.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/align.hpp"
#include "route/same_bytes.hpp"
#include "wire/short_topic.hpp"

namespace esc::route {

/// Immutable once built; read from any thread without synchronisation. Buckets of four places by
/// open addressing: a topic that finds its bucket full goes to the next one. At most half of all
/// places are taken, so every search ends at a bucket with a free place, mostly at the first. The
/// event's hash is compared with all four places at once, without a branch that depends on the
/// place; then the whole topic is compared.
class ExactTopics {
  struct Bucket;

 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// Places for so many topics: a power of two.
  [[nodiscard]] static std::size_t places_for(std::size_t topics) noexcept;

  /// Room for so many topics. Allocates.
  explicit ExactTopics(std::size_t topics);

  /// `hash`: the topic's hash. `key`: where the topic's length and bytes begin in the `keys` that
  /// find() is given.
  void insert(std::uint64_t hash, std::uint32_t route, std::uint32_t key) noexcept;

  /// Route of `topic`, or kNone. `keys`: begins with a zero, the length of the empty topic.
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, std::span<const std::uint8_t> topic,
                                   const std::uint8_t* keys) const noexcept {
    return search(buckets_.data(), mask_, hash,
                  [topic, keys](const Bucket& bucket, std::size_t place) {
                    const std::uint8_t* key = keys + bucket.keys[place];
                    return *key == topic.size() && same_bytes(key + 1, topic.data(), topic.size());
                  });
  }

  /// The same for short topics: see ShortTopics. `shorts`: begins with zeros for no topic; then for
  /// each route its topic, or zeros where that is longer.
  class ShortTopics;
  [[nodiscard]] ShortTopics short_topics(const wire::PaddedTopic* shorts) const noexcept;

  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return buckets_.capacity() * sizeof(Bucket);
  }

 private:
  static constexpr std::size_t kPlaces = 4;

  /// same(bucket, place): whether the topic there is the one looked for.
  template <class Same>
  [[nodiscard]] static std::uint32_t search(const Bucket* buckets, std::uint64_t mask,
                                            std::uint64_t hash, Same&& same) noexcept {
    for (std::uint64_t at = hash & mask;; at = (at + 1) & mask) {
      const Bucket& bucket = buckets[at];
      for (std::uint32_t places = bucket.match(hash); places != 0; places &= places - 1) {
        const auto place = static_cast<std::size_t>(std::countr_zero(places));
        if (same(bucket, place)) [[likely]]
          return bucket.routes[place];
      }
      if (bucket.routes[kPlaces - 1] == kNone) [[likely]]
        return kNone;
    }
  }

  /// Filled from the first place on. A free place matches only a topic whose hash is 0, and that
  /// topic is then compared with the empty topic, which differs from every real one.
  struct alignas(kCacheLineBytes) Bucket {
    std::array<std::uint64_t, kPlaces> hashes{};
    std::array<std::uint32_t, kPlaces> routes{kNone, kNone, kNone, kNone};
    std::array<std::uint32_t, kPlaces> keys{};

    /// Bit i: place i has that hash. SSE4.1, which DPDK needs anyway.
    [[nodiscard]] std::uint32_t match(std::uint64_t hash) const noexcept {
      const __m128i wanted = _mm_set1_epi64x(static_cast<long long>(hash));
      const auto* two = reinterpret_cast<const __m128i*>(hashes.data());
      const __m128i low = _mm_cmpeq_epi64(_mm_load_si128(two), wanted);
      const __m128i high = _mm_cmpeq_epi64(_mm_load_si128(two + 1), wanted);
      return static_cast<std::uint32_t>(
          _mm_movemask_ps(_mm_castsi128_ps(_mm_packs_epi32(low, high))));
    }
  };
  static_assert(sizeof(Bucket) == kCacheLineBytes);

  std::uint64_t mask_;
  std::vector<Bucket> buckets_;
};

/// The exact topics of up to 32 bytes. It is small, so that a loop over many events has it in
/// registers. Valid as long as the set that it is of; any thread.
class ExactTopics::ShortTopics {
 public:
  /// Route of the topic, or kNone.
  [[nodiscard, gnu::always_inline]] std::uint32_t find(
      std::uint64_t hash, const wire::PaddedTopic& topic) const noexcept {
    // Nearly all are found at the first look.
    const Bucket& first = buckets_[hash & mask_];
    if (const std::uint32_t places = first.match(hash); places != 0) [[likely]] {
      const std::uint32_t route = first.routes[static_cast<std::size_t>(std::countr_zero(places))];
      if (is_of(topic, route)) [[likely]] {
        if (route == kNone) __builtin_unreachable();  // it has the topic of zeros
        return route;
      }
    }
    return find_slowly(hash, topic);
  }

 private:
  friend class ExactTopics;
  ShortTopics(const Bucket* buckets, std::uint64_t mask, const wire::PaddedTopic* shorts) noexcept
      : buckets_(buckets), mask_(mask), shorts_(shorts) {}

  [[nodiscard]] bool is_of(const wire::PaddedTopic& topic, std::uint32_t route) const noexcept {
    return wire::same(topic, shorts_[static_cast<std::uint32_t>(route + 1)]);  // kNone + 1 is 0
  }
  [[nodiscard, gnu::noinline]] std::uint32_t find_slowly(
      std::uint64_t hash, const wire::PaddedTopic& topic) const noexcept {
    return search(buckets_, mask_, hash, [&](const Bucket& bucket, std::size_t place) {
      return is_of(topic, bucket.routes[place]);
    });
  }

  const Bucket* buckets_;
  std::uint64_t mask_;
  const wire::PaddedTopic* shorts_;
};

inline ExactTopics::ShortTopics ExactTopics::short_topics(
    const wire::PaddedTopic* shorts) const noexcept {
  return {buckets_.data(), mask_, shorts};
}

}  // namespace esc::route
