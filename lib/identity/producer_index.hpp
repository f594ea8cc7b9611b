// SPDX-License-Identifier: BSD-3-Clause
// Finds the entry of a producer: a hash table whose buckets are cache lines; a bucket is searched
// without a branch.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/align.hpp"
#include "base/mix.hpp"

namespace esc::identity {

/// Sixteen places: each holds a tag of a producer's hash above the number of its entry.
struct alignas(kCacheLineBytes) IndexBucket {
  static constexpr std::size_t kPlaces = 16;
  static constexpr std::uint32_t kNever = 0;  ///< nobody has ever had the place
  static constexpr std::uint32_t kGone = 1;   ///< somebody had it: others may lie behind it

  std::array<std::uint32_t, kPlaces> places{};

  /// Bit i: place i is `wanted` in the bits of `mask`.
  [[nodiscard]] std::uint32_t match(std::uint32_t wanted, std::uint32_t mask) const noexcept {
#if defined(__AVX2__)
    const __m256i same_as = _mm256_set1_epi32(static_cast<int>(wanted));
    const __m256i in = _mm256_set1_epi32(static_cast<int>(mask));
    const auto* eight = reinterpret_cast<const __m256i*>(places.data());
    const auto same = [&](int i) {
      const __m256i equal =
          _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_load_si256(eight + i), in), same_as);
      return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(equal)));
    };
    return same(0) | same(1) << 8U;
#else  // SSE2, which every x86-64 has
    const __m128i same_as = _mm_set1_epi32(static_cast<int>(wanted));
    const __m128i in = _mm_set1_epi32(static_cast<int>(mask));
    const auto* four = reinterpret_cast<const __m128i*>(places.data());
    const auto same = [&](int i) {
      return _mm_cmpeq_epi32(_mm_and_si128(_mm_load_si128(four + i), in), same_as);
    };
    const __m128i low = _mm_packs_epi32(same(0), same(1));
    const __m128i high = _mm_packs_epi32(same(2), same(3));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high)));
#endif
  }
  [[nodiscard]] std::uint32_t match(std::uint32_t wanted) const noexcept {
    return match(wanted, ~std::uint32_t{0});
  }
};
static_assert(sizeof(IndexBucket) == kCacheLineBytes);

/// Buckets by open addressing: who finds its bucket full goes to the next. At most half of all
/// places are taken: then one producer in a thousand is not in its own bucket, and a producer would
/// be kMaxProbe buckets away only behind a run of so many full ones (D. Knuth, The Art of Computer
/// Programming 6.4). It takes 8 bytes a producer, so that the index of 65,536 producers stays in
/// the L2 cache. Thread: one lcore.
class ProducerIndex {
 public:
  static constexpr std::size_t kMaxProbe = 16;
  static constexpr std::size_t kNowhere = SIZE_MAX;

  [[nodiscard]] static std::size_t buckets_for(std::size_t producers) noexcept {
    return std::max(std::bit_ceil(2 * producers) / IndexBucket::kPlaces, kMaxProbe);
  }

  /// `buckets`: zeroed, as many as buckets_for says. `producers`: up to 2^24.
  ProducerIndex(std::span<IndexBucket> buckets, std::size_t producers, std::uint64_t seed) noexcept
      : buckets_(buckets.data()),
        mask_(buckets.size() - 1),
        tag_mask_(~std::uint32_t{0} << std::bit_width(producers - 1)),
        seed_(seed),
        multiplier_(mixed(seed) | 1) {}

  /// Multiply by a secret and fold (as wyhash does): it spreads producers that are numbered 1, 2,
  /// 3, and nobody outside can choose producers that fall into one bucket.
  [[nodiscard]] std::uint64_t hash(std::uint64_t producer) const noexcept {
    const auto product = static_cast<unsigned __int128>(producer ^ seed_) * multiplier_;
    return static_cast<std::uint64_t>(product >> 64U) ^ static_cast<std::uint64_t>(product);
  }
  void prefetch(std::uint64_t hash) const noexcept { __builtin_prefetch(&buckets_[hash & mask_]); }

  /// The entry that the hash's own bucket has for its tag, most likely the producer's; kNowhere:
  /// none.
  [[nodiscard]] std::size_t guess(std::uint64_t hash) const noexcept {
    const IndexBucket& bucket = buckets_[hash & mask_];
    const std::uint32_t places = bucket.match(tag_of(hash), tag_mask_);
    if (places == 0) [[unlikely]]
      return kNowhere;
    return entry_at(bucket, places);
  }

  /// The entry with that hash for which is_it(entry) holds; kNowhere: none.
  template <class IsIt>
  [[nodiscard]] std::size_t find(std::uint64_t hash, IsIt&& is_it) const noexcept {
    std::size_t found = kNowhere;
    each_place(hash, [&](IndexBucket& bucket, std::uint32_t places) {
      const std::size_t entry = entry_at(bucket, places);
      if (is_it(entry)) found = entry;
      return found != kNowhere;
    });
    return found;
  }

  /// False: there is no free place within kMaxProbe buckets.
  [[nodiscard]] bool insert(std::uint64_t hash, std::uint32_t entry) noexcept {
    for (std::size_t i = 0; i < kMaxProbe; ++i) {
      IndexBucket& bucket = buckets_[(hash + i) & mask_];
      const std::uint32_t free =
          bucket.match(IndexBucket::kNever) | bucket.match(IndexBucket::kGone);
      if (free == 0) continue;
      bucket.places[first_of(free)] = tag_of(hash) | entry;
      return true;
    }
    return false;
  }

  void erase(std::uint64_t hash, std::uint32_t entry) noexcept {
    each_place(hash, [&](IndexBucket& bucket, std::uint32_t places) {
      if (entry_at(bucket, places) != entry) return false;
      // While a bucket was never full, nobody went past it.
      bucket.places[first_of(places)] =
          bucket.match(IndexBucket::kNever) != 0 ? IndexBucket::kNever : IndexBucket::kGone;
      return true;
    });
  }

 private:
  [[nodiscard]] static std::size_t first_of(std::uint32_t places) noexcept {
    return static_cast<std::size_t>(std::countr_zero(places));
  }
  [[nodiscard]] std::size_t entry_at(const IndexBucket& bucket,
                                     std::uint32_t places) const noexcept {
    return bucket.places[first_of(places)] & ~tag_mask_;
  }
  // The tag has a bit set that is never set in a free place.
  [[nodiscard]] std::uint32_t tag_of(std::uint64_t hash) const noexcept {
    return (static_cast<std::uint32_t>(hash >> 32U) & tag_mask_) | 0x8000'0000U;
  }

  // Calls until(bucket, places) for the places that have the hash's tag, the first of `places` each
  // time, until it says true.
  template <class Until>
  void each_place(std::uint64_t hash, Until&& until) const noexcept {
    for (std::size_t i = 0; i < kMaxProbe; ++i) {
      IndexBucket& bucket = buckets_[(hash + i) & mask_];
      for (std::uint32_t places = bucket.match(tag_of(hash), tag_mask_); places != 0;
           places &= places - 1) {
        if (until(bucket, places)) return;
      }
      if (bucket.match(IndexBucket::kNever) != 0) return;
    }
  }

  IndexBucket* buckets_;
  std::size_t mask_;
  std::uint32_t tag_mask_;
  std::uint64_t seed_;
  std::uint64_t multiplier_;
};

}  // namespace esc::identity
