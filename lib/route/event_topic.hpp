// SPDX-License-Identifier: BSD-3-Clause
// The hash of an event's topic, whatever the event carries of it.
#pragma once

#include <cstdint>

#include "event/event.hpp"
#include "event/frame_bytes.hpp"
#include "route/route_set.hpp"

namespace esc::route {

/// The hash of the event's topic. `target`: of the route that takes the event.
[[nodiscard]] inline std::uint64_t topic_hash(const RouteSet& routes,
                                              const RouteSet::Target& target,
                                              const event::Event& event) noexcept {
  if (!event.has(event::kRouteFound)) return event.topic_hash;
  // The target of an exact topic: it is the event's own topic.
  if (target.topic_hash != 0) [[likely]]
    return target.topic_hash;
  // The set in which the event's route was found was replaced, and a pattern takes it now.
  return routes.hash_of(event::topic(event));
}

}  // namespace esc::route
