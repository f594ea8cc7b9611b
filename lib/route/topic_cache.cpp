// SPDX-License-Identifier: BSD-3-Clause
#include "route/topic_cache.hpp"

#include <algorithm>
#include <bit>

namespace esc::route {

std::size_t TopicCache::sets_for(std::size_t topics) noexcept {
  return std::bit_ceil(std::max(topics / kWays, std::size_t{1}));
}

std::size_t TopicCache::bytes_for(std::size_t topics) noexcept {
  return sets_for(topics) * (sizeof(Set) + kWays * sizeof(TopicBytes));
}

std::uint32_t TopicCache::find_pattern(const RouteSet& routes, std::uint64_t hash,
                                       std::span<const std::uint8_t> topic) noexcept {
  Set& set = sets_[hash & mask_];
  if (set.generation == routes.generation()) [[likely]] {
    for (std::uint32_t ways = set.match(tag_of(hash)); ways != 0; ways &= ways - 1) {
      const auto way = static_cast<std::size_t>(std::countr_zero(ways));
      if (!holds(set, way, hash, topic)) [[unlikely]]
        continue;
      set.uses[way] = std::min<std::uint8_t>(set.uses[way] + 1, kMostUses);
      counters_.hits.add();
      return set.routes[way];
    }
  }
  return search(routes, set, hash, topic);
}

std::uint32_t TopicCache::search(const RouteSet& routes, Set& set, std::uint64_t hash,
                                 std::span<const std::uint8_t> topic) noexcept {
  const std::uint32_t route = routes.match(topic).route;
  counters_.searches.add();
  if (set.generation != routes.generation()) {
    set = Set{};
    set.generation = routes.generation();
  }
  keep(set, hash, topic, route);
  return route;
}

void TopicCache::keep(Set& set, std::uint64_t hash, std::span<const std::uint8_t> topic,
                      std::uint32_t route) noexcept {
  // Chooses a place whose uses are 0; if there is none, takes one use from a place drawn at random.
  // If it always took from the place with the fewest uses, one of four topics that come equally
  // often would be lost for good.
  std::size_t way = draw() % kWays;
  for (std::size_t i = 1; i < kWays && set.uses[way] != 0; ++i) way = (way + 1) % kWays;
  const auto free = std::ranges::find(set.lengths, 0);
  if (free != set.lengths.end()) {
    way = static_cast<std::size_t>(free - set.lengths.begin());
  } else if (!seen_before(set, hash)) {
    return;
  } else if (set.uses[way] != 0) {
    --set.uses[way];
    return;
  }
  std::ranges::copy(topic, bytes_of(hash, way).begin());
  set.tags[way] = tag_of(hash);
  set.routes[way] = route;
  set.lengths[way] = static_cast<std::uint8_t>(topic.size());
  set.uses[way] = 0;
  counters_.kept.add();
}

// The place is drawn at random: otherwise three new topics that come in turn would push each other
// out of two places for ever.
bool TopicCache::seen_before(Set& set, std::uint64_t hash) noexcept {
  if (std::ranges::find(set.seen, hash) != set.seen.end()) return true;
  set.seen[draw() % set.seen.size()] = hash;
  return false;
}

// A linear congruential generator (D. Knuth, The Art of Computer Programming 3.3.4): its upper bits
// are good enough to break a tie.
std::uint32_t TopicCache::draw() noexcept {
  drawn_ = drawn_ * 6364136223846793005U + 1442695040888963407U;
  return static_cast<std::uint32_t>(drawn_ >> 48);
}

}  // namespace esc::route
