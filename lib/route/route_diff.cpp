// SPDX-License-Identifier: BSD-3-Clause
#include "route/route_diff.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>

namespace esc::route {
namespace {

using config::Config;
using config::ProducerConfig;
using config::RouteConfig;
using nlohmann::ordered_json;

std::vector<std::string> options_that_differ(const RouteConfig& a, const RouteConfig& b) {
  std::vector<std::string> options;
  const auto compare = [&](const char* key, bool same) {
    if (!same) options.emplace_back(key);
  };
  compare("handler", a.handler == b.handler);
  compare("spread", a.spread == b.spread);
  compare("worker", a.worker == b.worker);
  compare("priority", a.priority == b.priority);
  compare("on_full", a.on_full == b.on_full);
  compare("retries", a.retries == b.retries);
  compare("dedup", a.dedup.kind == b.dedup.kind);
  compare("dedup_offset", a.dedup.offset == b.dedup.offset);
  compare("dedup_bytes", a.dedup.bytes == b.dedup.bytes);
  compare("publishers", a.publishers == b.publishers);
  return options;
}

void compare_routes(const Config& before, const Config& after, RouteDiff& diff) {
  std::unordered_map<std::string_view, const RouteConfig*> old;
  for (const RouteConfig& route : before.routes) old.emplace(route.topic, &route);
  for (const RouteConfig& route : after.routes) {
    const auto known = old.find(route.topic);
    if (known == old.end()) {
      diff.added.push_back(route.topic);
      continue;
    }
    std::vector<std::string> options = options_that_differ(*known->second, route);
    if (options.empty()) {
      ++diff.unchanged;
    } else {
      diff.changed.push_back({route.topic, std::move(options)});
    }
    old.erase(known);
  }
  for (const RouteConfig& route : before.routes) {
    if (old.contains(route.topic)) diff.removed.push_back(route.topic);
  }
}

void compare_routing(const Config& before, const Config& after, RouteDiff& diff) {
  const auto& old = before.routing;
  const auto& now = after.routing;
  if (old.unknown_topic != now.unknown_topic) diff.routing.emplace_back("unknown_topic");
  if (old.default_route.has_value() != now.default_route.has_value()) {
    diff.routing.emplace_back("default_route");
  } else if (old.default_route) {
    for (const std::string& key : options_that_differ(*old.default_route, *now.default_route)) {
      diff.routing.push_back("default_route." + key);
    }
  }
}

void compare_producers(const Config& before, const Config& after, ProducerDiff& diff) {
  std::unordered_map<std::uint64_t, const ProducerConfig*> old;
  for (const ProducerConfig& producer : before.producers) old.emplace(producer.id, &producer);
  for (const ProducerConfig& producer : after.producers) {
    const auto known = old.find(producer.id);
    if (known == old.end()) {
      diff.added.push_back(producer.id);
      continue;
    }
    if (*known->second == producer) {
      ++diff.unchanged;
    } else {
      diff.changed.push_back(producer.id);
    }
    old.erase(known);
  }
  for (const ProducerConfig& producer : before.producers) {
    if (old.contains(producer.id)) diff.removed.push_back(producer.id);
  }
}

template <class Item>
ordered_json listed(const std::vector<Item>& items, std::size_t most, const auto& as_json) {
  ordered_json first = ordered_json::array();
  for (std::size_t i = 0; i < std::min(items.size(), most); ++i) first.push_back(as_json(items[i]));
  return {{"count", items.size()}, {"first", std::move(first)}};
}

}  // namespace

bool RouteDiff::empty() const noexcept {
  return added.empty() && removed.empty() && changed.empty() && routing.empty() &&
         producers.added.empty() && producers.removed.empty() && producers.changed.empty();
}

RouteDiff diff(const Config& before, const Config& after) {
  RouteDiff made;
  compare_routes(before, after, made);
  compare_routing(before, after, made);
  compare_producers(before, after, made.producers);
  return made;
}

ordered_json to_json(const RouteDiff& diff, std::size_t most_listed) {
  const auto plain = [](const auto& item) { return ordered_json(item); };
  const auto change = [](const RouteChange& one) {
    return ordered_json{{"topic", one.topic}, {"options", one.options}};
  };
  const ProducerDiff& producers = diff.producers;
  return {{"routes",
           {{"added", listed(diff.added, most_listed, plain)},
            {"removed", listed(diff.removed, most_listed, plain)},
            {"changed", listed(diff.changed, most_listed, change)},
            {"unchanged", diff.unchanged}}},
          {"routing", diff.routing},
          {"producers",
           {{"added", listed(producers.added, most_listed, plain)},
            {"removed", listed(producers.removed, most_listed, plain)},
            {"changed", listed(producers.changed, most_listed, plain)},
            {"unchanged", producers.unchanged}}}};
}

}  // namespace esc::route
