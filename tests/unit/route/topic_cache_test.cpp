// SPDX-License-Identifier: BSD-3-Clause
#include "route/topic_cache.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <memory>
#include <random>

#include "pattern_model.hpp"

namespace esc::route {
namespace {

using namespace test;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kFlood = 300'000;
#else
constexpr std::uint64_t kFlood = 10'000'000;
#endif

struct Cached {
  explicit Cached(const std::vector<std::string>& patterns,
                  std::size_t topics = TopicCache::kDefaultTopics)
      : routes(std::make_unique<RouteSet>(specs(patterns), hasher)),
        sets(TopicCache::sets_for(topics)),
        bytes_of_topics(sets.size() * TopicCache::kWays),
        cache({sets, bytes_of_topics}) {}

  static std::vector<RouteSpec> specs(const std::vector<std::string>& patterns) {
    std::vector<RouteSpec> specs;
    for (const std::string& pattern : patterns) specs.push_back({.topic = pattern});
    return specs;
  }
  std::uint32_t find(std::string_view topic) {
    return cache.find(*routes, hasher(bytes(topic)), bytes(topic));
  }
  std::uint64_t hits() const { return cache.counters().hits.get(); }
  std::uint64_t searches() const { return cache.counters().searches.get(); }

  TopicHasher hasher{3};
  std::unique_ptr<RouteSet> routes;
  std::vector<TopicCache::Set> sets;
  std::vector<TopicCache::TopicBytes> bytes_of_topics;
  TopicCache cache;
};

TEST(TopicCache, AnswersAsTheSetDoesAndSearchesOnce) {
  Cached cached({"a/+", "b"});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(cached.find("a/x"), 0U);
    EXPECT_EQ(cached.find("b"), 1U);
    EXPECT_EQ(cached.find("c"), RouteSet::kNone);
  }
  // The cache does not keep exact topics. It remembers that a topic has no route too.
  EXPECT_EQ(cached.searches(), 2U);
  EXPECT_EQ(cached.hits(), 4U);
  EXPECT_EQ(cached.cache.counters().kept.get(), 2U);
}

TEST(TopicCache, IsNotAskedWhereThereAreNoPatterns) {
  Cached cached({"a", "b"});
  EXPECT_EQ(cached.find("c"), RouteSet::kNone);
  EXPECT_EQ(cached.searches() + cached.hits(), 0U);
}

TEST(TopicCache, AHashThatTwoTopicsShareIsNotEnough) {
  Cached cached({"a/+", "b/+"});
  const std::uint64_t hash = 0x1234'5678'9abc'def0;
  EXPECT_EQ(cached.cache.find(*cached.routes, hash, bytes("a/x")), 0U);
  EXPECT_EQ(cached.cache.find(*cached.routes, hash, bytes("b/x")), 1U);
  EXPECT_EQ(cached.cache.find(*cached.routes, hash, bytes("b/xy")), 1U);
  EXPECT_EQ(cached.cache.find(*cached.routes, hash, bytes("c/x")), RouteSet::kNone);
  EXPECT_EQ(cached.cache.find(*cached.routes, hash, bytes("a/x")), 0U);
  EXPECT_EQ(cached.hits(), 1U);
}

TEST(TopicCache, TheLongestTopic) {
  Cached cached({"a/#"});
  const std::string longest = "a/" + std::string(253, 'x');
  EXPECT_EQ(cached.find(longest), 0U);
  EXPECT_EQ(cached.find(longest), 0U);
  EXPECT_EQ(cached.find(longest.substr(0, 254)), 0U);
  EXPECT_EQ(cached.hits(), 1U);
}

TEST(TopicCache, AnotherSetIsAskedAnew) {
  Cached cached({"a/+", "b/+"});
  EXPECT_EQ(cached.find("b/x"), 1U);
  EXPECT_EQ(cached.find("c/x"), RouteSet::kNone);
  const RouteSet before = std::move(*cached.routes);
  cached.routes = std::make_unique<RouteSet>(Cached::specs({"b/+", "c/+"}), cached.hasher);
  EXPECT_NE(cached.routes->generation(), before.generation());
  EXPECT_EQ(cached.find("b/x"), 0U);
  EXPECT_EQ(cached.find("c/x"), 1U);
  EXPECT_EQ(cached.find("c/x"), 1U);
  // Then the old set again, as if two sets were asked in turn.
  EXPECT_EQ(cached.cache.find(before, cached.hasher(bytes("b/x")), bytes("b/x")), 1U);
  EXPECT_EQ(cached.find("b/x"), 0U);
  EXPECT_EQ(cached.hits(), 1U);
}

TEST(TopicCache, AgreesWithTheModelWhateverIsPushedOut) {
  const std::vector<std::string> patterns = {"a/+", "a/#", "+/b", "b/+/c", "c", "+/+/+"};
  Cached cached(patterns, 8);  // two sets: topics push each other out all the time
  ASSERT_EQ(cached.sets.size(), 2U);
  const std::vector<std::string> topics = all_texts({"a", "b", "c", ""}, 4);
  std::vector<std::uint32_t> expected;
  for (const std::string& topic : topics) {
    const auto route = taker(patterns, topic);
    expected.push_back(route ? static_cast<std::uint32_t>(*route) : RouteSet::kNone);
  }
  std::mt19937_64 random(5);
  for (int i = 0; i < 200'000; ++i) {
    // Six of the topics come often.
    const std::size_t topic = random() % (random() % 3 == 0 ? topics.size() : 6);
    ASSERT_EQ(cached.find(topics[topic]), expected[topic]) << topics[topic];
  }
  EXPECT_GT(cached.hits(), 10'000U);
  EXPECT_GT(cached.searches(), 10'000U);
}

/// Topics that never come twice: "sensor/<number>/temp".
class Flood {
 public:
  std::string_view next() {
    const auto end = std::to_chars(text_.data() + 7, text_.data() + 20, number_++).ptr;
    const std::string_view tail = "/temp";
    std::ranges::copy(tail, end);
    return {text_.data(), static_cast<std::size_t>(end - text_.data()) + tail.size()};
  }

 private:
  std::uint64_t number_ = 1'000'000'000;
  std::array<char, 32> text_ = {'s', 'e', 'n', 's', 'o', 'r', '/'};
};

std::vector<std::string> known_topics(std::size_t count) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < count; ++i) known.push_back("sensor/" + std::to_string(i) + "/temp");
  return known;
}

// Topics that match a pattern come once each, among a thousand topics that come again and again.
// None of the thousand is ever searched again.
TEST(TopicCache, AFloodOfNewTopicsPushesNoKnownOneOut) {
  Cached cached({"sensor/+/temp"});
  const std::vector<std::string> known = known_topics(1'000);
  for (const std::string& topic : known) (void)cached.find(topic);
  Flood flood;
  std::uint64_t asked = 0;
  std::uint64_t missed = 0;
  for (std::uint64_t i = 0; i < kFlood; ++i) {
    ASSERT_EQ(cached.find(flood.next()), 0U);
    if (i % 10 != 0) continue;
    const std::uint64_t before = cached.searches();
    ASSERT_EQ(cached.find(known[asked++ % known.size()]), 0U);
    missed += cached.searches() - before;
  }
  EXPECT_EQ(missed, 0U);
  EXPECT_EQ(cached.hits(), asked);
  EXPECT_EQ(cached.searches(), kFlood + known.size());
}

// The same if each topic of the flood comes twice in a row and half of them match no pattern. These
// topics look like ones that return, but the known ones are used often enough to stay.
TEST(TopicCache, AFloodThatRepeatsItselfPushesNoKnownOneOut) {
  Cached cached({"sensor/+/temp", "plant/#"});
  const std::vector<std::string> known = known_topics(1'000);
  for (int i = 0; i < 16; ++i) {
    for (const std::string& topic : known) (void)cached.find(topic);
  }
  Flood flood;
  std::uint64_t asked = 0;
  std::uint64_t missed = 0;
  for (std::uint64_t i = 0; i < kFlood / 10; ++i) {
    std::string topic(flood.next());
    if (i % 2 == 0) topic[0] = 'x';
    for (int twice = 0; twice < 2; ++twice) {
      ASSERT_EQ(cached.find(topic), i % 2 == 0 ? RouteSet::kNone : 0U);
    }
    if (i % 10 != 0) continue;
    const std::uint64_t before = cached.searches();
    ASSERT_EQ(cached.find(known[asked++ % known.size()]), 0U);
    missed += cached.searches() - before;
  }
  EXPECT_EQ(missed, 0U);
}

// Topics that begin to return during a flood get places, and keep them.
TEST(TopicCache, ATopicThatReturnsFindsAPlaceDuringAFlood) {
  Cached cached({"sensor/+/temp"});
  Flood flood;
  for (std::uint64_t i = 0; i < 200'000; ++i) (void)cached.find(flood.next());
  const std::vector<std::string> known = known_topics(1'000);
  std::uint64_t searched = 0;
  for (int round = 0; round < 20; ++round) {
    const std::uint64_t before = cached.searches();
    for (const std::string& topic : known) {
      (void)cached.find(topic);
      (void)cached.find(flood.next());
    }
    searched = cached.searches() - before - known.size();
  }
  EXPECT_EQ(searched, 0U);
}

// Four new topics for one set that is full: they must not keep each other out.
TEST(TopicCache, NewcomersInTurnAllFindAPlace) {
  Cached cached({"t/+"}, 4);
  ASSERT_EQ(cached.sets.size(), 1U);
  for (const char* old : {"t/a", "t/b", "t/c", "t/d"}) (void)cached.find(old);
  for (int i = 0; i < 100; ++i) {
    for (const char* topic : {"t/e", "t/f", "t/g", "t/h"}) (void)cached.find(topic);
  }
  const std::uint64_t before = cached.searches();
  for (const char* topic : {"t/e", "t/f", "t/g", "t/h"}) (void)cached.find(topic);
  EXPECT_EQ(cached.searches(), before);
}

TEST(TopicCache, Sizes) {
  EXPECT_EQ(TopicCache::sets_for(0), 1U);
  EXPECT_EQ(TopicCache::sets_for(4), 1U);
  EXPECT_EQ(TopicCache::sets_for(9), 2U);
  EXPECT_EQ(TopicCache::sets_for(16'384), 4'096U);
  EXPECT_EQ(TopicCache::bytes_for(16'384), 4'096U * (64 + 4 * 256));
}

}  // namespace
}  // namespace esc::route
