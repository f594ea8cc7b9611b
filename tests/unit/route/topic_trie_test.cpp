// SPDX-License-Identifier: BSD-3-Clause
#include "route/topic_trie.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "config/topic_pattern.hpp"
#include "pattern_model.hpp"
#include "route/route_set.hpp"

namespace esc::route {
namespace {

using namespace test;
using Texts = std::vector<std::string>;

TopicTrie trie_of(const Texts& patterns, std::uint64_t seed = 7) {
  std::vector<TopicTrie::Pattern> numbered;
  for (const std::string& pattern : patterns) {
    numbered.push_back({pattern, static_cast<std::uint32_t>(numbered.size())});
  }
  return {numbered, TopicHasher(seed)};
}

std::string taken_by(const Texts& patterns, const std::string& topic) {
  const std::uint32_t route = trie_of(patterns).match(bytes(topic)).route;
  return route == TopicTrie::kNone ? "nobody" : patterns.at(route);
}

std::size_t cost_of(const Texts& patterns) {
  const std::vector<std::string_view> views(patterns.begin(), patterns.end());
  return config::match_cost(views).steps;
}

TEST(TopicTrie, WithoutPatternsTakesNothing) {
  const TopicTrie trie = trie_of({});
  EXPECT_TRUE(trie.empty());
  EXPECT_EQ(trie.match(bytes("a")).route, TopicTrie::kNone);
  EXPECT_EQ(trie.match(bytes(std::string(255, '/'))).route, TopicTrie::kNone);
}

// The examples of MQTT 3.1.1, section 4.7.
TEST(TopicTrie, TheExamplesOfTheStandard) {
  for (const char* topic : {"sport/tennis/player1", "sport/tennis/player1/ranking",
                            "sport/tennis/player1/score/wimbledon"}) {
    EXPECT_EQ(taken_by({"sport/tennis/player1/#"}, topic), "sport/tennis/player1/#");
  }
  EXPECT_EQ(taken_by({"sport/#"}, "sport"), "sport/#");
  EXPECT_EQ(taken_by({"sport/tennis/+"}, "sport/tennis/player1"), "sport/tennis/+");
  EXPECT_EQ(taken_by({"sport/tennis/+"}, "sport/tennis/player1/ranking"), "nobody");
  EXPECT_EQ(taken_by({"sport/+"}, "sport"), "nobody");
  EXPECT_EQ(taken_by({"sport/+"}, "sport/"), "sport/+");
  EXPECT_EQ(taken_by({"+/+"}, "/finance"), "+/+");
  EXPECT_EQ(taken_by({"/+"}, "/finance"), "/+");
  EXPECT_EQ(taken_by({"+"}, "/finance"), "nobody");
}

TEST(TopicTrie, TopicsThatBeginWithADollar) {
  for (const char* pattern : {"#", "+/monitor/Clients", "+/#", "+/+/+"}) {
    EXPECT_EQ(taken_by({pattern}, "$SYS/monitor/Clients"), "nobody") << pattern;
    EXPECT_EQ(taken_by({pattern}, "SYS/monitor/Clients"), pattern);
  }
  EXPECT_EQ(taken_by({"$SYS/#"}, "$SYS/monitor/Clients"), "$SYS/#");
  EXPECT_EQ(taken_by({"$SYS/monitor/+"}, "$SYS/monitor/Clients"), "$SYS/monitor/+");
  EXPECT_EQ(taken_by({"#"}, "$"), "nobody");
  // Only the first level is special.
  EXPECT_EQ(taken_by({"a/+"}, "a/$SYS"), "a/+");
  EXPECT_EQ(taken_by({"a/#"}, "a/$SYS/b"), "a/#");
}

TEST(TopicTrie, WordsThenPlusThenHashFromTheLeft) {
  const Texts patterns = {"#", "+/#", "a/#", "a/+", "a/+/#", "+/b", "a/b/#", "+/+", "a/+/c"};
  EXPECT_EQ(taken_by(patterns, "a/b"), "a/b/#");
  EXPECT_EQ(taken_by(patterns, "a/b/c"), "a/b/#");  // 'b' before '+', whatever comes after
  EXPECT_EQ(taken_by(patterns, "a/x/c"), "a/+/c");
  EXPECT_EQ(taken_by(patterns, "a/x"), "a/+");  // that ends with the topic
  EXPECT_EQ(taken_by(patterns, "a/x/y"), "a/+/#");
  EXPECT_EQ(taken_by(patterns, "a"), "a/#");
  EXPECT_EQ(taken_by(patterns, "x/b"), "+/b");
  EXPECT_EQ(taken_by(patterns, "x/y"), "+/+");
  EXPECT_EQ(taken_by(patterns, "x/y/z"), "+/#");
  EXPECT_EQ(taken_by({"#", "a/+/c"}, "a/b/d"), "#");  // back from a way that led nowhere
}

// '+' and '#' are ordinary characters in a topic.
TEST(TopicTrie, WildcardsInATopicAreWords) {
  EXPECT_EQ(taken_by({"a/+"}, "a/+"), "a/+");
  EXPECT_EQ(taken_by({"a/+"}, "a/#"), "a/+");
  EXPECT_EQ(taken_by({"+/b"}, "#/b"), "+/b");
  EXPECT_EQ(taken_by({"a/+/b"}, "a/#"), "nobody");
}

TEST(TopicTrie, AnyBytes) {
  EXPECT_EQ(taken_by({"ünï/+/цех"}, "ünï/\xf0\x9f\x8f\xad/цех"), "ünï/+/цех");
  EXPECT_EQ(taken_by({"ünï/+/цех"}, "ünï/x/це"), "nobody");
  EXPECT_EQ(taken_by({"a/+"}, std::string("a/\0\xff", 4)), "a/+");
  EXPECT_EQ(taken_by({"a/+"}, std::string("a\0/x", 4)), "nobody");
}

// Every pattern of a, b, '+' and '#' with up to four levels, in sets of one and of two; every topic
// of a, b and an empty level with up to five.
TEST(TopicTrie, AllSmallPatternsAloneAndInPairs) {
  Texts patterns = all_texts({"a", "b", "+"}, 4);
  patterns.push_back("#");
  for (const std::string& text : all_texts({"a", "b", "+"}, 3)) patterns.push_back(text + "/#");
  ASSERT_EQ(patterns.size(), 160U);
  const Texts topics = all_texts({"a", "b", ""}, 5);
  std::vector<std::vector<bool>> match(patterns.size());
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const TopicTrie trie = trie_of({patterns[i]});
    for (const std::string& topic : topics) {
      match[i].push_back(matches(patterns[i], topic));
      ASSERT_EQ(trie.match(bytes(topic)).route == 0, match[i].back()) << patterns[i] << topic;
    }
  }
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    for (std::size_t j = i + 1; j < patterns.size(); ++j) {
      const TopicTrie trie = trie_of({patterns[i], patterns[j]});
      const std::uint32_t first = more_specific(patterns[i], patterns[j]) ? 0 : 1;
      for (std::size_t t = 0; t < topics.size(); ++t) {
        const std::uint32_t expected = match[i][t] && match[j][t] ? first
                                       : match[i][t]              ? 0
                                       : match[j][t]              ? 1
                                                                  : TopicTrie::kNone;
        ASSERT_EQ(trie.match(bytes(topics[t])).route, expected)
            << patterns[i] << " and " << patterns[j] << " of " << topics[t];
      }
    }
  }
}

