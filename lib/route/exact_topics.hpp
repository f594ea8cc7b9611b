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
/// open addressing: who finds its bucket full goes to the next. At most half of all places are
/// taken, so a bucket with a free one ends every search, mostly the first. The carried hash finds
/// the place, all four at once and without a branch that depends on which; the whole topic is
/// compared before a route is taken.
class ExactTopics {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// Places for so many topics: a power of two.
  [[nodiscard]] static std::size_t places_for(std::size_t topics) noexcept;

  /// Room for so many topics. Allocates.
  explicit ExactTopics(std::size_t topics);

  /// `hash`: of the topic. `key`: where the topic's length and its bytes are in `keys` of find().
  void insert(std::uint64_t hash, std::uint32_t route, std::uint32_t key) noexcept;

  /// So many zeros begin the keys: the length of the empty topic, and what may be read before the
  /// first one's end.
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

  /// Filled from the first place on. A free one matches no topic but one whose hash is 0, and what
  /// that is compared with then is the empty topic, which nobody has.
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
