// SPDX-License-Identifier: BSD-3-Clause
// Whether an event's sender may publish to its topic.
#pragma once

#include "event/event.hpp"
#include "event/peer.hpp"
#include "route/route_set.hpp"

namespace esc::dispatch {

[[nodiscard, gnu::noinline]] inline bool is_publisher(const route::RouteSet& routes,
                                                      const route::RouteSet::Target& target,
                                                      const event::Event& event) noexcept {
  const auto peer = event::peer_address(event);
  return peer && routes.may_publish(target, *peer);
}

/// Most routes are open to anyone, and the sender's address is not read for them.
[[nodiscard]] inline bool may_publish(const route::RouteSet& routes,
                                      const route::RouteSet::Target& target,
                                      const event::Event& event) noexcept {
  return target.publishers == route::RouteSet::kAnyone || is_publisher(routes, target, event);
}

}  // namespace esc::dispatch
