// SPDX-License-Identifier: BSD-3-Clause
#include "route/producer_bindings.hpp"

#include <gtest/gtest.h>

#include <random>

namespace esc::route {
namespace {

wire::IpPrefix prefix(std::string_view text) {
  return std::get<wire::IpPrefix>(wire::parse_prefix(text));
}

TEST(ProducerBindings, NobodyIsBound) {
  const ProducerBindings bindings({}, 1);
  EXPECT_EQ(bindings.size(), 0U);
  for (const std::uint64_t producer : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
    EXPECT_EQ(bindings.bound(producer), nullptr);
  }
}

TEST(ProducerBindings, EachHasItsOwnSources) {
  const std::vector<config::ProducerConfig> producers = {
      {.id = 0, .sources = {prefix("10.0.0.0/8")}},
      {.id = UINT64_MAX, .sources = {prefix("::1"), prefix("10.1.0.0/16")}},
      {.id = 7, .sources = {prefix("10.0.0.0/8")}}};
  const ProducerBindings bindings(producers, 99);
  ASSERT_NE(bindings.bound(0), nullptr);
  EXPECT_TRUE(bindings.bound(0)->contains(wire::IpAddress::v4(0x0a020304)));
  EXPECT_FALSE(bindings.bound(0)->contains(wire::IpAddress::v4(0x0b020304)));
  ASSERT_NE(bindings.bound(UINT64_MAX), nullptr);
  EXPECT_FALSE(bindings.bound(UINT64_MAX)->contains(wire::IpAddress::v4(0x0a020304)));
  EXPECT_TRUE(bindings.bound(UINT64_MAX)->contains(prefix("::1").address));
  EXPECT_EQ(bindings.bound(7), bindings.bound(0));  // the same sources are kept once
  EXPECT_EQ(bindings.bound(1), nullptr);
}

TEST(ProducerBindings, ManyAreAllFoundAndNoOthers) {
  for (const std::size_t count : {1U, 2U, 3U, 64U, 65U, 10'000U}) {
    std::vector<config::ProducerConfig> producers;
    for (std::uint32_t i = 0; i < count; ++i) {
      producers.push_back(
          {.id = std::uint64_t{i} * 3, .sources = {{wire::IpAddress::v4(i % 100), 32}}});
    }
    const ProducerBindings bindings(producers, count);
    for (std::uint64_t id = 0; id < count * 3 + 3; ++id) {
      const wire::PrefixSet* bound = bindings.bound(id);
      ASSERT_EQ(bound != nullptr, id % 3 == 0 && id < count * 3) << id;
      if (bound == nullptr) continue;
      ASSERT_TRUE(bound->contains(wire::IpAddress::v4(static_cast<std::uint32_t>(id / 3 % 100))));
    }
  }
}

}  // namespace
}  // namespace esc::route
