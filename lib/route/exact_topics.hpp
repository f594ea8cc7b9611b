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
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// Places for so many topics: a power of two.
  [[nodiscard]] static std::size_t places_for(std::size_t topics) noexcept;

  /// Room for so many topics. Allocates.
  explicit ExactTopics(std::size_t topics);

  /// `hash`: the topic's hash. `key`: where the topic's length and bytes begin in the `keys` that
  /// find() is given.
  void insert(std::uint64_t hash, std::uint32_t route, std::uint32_t key) noexcept;

  /// The keys begin with so many zeros: the length of the empty topic, and bytes that may be read
  /// before the end of the first topic.
  static constexpr std::size_t kKeysBegin = wire::kShortTopicBytes;

  /// Route of `topic`, or kNone. `keys`: begins with kKeysBegin zeros.
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, std::span<const std::uint8_t> topic,
                                   const std::uint8_t* keys) const noexcept {
    return search(hash, keys, [topic](const std::uint8_t* key) {
      return *key == topic.size() && same_bytes(key + 1, topic.data(), topic.size());
    });
  }

  /// The same, for a topic of up to 32 bytes before whose end 32 bytes may be read.
  [[nodiscard]] std::uint32_t find_short(std::uint64_t hash, std::span<const std::uint8_t> topic,
                                         const std::uint8_t* keys) const noexcept {
    return find_if(hash, keys, [topic](const std::uint8_t* key) {
      const std::size_t bytes = topic.size();
      return *key == bytes && wire::same_short(key + 1 + bytes, topic.data() + bytes, bytes);
    });
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return buckets_.capacity() * sizeof(Bucket);
  }

 private:
  static constexpr std::size_t kPlaces = 4;

  /// same(key): whether the topic whose length and bytes begin there is the one looked for.
  template <class Same>
  [[nodiscard, gnu::always_inline]] std::uint32_t find_if(std::uint64_t hash,
                                                          const std::uint8_t* keys,
                                                          Same&& same) const noexcept {
    // Nearly all are found at the first look.
    const Bucket& first = buckets_[hash & mask_];
    if (const std::uint32_t places = first.match(hash); places != 0) [[likely]] {
      const auto place = static_cast<std::size_t>(std::countr_zero(places));
      if (same(keys + first.keys[place])) [[likely]]
        return first.routes[place];
    }
    return search(hash, keys, same);
  }

  template <class Same>
  [[nodiscard, gnu::noinline]] std::uint32_t search(std::uint64_t hash, const std::uint8_t* keys,
                                                    Same&& same) const noexcept {
    for (std::uint64_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Bucket& bucket = buckets_[at];
      for (std::uint32_t places = bucket.match(hash); places != 0; places &= places - 1) {
        const auto place = static_cast<std::size_t>(std::countr_zero(places));
        if (same(keys + bucket.keys[place])) [[likely]]
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

}  // namespace esc::route
