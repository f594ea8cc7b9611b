// SPDX-License-Identifier: BSD-3-Clause
#include "route/route_diff.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "route/route_specs.hpp"

namespace esc::route {
namespace {

using config::Config;
using config::RouteConfig;
using Texts = std::vector<std::string>;

wire::IpPrefix bound_to(std::string_view text) {
  return std::get<wire::IpPrefix>(wire::parse_prefix(text));
}

Config with_routes(const Texts& topics) {
  Config config;
  for (const std::string& topic : topics) {
    config.routes.push_back({.topic = topic, .handler = "count"});
  }
  return config;
}

TEST(RouteDiff, TheSameIsNoChange) {
  const Config config = with_routes({"a", "b/+"});
  const RouteDiff same = diff(config, config);
  EXPECT_TRUE(same.empty());
  EXPECT_EQ(same.unchanged, 2U);
  // The order of routes does not matter.
  EXPECT_TRUE(diff(config, with_routes({"b/+", "a"})).empty());
}

TEST(RouteDiff, AddedAndRemoved) {
  const RouteDiff made = diff(with_routes({"a", "b", "c", "d"}), with_routes({"x", "c", "b", "w"}));
  EXPECT_EQ(made.added, (Texts{"x", "w"}));
  EXPECT_EQ(made.removed, (Texts{"a", "d"}));
  EXPECT_TRUE(made.changed.empty());
  EXPECT_EQ(made.unchanged, 2U);
  EXPECT_FALSE(made.empty());
}

TEST(RouteDiff, NamesEachOptionThatDiffers) {
  const std::vector<std::pair<std::string, std::function<void(RouteConfig&)>>> changes = {
      {"handler", [](RouteConfig& r) { r.handler = "null"; }},
      {"spread", [](RouteConfig& r) { r.spread = config::Spread::kRoundRobin; }},
      {"worker", [](RouteConfig& r) { r.worker = 1; }},
      {"priority", [](RouteConfig& r) { r.priority = 0; }},
      {"on_full", [](RouteConfig& r) { r.on_full = config::OnFull::kShed; }},
      {"retries", [](RouteConfig& r) { r.retries = 1; }},
      {"dedup", [](RouteConfig& r) { r.dedup.kind = config::DedupKind::kContent; }},
      {"dedup_offset", [](RouteConfig& r) { r.dedup.offset = 1; }},
      {"dedup_bytes", [](RouteConfig& r) { r.dedup.bytes = 1; }},
      {"publishers", [](RouteConfig& r) { r.publishers = {bound_to("::1")}; }},
  };
  const Config before = with_routes({"a", "b"});
  Config all = before;
  Texts names;
  for (const auto& [name, change] : changes) {
    Config after = before;
    change(after.routes[1]);
    const RouteDiff made = diff(before, after);
    ASSERT_EQ(made.changed.size(), 1U) << name;
    EXPECT_EQ(made.changed[0].topic, "b");
    EXPECT_EQ(made.changed[0].options, Texts{name});
    EXPECT_EQ(made.unchanged, 1U);
    change(all.routes[1]);
    names.push_back(name);
    // The comparison of whole routes finds the difference too: no option is forgotten.
    EXPECT_NE(after.routes[1], before.routes[1]);
  }
  EXPECT_EQ(diff(before, all).changed[0].options, names);
}

TEST(RouteDiff, Routing) {
  const Config plain = with_routes({"a"});
  Config with_default = plain;
  with_default.routing.unknown_topic = config::UnknownTopic::kRoute;
  with_default.routing.default_route = {.topic = "", .handler = "count"};
  Config other = with_default;
  other.routing.default_route->retries = 3;
  EXPECT_EQ(diff(plain, with_default).routing, (Texts{"unknown_topic", "default_route"}));
  EXPECT_EQ(diff(with_default, other).routing, Texts{"default_route.retries"});
  EXPECT_TRUE(diff(other, other).empty());
}

TEST(RouteDiff, Producers) {
  Config before;
  before.producers = {{1, {bound_to("::1")}}, {2, {bound_to("::1")}}, {3, {bound_to("::1")}}};
  Config after;
  after.producers = {
      {UINT64_MAX, {bound_to("::1")}}, {3, {bound_to("::1")}}, {2, {bound_to("::2")}}};
  const ProducerDiff made = diff(before, after).producers;
  EXPECT_EQ(made.added, std::vector<std::uint64_t>{UINT64_MAX});
  EXPECT_EQ(made.removed, std::vector<std::uint64_t>{1});
  EXPECT_EQ(made.changed, std::vector<std::uint64_t>{2});
  EXPECT_EQ(made.unchanged, 1U);
}

TEST(RouteDiff, AsJson) {
  Config before = with_routes({"a", "b"});
  Config after = with_routes({"b", "c", "d", "e"});
  after.routes[0].retries = 2;
  after.producers = {{UINT64_MAX, {bound_to("::1")}}};
  after.routing.unknown_topic = config::UnknownTopic::kDrop;
  EXPECT_EQ(to_json(diff(before, after), 2).dump(),
            R"({"routes":{"added":{"count":3,"first":["c","d"]},)"
            R"("removed":{"count":1,"first":["a"]},)"
            R"("changed":{"count":1,"first":[{"topic":"b","options":["retries"]}]},)"
            R"("unchanged":0},"routing":["unknown_topic"],)"
            R"("producers":{"added":{"count":1,"first":[18446744073709551615]},)"
            R"("removed":{"count":0,"first":[]},"changed":{"count":0,"first":[]},"unchanged":0}})");
}

TEST(RouteSpecs, CarryEveryOption) {
  Config config = with_routes({"a/+"});
  RouteConfig& route = config.routes[0];
  route = {.topic = "a/+",
           .handler = "fail",
           .spread = config::Spread::kWorker,
           .worker = 3,
           .priority = 9,
           .on_full = config::OnFull::kDeadLetter,
           .retries = 15,
           .dedup = {config::DedupKind::kPayloadId, 4, 8},
           .publishers = {bound_to("10.0.0.0/8")}};
  config.routing.unknown_topic = config::UnknownTopic::kRoute;
  config.routing.default_route = {.topic = "", .handler = "null"};
  const HandlerIndex handler_index = [](std::string_view name) -> std::uint16_t {
    return name == "fail" ? 2 : 1;
  };
  const std::vector<RouteSpec> specs = route_specs(config, handler_index);
  const RouteSet routes(specs, TopicHasher(1), unknown_spec(config, handler_index));
  ASSERT_EQ(routes.size(), 2U);
  const RouteSet::Target& target = routes.target(0);
  EXPECT_EQ(routes.topic(0), "a/+");
  EXPECT_EQ(target.handler, 2);
  EXPECT_EQ(target.spread, Spread::kWorker);
  EXPECT_EQ(target.worker, 3);
  EXPECT_TRUE(target.has_priority);
  EXPECT_EQ(target.priority, 9);
  EXPECT_EQ(target.on_full, OnFull::kDeadLetter);
  EXPECT_EQ(target.retries, 15);
  EXPECT_EQ(target.dedup, DedupKind::kPayloadId);
  EXPECT_EQ(target.dedup_offset, 4);
  EXPECT_EQ(target.dedup_bytes, 8);
  EXPECT_TRUE(routes.may_publish(target, bound_to("10.1.1.1").address));
  EXPECT_FALSE(routes.may_publish(target, bound_to("11.1.1.1").address));
  EXPECT_EQ(routes.unknown_rule(), UnknownTopic::kRoute);
  ASSERT_EQ(routes.default_route(), 1U);
  EXPECT_EQ(routes.topic(1), "");
  EXPECT_EQ(routes.target(1).handler, 1);
  EXPECT_FALSE(routes.target(1).has_priority);
  EXPECT_TRUE(routes.may_publish(routes.target(1), bound_to("11.1.1.1").address));
}

}  // namespace
}  // namespace esc::route
