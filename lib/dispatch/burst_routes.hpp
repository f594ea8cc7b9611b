// The routes of the events that a dispatcher has in hand.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dispatch/may_publish.hpp"
#include "event/event.hpp"
#include "event/frame_bytes.hpp"
#include "route/route_set.hpp"
#include "route/topic_cache.hpp"

namespace esc::dispatch {

/// Found once for each event, before it is judged, however long it has to wait after that: what is
/// looked for twice passes for a topic that returns (TopicCache). Indices into the set that they
/// were found in, so they hold for as long as its generation does. Thread: the dispatcher's lcore.
class BurstRoutes {
 public:
  static constexpr std::size_t kMaxBurst = 64;

  /// Of the first `count` events of input.peek(), at most kMaxBurst; forgets all others. Bit i:
  /// event i's sender may not publish to its topic.
  template <class Input>
  [[nodiscard]] std::uint64_t find(const Input& input, std::size_t count,
                                   const route::RouteSet& routes,
                                   route::TopicCache& cache) noexcept {
    first_ = 0;
    generation_ = routes.generation();
    std::uint64_t not_allowed = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const event::Event& event = input.peek(i);
      std::uint32_t route = cache.find(routes, event.topic_hash, event::topic(event));
      if (route == route::RouteSet::kNone) [[unlikely]]
        route = routes.default_route();
      routes_[i] = route;
      if (route != route::RouteSet::kNone && !may_publish(routes, routes.target(route), event))
          [[unlikely]]
        not_allowed |= std::uint64_t{1} << i;
    }
    return not_allowed;
  }

  /// Index in the set; RouteSet::kNone: nothing takes event i.
  [[nodiscard]] std::uint32_t operator[](std::size_t i) const noexcept {
    return routes_[first_ + i];
  }
  [[nodiscard]] bool are_of(const route::RouteSet& routes) const noexcept {
    return generation_ == routes.generation();
  }
  /// The first `count` events are done with: the next one becomes the first.
  void forget(std::size_t count) noexcept { first_ += count; }

 private:
  std::array<std::uint32_t, kMaxBurst> routes_{};
  std::size_t first_ = 0;
  std::uint32_t generation_ = 0;  ///< of no set
};

}  // namespace esc::dispatch
