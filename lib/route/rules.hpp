// What a dispatcher decides by, replaced as one at a reload.
#pragma once

#include "route/producer_bindings.hpp"
#include "route/route_set.hpp"

namespace esc::route {

/// Immutable once published; any thread.
struct Rules {
  RouteSet routes;
  ProducerBindings producers;
};

}  // namespace esc::route