// No two different patterns that match one topic are equally specific.
TEST(TopicTrie, ThereAreNoTies) {
  Texts patterns = all_texts({"a", "b", "+"}, 4);
  for (const std::string& text : all_texts({"a", "b", "+"}, 3)) patterns.push_back(text + "/#");
  patterns.push_back("#");
  const Texts topics = all_texts({"a", "b"}, 4);
  std::size_t pairs = 0;
  for (const std::string& topic : topics) {
    Texts matching;
    std::ranges::copy_if(patterns, std::back_inserter(matching),
                         [&](const std::string& pattern) { return matches(pattern, topic); });
    for (const std::string& one : matching) {
      for (const std::string& other : matching) {
        if (one == other) continue;
        ASSERT_NE(more_specific(one, other), more_specific(other, one)) << one << " " << other;
        ++pairs;
      }
    }
  }
  EXPECT_GT(pairs, 1'000U);
}

// Whole route sets, exact topics among them, against the model; and no search costs more than the
// configuration's bound says.
TEST(RouteSet, AgreesWithTheModel) {
  const Texts words = {"", "a", "b", "ab", "$a", "+", "+", "+", "ü"};
  const auto drawn = [&](std::mt19937_64& random, bool wild) {
    std::string text;
    for (std::size_t left = 1 + random() % 7; left > 0; --left) {
      std::string level = words[random() % words.size()];
      if (!wild && level == "+") level = "b";
      text += level + (left > 1 ? "/" : "");
    }
    if (wild && random() % 3 == 0) text += text.empty() ? "#" : "/#";
    return text;
  };
  std::size_t found = 0;
  std::size_t asked = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    std::mt19937_64 random(seed);
    std::set<std::string> unique;
    for (std::size_t i = random() % 60; i > 0; --i) {
      if (const std::string text = drawn(random, true); !text.empty()) unique.insert(text);
    }
    const Texts patterns(unique.begin(), unique.end());
    std::vector<RouteSpec> specs;
    Texts wild;
    for (const std::string& pattern : patterns) {
      specs.push_back({.topic = pattern});
      if (config::is_wildcard(pattern)) wild.push_back(pattern);
    }
    const TopicHasher hasher(seed);
    const RouteSet routes(specs, hasher);
    const std::size_t bound = cost_of(wild);
    for (int i = 0; i < 100; ++i) {
      const std::string topic = drawn(random, false);
      if (topic.empty()) continue;
      const auto expected = taker(patterns, topic);
      const std::uint32_t route = routes.find(hasher(bytes(topic)), bytes(topic));
      ASSERT_EQ(route, expected ? *expected : RouteSet::kNone) << topic << " seed " << seed;
      ASSERT_LE(routes.match(bytes(topic)).steps, bound) << topic << " seed " << seed;
      found += expected ? 1 : 0;
      ++asked;
    }
  }
  EXPECT_GT(found, asked / 4);
  EXPECT_LT(found, asked * 9 / 10);
}

