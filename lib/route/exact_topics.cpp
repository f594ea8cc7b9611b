// SPDX-License-Identifier: BSD-3-Clause
#include "route/exact_topics.hpp"

#include <algorithm>

namespace esc::route {

// A topic that is not in its own bucket costs a mispredicted branch and another cache line, so
// there are more places than needed as long as the buckets stay in the L1 cache.
std::size_t ExactTopics::places_for(std::size_t topics) noexcept {
  constexpr std::size_t kRoomy = 4;
  constexpr std::size_t kTight = 2;
  constexpr std::size_t kRoomyTopics = 128;
  return std::bit_ceil(
      std::max({topics * kTight, std::min(topics, kRoomyTopics) * kRoomy, kPlaces}));
}

ExactTopics::ExactTopics(std::size_t topics)
    : mask_(places_for(topics) / kPlaces - 1), buckets_(mask_ + 1) {}

void ExactTopics::insert(std::uint64_t hash, std::uint32_t route, std::uint32_t key) noexcept {
  for (std::uint64_t at = hash & mask_;; at = (at + 1) & mask_) {
    Bucket& bucket = buckets_[at];
    const auto free = std::ranges::find(bucket.routes, kNone);
    if (free == bucket.routes.end()) continue;
    const auto place = static_cast<std::size_t>(free - bucket.routes.begin());
    bucket.hashes[place] = hash;
    bucket.routes[place] = route;
    bucket.keys[place] = key;
    return;
  }
}

}  // namespace esc::route
