// SPDX-License-Identifier: BSD-3-Clause
// The rules by which dispatchers and TCP roles decide. A reload replaces all of them at once.
#pragma once

#include "route/connection_rules.hpp"
#include "route/producer_bindings.hpp"
#include "route/route_set.hpp"
#include "wire/ip_prefix.hpp"

namespace esc::route {

/// Immutable once published; any thread.
struct Rules {
  RouteSet routes;
  ProducerBindings producers;
  wire::PrefixSet replay_sources;  ///< who may send dead letters again
  ConnectionRules connections{};
};

}  // namespace esc::route
