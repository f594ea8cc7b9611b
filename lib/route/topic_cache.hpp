// SPDX-License-Identifier: BSD-3-Clause
// Remembers the routes of topics that only patterns match, so that the patterns are searched once.
#pragma once

#include <emmintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/align.hpp"
#include "route/route_set.hpp"
#include "route/same_bytes.hpp"
#include "telemetry/counter.hpp"

namespace esc::route {

/// Writer: the cache's lcore. Readers: anyone.
struct TopicCacheCounters {
  telemetry::Counter hits;      ///< topics that were remembered
  telemetry::Counter searches;  ///< topics that were looked for among the patterns
  telemetry::Counter kept;      ///< searches whose topic was then remembered
};

/// A set-associative cache in front of RouteSet's patterns. It remembers whole topics, so its
/// answers are always those of the set, "no route" included. An answer that was kept for another
/// set than the one it is asked for does not count (RouteSet::generation).
///
/// A flood of topics that never come again cannot push out those that do. Where no place is free, a
/// topic gets one only when it is seen for the second time, and only the place of a topic whose
/// uses have gone down to 0. If there is no such place, the use count of one topic there goes down
/// by one. (Each set is a small relative of J. Misra and D. Gries, Finding repeated elements, 1982,
/// where a new element takes one from all.)
///
/// Thread: one lcore, which owns it.
class TopicCache {
 public:
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kDefaultTopics = 16'384;

  /// Four topics by their hash: what a question touches first, one cache line.
  struct alignas(kCacheLineBytes) Set {
    std::array<std::uint32_t, kWays> tags{};
    std::array<std::uint32_t, kWays> routes{};
    std::array<std::uint8_t, kWays> lengths{};  ///< of the topics; 0: a free place
    std::array<std::uint8_t, kWays> uses{};
    std::uint32_t generation = 0;
    std::array<std::uint64_t, 2> seen{};  ///< hashes of topics that were looked for lately

    /// Bit i: place i has that tag, so it may have that topic. All places are compared at once,
    /// since a branch on the place would be mispredicted. SSE2.
    [[nodiscard]] std::uint32_t match(std::uint32_t tag) const noexcept {
      const __m128i all = _mm_load_si128(reinterpret_cast<const __m128i*>(tags.data()));
      const __m128i same = _mm_cmpeq_epi32(all, _mm_set1_epi32(static_cast<int>(tag)));
      return static_cast<std::uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(same)));
    }
  };
  static_assert(sizeof(Set) == kCacheLineBytes);
  using TopicBytes = std::array<std::uint8_t, 256>;

  /// The cache's memory: the number of sets is a power of two, with kWays topics for each set. It
  /// is zeroed and outlives the cache.
  struct Memory {
    std::span<Set> sets;
    std::span<TopicBytes> topics;
  };
  [[nodiscard]] static std::size_t sets_for(std::size_t topics) noexcept;
  [[nodiscard]] static std::size_t bytes_for(std::size_t topics) noexcept;

  explicit TopicCache(const Memory& memory) noexcept
      : sets_(memory.sets.data()), topics_(memory.topics.data()), mask_(memory.sets.size() - 1) {}

  /// Returns what routes.find(hash, topic) would.
  [[nodiscard]] std::uint32_t find(const RouteSet& routes, std::uint64_t hash,
                                   std::span<const std::uint8_t> topic) noexcept {
    const std::uint32_t exact = routes.find_exact(hash, topic);
    if (exact != RouteSet::kNone || !routes.has_patterns()) [[likely]]
      return exact;
    return find_pattern(routes, hash, topic);
  }

  [[nodiscard]] const TopicCacheCounters& counters() const noexcept { return counters_; }

 private:
  static constexpr std::uint8_t kMostUses = 63;

  // The lower bits choose the set.
  [[nodiscard]] static std::uint32_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32);
  }
  [[nodiscard]] TopicBytes& bytes_of(std::uint64_t hash, std::size_t way) const noexcept {
    return topics_[(hash & mask_) * kWays + way];
  }

  [[nodiscard]] bool holds(const Set& set, std::size_t way, std::uint64_t hash,
                           std::span<const std::uint8_t> topic) const noexcept {
    return set.lengths[way] == topic.size() &&
           same_bytes(bytes_of(hash, way).data(), topic.data(), topic.size());
  }

  [[nodiscard]] std::uint32_t find_pattern(const RouteSet& routes, std::uint64_t hash,
                                           std::span<const std::uint8_t> topic) noexcept;
  [[gnu::noinline]] std::uint32_t search(const RouteSet& routes, Set& set, std::uint64_t hash,
                                         std::span<const std::uint8_t> topic) noexcept;
  void keep(Set& set, std::uint64_t hash, std::span<const std::uint8_t> topic,
            std::uint32_t route) noexcept;
  [[nodiscard]] bool seen_before(Set& set, std::uint64_t hash) noexcept;
  [[nodiscard]] std::uint32_t draw() noexcept;

  Set* sets_;
  TopicBytes* topics_;
  std::uint64_t mask_;
  std::uint64_t drawn_ = 0;
  TopicCacheCounters counters_;
};

}  // namespace esc::route
