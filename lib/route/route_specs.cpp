// SPDX-License-Identifier: BSD-3-Clause
#include "route/route_specs.hpp"

namespace esc::route {
namespace {

RouteSpec spec_of(const config::RouteConfig& route, const HandlerIndex& handler_index) {
  return {
      .topic = route.topic,
      .handler = handler_index(route.handler),
      .spread = route.spread,
      .worker = static_cast<std::uint16_t>(route.worker),
      .priority = route.priority,
      .on_full = route.on_full,
      .retries = route.retries,
      .dedup = route.dedup,
      .publishers = route.publishers,
  };
}

}  // namespace

std::vector<RouteSpec> route_specs(const config::Config& config,
                                   const HandlerIndex& handler_index) {
  std::vector<RouteSpec> specs;
  specs.reserve(config.routes.size());
  for (const config::RouteConfig& route : config.routes) {
    specs.push_back(spec_of(route, handler_index));
  }
  return specs;
}

UnknownSpec unknown_spec(const config::Config& config, const HandlerIndex& handler_index) {
  UnknownSpec spec{.rule = config.routing.unknown_topic};
  if (config.routing.default_route) {
    spec.default_route = spec_of(*config.routing.default_route, handler_index);
  }
  return spec;
}

}  // namespace esc::route
