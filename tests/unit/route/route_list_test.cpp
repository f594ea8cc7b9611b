// SPDX-License-Identifier: BSD-3-Clause
#include "route/route_list.hpp"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

namespace esc::route {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kText = R"(
[[port]]
device = "net_null0"
udp_ports = [9001]
[lcores]
rx = [0]
dispatch = 0
workers = [0, 0]
[deduplication]
keyed_bytes = 65536
[routing]
unknown_topic = "route"
[default_route]
handler = "null"
retries = 3
[[route]]
topic = "a/b"
handler = "count"
[[route]]
topic = "a/+"
handler = "null"
spread = "worker"
worker = 1
priority = 9
on_full = "shed"
dedup = "payload-id"
dedup_offset = 4
dedup_bytes = 16
publishers = ["192.0.2.0/24", "2001:db8::/32"]
)";

ordered_json listed(const config::Overrides& overrides = {}) {
  constexpr std::array<std::string_view, 2> kHandlers = {"count", "null"};
  const auto loaded = config::load_text(kText, "t.toml", overrides, kHandlers);
  return route_list(std::get<config::Config>(loaded));
}

TEST(RouteList, EveryRouteWithEveryOption) {
  const ordered_json list = listed();
  EXPECT_EQ(list["unknown_topic"], "route");
  ASSERT_EQ(list["routes"].size(), 3U);
  EXPECT_EQ(list["routes"][0].dump(),
            R"({"topic":"a/b","handler":"count","spread":"by-topic","worker":null,)"
            R"("priority":null,"on_full":"hold","retries":0,"dedup":"none",)"
            R"("publishers":"anyone","place":"t.toml:17:9"})");
  EXPECT_EQ(list["routes"][1].dump(),
            R"({"topic":"a/+","handler":"null","spread":"worker","worker":1,)"
            R"("priority":9,"on_full":"shed","retries":0,)"
            R"("dedup":"payload-id, offset 4, bytes 16",)"
            R"("publishers":"2 prefixes","place":"t.toml:20:9"})");
  EXPECT_EQ(list["routes"][2]["topic"], "");
  EXPECT_EQ(list["routes"][2]["handler"], "null");
  EXPECT_EQ(list["routes"][2]["retries"], 3U);
  EXPECT_EQ(list["routes"][2]["place"], "t.toml:13:1");
}

TEST(RouteList, WhatTheCommandLineSetSaysSo) {
  const ordered_json list = listed({.set = {"route[0].topic=c"}, .eal_args = {}});
  EXPECT_EQ(list["routes"][0]["topic"], "c");
  EXPECT_EQ(list["routes"][0]["place"], "--set route[0].topic=c");
}

}  // namespace
}  // namespace esc::route