TEST(TopicTrie, TheMostLevelsThereCanBe) {
  const std::string slashes(255, '/');  // 256 empty levels
  std::string plus = "+";
  for (int i = 1; i < 128; ++i) plus += "/+";  // 255 bytes, 128 levels
  std::string words = "a";
  for (int i = 1; i < 128; ++i) words += "/a";
  EXPECT_EQ(taken_by({"#"}, slashes), "#");
  EXPECT_EQ(taken_by({slashes.substr(0, 254) + "#"}, slashes), slashes.substr(0, 254) + "#");
  EXPECT_EQ(taken_by({slashes.substr(0, 254) + "+"}, slashes.substr(0, 254)),
            slashes.substr(0, 254) + "+");
  EXPECT_EQ(taken_by({plus}, words), plus);
  EXPECT_EQ(taken_by({plus}, words.substr(2)), "nobody");
  EXPECT_EQ(taken_by({plus}, std::string(127, '/')), plus);
  const TopicTrie trie = trie_of({plus});
  EXPECT_EQ(trie.match(bytes(words)).steps, 129U);
  EXPECT_EQ(trie.match(bytes(slashes)).steps, 129U);
}

// All 2^8 patterns of eight levels '+' or 'a' and an 'x' after them: a search that fails on every
// way looks at each node before the 'x' just once.
TEST(TopicTrie, PatternsMadeToBeSearchedLookAtEachNodeOnce) {
  Texts patterns = all_texts({"a", "+"}, 8);
  std::erase_if(patterns, [](const std::string& text) { return text.size() != 15; });
  ASSERT_EQ(patterns.size(), 256U);
  for (std::string& pattern : patterns) pattern += "/x";
  const TopicTrie trie = trie_of(patterns);
  const auto steps = [&](const std::string& topic) { return trie.match(bytes(topic)).steps; };
  EXPECT_EQ(steps("a/a/a/a/a/a/a/a/y"), 511U);
  EXPECT_EQ(steps("a/a/a/a/a/a/a/a/x/y"), 767U);
  EXPECT_EQ(steps("a/a/a/a/a/a/a/a/x"), 10U);
  EXPECT_EQ(steps("b/b/b/b/b/b/b/b/y"), 9U);
  EXPECT_EQ(cost_of(patterns), 767U);
}

TEST(MatchCost, IsOneWayForEachWordAndPlus) {
  EXPECT_EQ(cost_of({}), 1U);
  EXPECT_EQ(cost_of({"#"}), 1U);
  EXPECT_EQ(cost_of({"+"}), 2U);
  EXPECT_EQ(cost_of({"a/#"}), 2U);
  EXPECT_EQ(cost_of({"a/+", "b/+", "c/+"}), 3U);       // one of the words, and what is behind it
  EXPECT_EQ(cost_of({"a/+", "+/b"}), 5U);              // both ways
  EXPECT_EQ(cost_of({"a/+", "a/+/#", "a/b/+"}), 5U);   // root, a, +, b, b's +
  EXPECT_EQ(cost_of({"a-b/+", "a/b/+", "a+/+"}), 4U);  // sorted by levels, not by characters
  EXPECT_EQ(cost_of({"/+", "//+"}), 5U);
}

}  // namespace
}  // namespace esc::route
