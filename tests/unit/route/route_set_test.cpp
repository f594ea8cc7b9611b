// SPDX-License-Identifier: BSD-3-Clause
#include "route/route_set.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace esc::route {
namespace {

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::vector<RouteSpec> numbered(std::size_t count) {
  std::vector<RouteSpec> specs;
  for (std::size_t i = 0; i < count; ++i) {
    specs.push_back({.topic = "plant/" + std::to_string(i),
                     .handler = static_cast<std::uint16_t>(i % 3),
                     .spread = static_cast<Spread>(i % 4),
                     .worker = static_cast<std::uint16_t>(i % 7)});
  }
  return specs;
}

void expect_finds_each_and_nothing_else(std::size_t count) {
  const TopicHasher hasher(count * 77 + 1);
  const std::vector<RouteSpec> specs = numbered(count);
  const RouteSet routes(specs, hasher);
  ASSERT_EQ(routes.size(), count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string& topic = specs[i].topic;
    ASSERT_EQ(routes.find(hasher(bytes(topic)), bytes(topic)), i) << topic;
    ASSERT_EQ(routes.short_topics().find(hasher.digest(wire::padded(bytes(topic))),
                                         wire::padded(bytes(topic))),
              i);
    ASSERT_EQ(routes.topic(i), topic);
    ASSERT_EQ(routes.target(i).handler, specs[i].handler);
    ASSERT_EQ(routes.target(i).worker, specs[i].worker);
    ASSERT_EQ(routes.target(i).spread, specs[i].spread);
  }
  for (std::size_t i = count; i < count + 1000; ++i) {
    const std::string topic = "plant/" + std::to_string(i);
    ASSERT_EQ(routes.find(hasher(bytes(topic)), bytes(topic)), RouteSet::kNone) << topic;
    ASSERT_EQ(routes.short_topics().find(hasher.digest(wire::padded(bytes(topic))),
                                         wire::padded(bytes(topic))),
              RouteSet::kNone);
  }
}

TEST(RouteSet, ATopicIsComparedAndNotOnlyItsHash) {
  const TopicHasher hasher(3);
  const std::string longer(40, 'l');
  const RouteSet routes(std::vector<RouteSpec>{{.topic = "a"}, {.topic = longer}, {.topic = "+"}},
                        hasher);
  const auto other = wire::padded(bytes("other"));
  // 0 is the hash in a free place.
  for (const std::uint64_t hash : {hasher(bytes("a")), hasher(bytes(longer)), std::uint64_t{0}}) {
    EXPECT_EQ(routes.short_topics().find(hash, other), RouteSet::kNone);
    EXPECT_EQ(routes.find_exact(hash, bytes("other")), RouteSet::kNone);
  }
}

TEST(RouteSet, NoRoutes) {
  expect_finds_each_and_nothing_else(0);
}
TEST(RouteSet, OneRoute) {
  expect_finds_each_and_nothing_else(1);
}
TEST(RouteSet, AroundPowersOfTwo) {
  for (const std::size_t count : {2U, 3U, 4U, 5U, 63U, 64U, 65U}) {
    expect_finds_each_and_nothing_else(count);
  }
}
TEST(RouteSet, AHundredThousandRoutes) {
  expect_finds_each_and_nothing_else(100'000);
}

TEST(RouteSet, AsManyRoutesAsThereMayBe) {
  constexpr std::size_t kMost = 1U << 20U;  // limits.max_routes at its largest
  const TopicHasher hasher(1);
  const std::vector<RouteSpec> specs = numbered(kMost);
  const RouteSet routes(specs, hasher);
  ASSERT_EQ(routes.size(), kMost);
  for (std::uint32_t i = 0; i < kMost; i += 97) {
    ASSERT_EQ(routes.find(hasher(bytes(specs[i].topic)), bytes(specs[i].topic)), i);
  }
  // Places of 64 bytes for twice as many, 8 bytes for each group of four, targets of 32, an offset
  // of 4 and the topics themselves.
  EXPECT_LT(routes.memory_bytes(), kMost * (2 * 64 + 2 + 32 + 4 + 2 * 16));
}

TEST(RouteSet, RoutesWithTheSamePublishersShareThem) {
  const std::vector<wire::IpPrefix> ten = {{wire::IpAddress::v4(0x0a000000), 8}};
  std::vector<RouteSpec> specs = {{.topic = "a", .publishers = ten},
                                  {.topic = "b"},
                                  {.topic = "c/#", .publishers = ten},
                                  {.topic = "d", .publishers = {{wire::IpAddress::v4(1), 32}}}};
  const RouteSet routes(specs, TopicHasher(1));
  EXPECT_EQ(routes.target(0).publishers, routes.target(2).publishers);
  EXPECT_NE(routes.target(0).publishers, routes.target(3).publishers);
  EXPECT_EQ(routes.target(1).publishers, RouteSet::kAnyone);
  EXPECT_TRUE(routes.may_publish(routes.target(0), wire::IpAddress::v4(0x0a010203)));
  EXPECT_FALSE(routes.may_publish(routes.target(3), wire::IpAddress::v4(0x0a010203)));
  EXPECT_TRUE(routes.may_publish(routes.target(1), wire::IpAddress::v4(0x0a010203)));
}

TEST(RouteSet, SlotsAreTheIndicesUnlessTheyAreGiven) {
  const std::vector<RouteSpec> specs = {{.topic = "a"}, {.topic = "b", .slot = 9}, {.topic = "#"}};
  const RouteSet routes(specs, TopicHasher(1), {UnknownTopic::kRoute, RouteSpec{.slot = 4}});
  EXPECT_EQ(routes.target(0).slot, 0U);
  EXPECT_EQ(routes.target(1).slot, 9U);
  EXPECT_EQ(routes.target(2).slot, 2U);
  EXPECT_EQ(routes.target(routes.default_route()).slot, 4U);
}

TEST(RouteSet, TheDefaultRouteIsNotFound) {
  const std::vector<RouteSpec> specs = {{.topic = "a"}};
  const TopicHasher hasher(1);
  const RouteSet routes(specs, hasher, {UnknownTopic::kRoute, RouteSpec{}});
  EXPECT_EQ(routes.default_route(), 1U);
  EXPECT_EQ(routes.find(hasher(bytes("b")), bytes("b")), RouteSet::kNone);
  const RouteSet without(specs, hasher);
  EXPECT_EQ(without.default_route(), RouteSet::kNone);
  EXPECT_EQ(without.unknown_rule(), UnknownTopic::kDeadLetter);
  EXPECT_NE(without.generation(), routes.generation());
}

TEST(RouteSet, EmptySetSaysNoToEveryHash) {
  const RouteSet routes({}, TopicHasher(1));
  for (const std::uint64_t hash : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
    EXPECT_EQ(routes.find(hash, bytes("a")), RouteSet::kNone);
  }
}

// The test cannot make two topics with one hash. Instead it asks for a topic with the hash of
// another one.
TEST(RouteSet, TheHashAloneIsNotEnough) {
  const TopicHasher hasher(5);
  const std::vector<RouteSpec> specs = {{.topic = "alarm/one"}, {.topic = "alarm/two"}};
  const RouteSet routes(specs, hasher);
  const std::uint64_t hash = hasher(bytes("alarm/one"));
  EXPECT_EQ(routes.find(hash, bytes("alarm/one")), 0U);
  EXPECT_EQ(routes.find(hash, bytes("alarm/onf")), RouteSet::kNone);
  EXPECT_EQ(routes.find(hash, bytes("blarm/one")), RouteSet::kNone);
  EXPECT_EQ(routes.find(hash, bytes("alarm/on")), RouteSet::kNone);
  EXPECT_EQ(routes.find(hash, bytes("alarm/one/")), RouteSet::kNone);
  EXPECT_EQ(routes.find(hash, bytes("alarm/two")), RouteSet::kNone);
}

TEST(RouteSet, TheTopicAloneIsNotEnough) {
  const TopicHasher hasher(5);
  const std::vector<RouteSpec> specs = {{.topic = "alarm/one"}};
  const RouteSet routes(specs, hasher);
  EXPECT_EQ(routes.find(hasher(bytes("alarm/one")) ^ 1U, bytes("alarm/one")), RouteSet::kNone);
}

TEST(RouteSet, TheLongestTopicAndItsBeginning) {
  const TopicHasher hasher(1);
  const std::string longest(255, 'x');
  const std::vector<RouteSpec> specs = {{.topic = longest}, {.topic = longest.substr(0, 254)}};
  const RouteSet routes(specs, hasher);
  EXPECT_EQ(routes.find(hasher(bytes(longest)), bytes(longest)), 0U);
  EXPECT_EQ(routes.find(hasher(bytes(specs[1].topic)), bytes(specs[1].topic)), 1U);
  EXPECT_EQ(routes.topic(0), longest);
}

TEST(TopicHasher, DependsOnTheSeedAndOnEveryByte) {
  const TopicHasher one(1);
  EXPECT_EQ(one(bytes("topic")), TopicHasher(1)(bytes("topic")));
  EXPECT_NE(one(bytes("topic")), TopicHasher(2)(bytes("topic")));
  std::map<std::uint64_t, int> seen;
  std::string topic(40, 'a');
  for (char& c : topic) {
    c = 'b';
    ++seen[one(bytes(topic))];
    c = 'a';
  }
  EXPECT_EQ(seen.size(), topic.size());
}

TEST(TopicHasher, SeedsDiffer) {
  EXPECT_NE(random_seed(), random_seed());
}

TEST(SameBytes, EveryLengthAndEveryDifferingByte) {
  std::vector<std::uint8_t> a(256);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<std::uint8_t>(i * 7);
  for (std::size_t bytes = 1; bytes <= 255; ++bytes) {
    // Exactly as long, so that AddressSanitizer sees a read beyond.
    const std::vector<std::uint8_t> left(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(bytes));
    std::vector<std::uint8_t> right = left;
    EXPECT_TRUE(route::same_bytes(left.data(), right.data(), bytes));
    for (std::size_t at = 0; at < bytes; ++at) {
      right[at] ^= 0x80;
      EXPECT_FALSE(route::same_bytes(left.data(), right.data(), bytes)) << bytes << " at " << at;
      right[at] ^= 0x80;
    }
  }
}

}  // namespace
}  // namespace esc::route
