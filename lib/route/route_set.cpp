#include "route/route_set.hpp"

#include <algorithm>
#include <bit>

namespace esc::route {

// A probe that goes past its first slot is a branch mispredicted, and a cache line holds only four
// slots whoever they belong to: as long as the slots stay in the L1 cache, room is free.
std::size_t RouteSet::slots_for(std::size_t routes) noexcept {
  constexpr std::size_t kRoomy = 8;
  constexpr std::size_t kTight = 2;
  constexpr std::size_t kRoomyRoutes = 128;
  return std::bit_ceil(
      std::max({routes * kTight, std::min(routes, kRoomyRoutes) * kRoomy, std::size_t{2}}));
}

RouteSet::RouteSet(std::span<const RouteSpec> routes, const TopicHasher& hasher)
    : mask_(slots_for(routes.size()) - 1), slots_(mask_ + 1) {
  for (std::uint32_t route = 0; route < routes.size(); ++route) {
    const RouteSpec& spec = routes[route];
    const auto key = static_cast<std::uint32_t>(keys_.size());
    keys_.push_back(static_cast<std::uint8_t>(spec.topic.size()));
    keys_.insert(keys_.end(), spec.topic.begin(), spec.topic.end());
    key_of_route_.push_back(key);
    targets_.push_back({spec.handler, spec.worker, spec.spread, spec.on_full});
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(spec.topic.data());
    const std::uint64_t hash = hasher({bytes, spec.topic.size()});
    std::uint64_t at = hash & mask_;
    while (slots_[at].route != kNone) at = (at + 1) & mask_;
    slots_[at] = {hash, route, key};
  }
}

std::string_view RouteSet::topic(std::uint32_t route) const noexcept {
  const std::uint8_t* key = keys_.data() + key_of_route_[route];
  return {reinterpret_cast<const char*>(key + 1), *key};
}

}  // namespace esc::route
