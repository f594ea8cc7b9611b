// SPDX-License-Identifier: BSD-3-Clause
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

/// What is found out about the events of a burst while their routes are found. Bit i: event i.
struct BurstMasks {
  std::uint64_t not_allowed = 0;  ///< its sender may not publish to its topic
  std::uint64_t sequenced = 0;    ///< has a number
  std::uint64_t unknown = 0;      ///< no route takes it
  bool any_replayed = false;      ///< some event says that it is a replayed dead letter
};

/// Most events bring their route along: the receiving stage, which has the topic's bytes in its
/// cache, looks among the exact topics. For the others, and for those whose set was replaced since,
/// a route is looked for once, before the event is judged, however long it waits afterwards: if it
/// were looked for twice, TopicCache would count two events of its topic. Routes are indices into
/// the set in which they were found, so they hold as long as its generation does. Thread: the
/// dispatcher's lcore.
class BurstRoutes {
 public:
  static constexpr std::size_t kMaxBurst = 64;

  /// Finds the routes of the first `count` events of input.peek(), at most kMaxBurst; forgets all
  /// others. Out of line, so that the loop has the registers to itself.
  template <class Input>
  [[gnu::noinline]] BurstMasks find(const Input& input, std::size_t count,
                                    const route::RouteSet& routes,
                                    route::TopicCache& cache) noexcept {
    first_ = 0;
    const std::uint32_t generation = generation_ = routes.generation();
    std::uint64_t sequenced = 0;
    std::uint64_t unknown = 0;
    std::uint32_t replayed = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const event::Event& event = input.peek(i);
      std::uint32_t route = route::RouteSet::kNone;
      if (event.has(event::kRouteFound) && event.route.generation == generation) [[likely]] {
        route = event.route.index;
      } else {
        route = find_otherwise(event, routes, cache);
        if (route == route::RouteSet::kNone) unknown |= std::uint64_t{1} << i;
      }
      routes_[i] = route;
      sequenced |= std::uint64_t{event.has(event::kSequenced)} << i;
      replayed |= event.replay_count;
    }
    unknown_ = unknown;
    BurstMasks masks{.not_allowed = 0,
                     .sequenced = sequenced,
                     .unknown = unknown,
                     .any_replayed = replayed != 0};
    if (routes.has_publishers()) [[unlikely]]
      masks.not_allowed = not_allowed(input, count, routes);
    return masks;
  }

  /// Index of event i's route in the set; RouteSet::kNone: no route takes it.
  [[nodiscard]] std::uint32_t operator[](std::size_t i) const noexcept {
    return routes_[first_ + i];
  }
  [[nodiscard]] bool are_of(const route::RouteSet& routes) const noexcept {
    return generation_ == routes.generation();
  }
  /// Bit i: no route takes event i.
  [[nodiscard]] std::uint64_t unknown() const noexcept { return unknown_; }
  /// The first `count` events, fewer than 64, are done with: the next one becomes the first.
  void forget(std::size_t count) noexcept {
    first_ += count;
    unknown_ >>= count;
  }

 private:
  [[nodiscard, gnu::noinline]] static std::uint32_t find_otherwise(
      const event::Event& event, const route::RouteSet& routes, route::TopicCache& cache) noexcept {
    const auto topic = event::topic(event);
    const std::uint64_t hash =
        event.has(event::kRouteFound) ? routes.hash_of(topic) : event.topic_hash;
    const std::uint32_t route = cache.find(routes, hash, topic);
    return route != route::RouteSet::kNone ? route : routes.default_route();
  }

  template <class Input>
  [[nodiscard, gnu::noinline]] std::uint64_t not_allowed(
      const Input& input, std::size_t count, const route::RouteSet& routes) const noexcept {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (routes_[i] == route::RouteSet::kNone) continue;
      if (!may_publish(routes, routes.target(routes_[i]), input.peek(i)))
        mask |= std::uint64_t{1} << i;
    }
    return mask;
  }

  std::array<std::uint32_t, kMaxBurst> routes_{};
  std::size_t first_ = 0;
  std::uint64_t unknown_ = 0;
  std::uint32_t generation_ = 0;  ///< of no set
};

}  // namespace esc::dispatch
