// SPDX-License-Identifier: BSD-3-Clause
#include "route/route_list.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "config/keys.hpp"

namespace esc::route {
namespace {

using config::RouteConfig;
using nlohmann::ordered_json;

/// The word for it in the configuration file.
template <class Choice>
std::string_view name_of(std::string_view key, Choice choice) {
  return config::find_key("route", key)->choices[static_cast<std::size_t>(choice)];
}

std::string dedup_text(const config::DedupConfig& dedup) {
  std::string text(name_of("dedup", dedup.kind));
  if (dedup.kind == config::DedupKind::kNone) return text;
  text += ", offset " + std::to_string(dedup.offset);
  return text + (dedup.bytes == 0 ? ", to the end" : ", bytes " + std::to_string(dedup.bytes));
}

std::string publishers_text(const std::vector<wire::IpPrefix>& publishers) {
  if (publishers.empty()) return "anyone";
  if (publishers.size() == 1) return "1 prefix";
  return std::to_string(publishers.size()) + " prefixes";
}

ordered_json as_json(const RouteConfig& route, std::string place) {
  ordered_json json = {{"topic", route.topic},
                       {"handler", route.handler},
                       {"spread", name_of("spread", route.spread)},
                       {"worker", nullptr},
                       {"priority", nullptr},
                       {"on_full", name_of("on_full", route.on_full)},
                       {"retries", route.retries},
                       {"dedup", dedup_text(route.dedup)},
                       {"publishers", publishers_text(route.publishers)},
                       {"place", std::move(place)}};
  if (route.spread == config::Spread::kWorker) json["worker"] = route.worker;
  if (route.priority) json["priority"] = *route.priority;
  return json;
}

}  // namespace

ordered_json route_list(const config::Config& config) {
  ordered_json routes = ordered_json::array();
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    routes.push_back(as_json(config.routes[i], config.where_route(i)));
  }
  if (config.routing.default_route) {
    routes.push_back(as_json(*config.routing.default_route, config.where("default_route")));
  }
  const auto& rules = config::find_key("routing", "unknown_topic")->choices;
  return {{"routes", std::move(routes)},
          {"unknown_topic", rules[static_cast<std::size_t>(config.routing.unknown_topic)]}};
}

}  // namespace esc::route
