// SPDX-License-Identifier: BSD-3-Clause
// What is wrong with routes, patterns, prefixes and producers, and where.
#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;

/// kMinimal, then these lines: the first is line 11.
std::string with_lines(std::string_view more) {
  return std::string(kMinimal) + std::string(more);
}

TEST(RoutePattern, WildcardsAreWholeLevels) {
  const std::string whole =
      "a wildcard is a whole level: it stands alone between two '/', or at an end";
  const auto problem_of = [](const std::string& topic) {
    return problems(with_lines("[[route]]\ntopic = \"" + topic + "\"\nhandler = \"null\"\n"));
  };
  for (const char* topic : {"a+", "+a", "a/b+/c", "a/++", "+/+a/+"}) {
    EXPECT_EQ(problem_of(topic), Texts{"t.toml:12:9: topic '" + std::string(topic) +
                                       "' has '+' inside a level; " + whole})
        << topic;
  }
  for (const char* topic : {"a#", "#a", "a/##", "a/#b/c", "+/b#"}) {
    EXPECT_EQ(problem_of(topic), Texts{"t.toml:12:9: topic '" + std::string(topic) +
                                       "' has '#' inside a level; " + whole})
        << topic;
  }
  for (const char* topic : {"#/a", "a/#/b", "#/", "a/#/+", "a/#/#"}) {
    EXPECT_EQ(problem_of(topic),
              Texts{"t.toml:12:9: topic '" + std::string(topic) +
                    "' has levels behind its '#'; '#' takes all the rest: end with it"})
        << topic;
  }
  for (const char* topic :
       {"+", "#", "/+", "+/", "/#", "+/+/#", "b/+/c", "$esc", "$SYS/#", "ü/+", "//", "/"}) {
    EXPECT_EQ(problem_of(topic), Texts{}) << topic;
  }
  EXPECT_EQ(problem_of("$esc/#").size(), 1U);
}

TEST(RoutePattern, TwiceIsAConflict) {
  EXPECT_EQ(problems(with_lines("[[route]]\ntopic = \"a/+/#\"\nhandler = \"null\"\n"
                                "[[route]]\ntopic = \"a/+/+\"\nhandler = \"null\"\n"
                                "[[route]]\nhandler = \"null\"\ntopic = \"a/+/#\"\n")),
            Texts{"t.toml:19:9: topic 'a/+/#' has a route already, at t.toml:12:9; remove one of "
                  "the two"});
}

TEST(RoutePattern, TwoHundredAndFiftySixLevels) {
  std::string plus;
  for (int i = 0; i < 127; ++i) plus += "+/";
  EXPECT_EQ(set_problems({"route[0].topic=\"" + plus + "+\""}), Texts{});
  EXPECT_EQ(set_problems({"route[0].topic=\"" + std::string(254, '/') + "#\""}), Texts{});
  EXPECT_EQ(set_problems({"route[0].topic=\"" + plus + "+/\""}).size(), 1U);
}

TEST(RoutePattern, CostOfAMatchIsBounded) {
  // All 2^n patterns of n levels '+' or 'a': the topic a/a/... may have to try 2^(n+1) - 1 nodes.
  const auto all_of = [](unsigned levels) {
    std::string text;
    for (unsigned which = 0; which < 1U << levels; ++which) {
      std::string topic;
      for (unsigned level = 0; level < levels; ++level) {
        topic += (which >> level & 1U) != 0 ? "+/" : "a/";
      }
      text += "[[route]]\ntopic = \"" + topic + "x\"\nhandler = \"null\"\n";
    }
    return text;
  };
  // 2^9 patterns: 2^10 - 1 nodes, and 2^9 nodes behind them, minus two for the pattern without a
  // '+'.
  EXPECT_EQ(problems(with_lines(all_of(8))), Texts{});
  const Texts found = problems(with_lines(all_of(9)));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0],
            "t.toml:15:9: one topic may match the beginnings of 1533 wildcard topics, many near "
            "'+/a/a/a/a/a/a/a/a/x'; have fewer that differ in '+' and a word at one level; the "
            "bound is 1024");
}

TEST(RoutePattern, TooMany) {
  std::string text(kMinimal);
  for (int i = 0; i <= 16'384; ++i) {
    text += "[[route]]\ntopic = \"" + std::to_string(i) + "/+\"\nhandler = \"null\"\n";
  }
  EXPECT_EQ(problems(text), Texts{"t.toml:49164:9: there are 16385 topics with wildcards; have at "
                                  "most 16384"});
}

TEST(RouteOptions, Bounds) {
  const auto route = [](std::string_view line) {
    return problems(with_lines("[[route]]\ntopic = \"b\"\nhandler = \"null\"\n" +
                               std::string(line) + "\n" +
                               "[deduplication]\nkeyed_bytes = 65536\n"));
  };
  EXPECT_EQ(route("priority = 256"), Texts{"t.toml:14:12: 'priority' is 256; give 0 to 255"});
  EXPECT_EQ(route("retries = 16"), Texts{"t.toml:14:11: 'retries' is 16; give 0 to 15"});
  EXPECT_EQ(route("on_full = \"drop\""),
            Texts{"t.toml:14:11: 'on_full' is 'drop'; use one of \"hold\", \"shed\", "
                  "\"dead-letter\""});
  EXPECT_EQ(route("dedup = \"payload-id\""),
            Texts{"t.toml:14:9: dedup = \"payload-id\" does not say how long the id is; add for "
                  "example: dedup_bytes = 16"});
  EXPECT_EQ(route("dedup_bytes = 65\ndedup = \"payload-id\""),
            Texts{"t.toml:14:15: 'dedup_bytes' is 65 with dedup = \"payload-id\"; give 1 to 64, or "
                  "write dedup = \"content\""});
  EXPECT_EQ(route("dedup_bytes = 64\ndedup = \"payload-id\""), Texts{});
  EXPECT_EQ(route("dedup_bytes = 65\ndedup = \"content\""), Texts{});
  EXPECT_EQ(route("dedup_offset = 1\ndedup_bytes = 1"),
            (Texts{"t.toml:14:16: 'dedup_offset' has no effect without 'dedup'; remove it, or "
                   "write dedup = \"payload-id\" or \"content\"",
                   "t.toml:15:15: 'dedup_bytes' has no effect without 'dedup'; remove it, or "
                   "write dedup = \"payload-id\" or \"content\""}));
}

TEST(RouteOptions, KeysNeedMemory) {
  const std::string text =
      with_lines("[[route]]\ntopic = \"b\"\nhandler = \"null\"\ndedup = \"content\"\n");
  EXPECT_EQ(problems(text),
            Texts{"t.toml:14:9: 'dedup' has no memory to keep keys in; give it some, for example "
                  "[deduplication] keyed_bytes = 268435456, or remove 'dedup'"});
}

TEST(RoutePublishers, EachBadPrefixIsNamed) {
  EXPECT_EQ(problems(with_lines("publishers = [\n  \"10.0.0.0/8\",\n  \"10.1.2.3/8\",\n"
                                "  \"host\",\n  \"::1\",\n  \"10.0.0.0/8\",\n]\n")),
            (Texts{"t.toml:13:3: '10.1.2.3/8' has bits set behind its first 8; write 10.0.0.0/8, "
                   "or 10.1.2.3 for the one address",
                   "t.toml:14:3: 'host' is neither an IPv4 nor an IPv6 prefix; write for example "
                   "10.0.0.0/8 or 2001:db8::/32",
                   "t.toml:16:3: 'publishers' lists 10.0.0.0/8 twice; remove one"}));
  EXPECT_EQ(problems(with_lines("publishers = \"::1\"\n")),
            Texts{"t.toml:11:14: 'publishers' must be an array of strings, not a string; write for "
                  "example: publishers = [\"10.0.0.0/8\", \"2001:db8::/32\"]"});
}

TEST(RoutePublishers, AreBounded) {
  const auto list = [](int count) {
    std::string text = "publishers = [";
    for (int i = 0; i < count; ++i) {
      text += "\"10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24\",";
    }
    return text + "]\n";
  };
  EXPECT_EQ(problems(with_lines(list(4'096))), Texts{});
  EXPECT_EQ(problems(with_lines(list(4'097))),
            Texts{"t.toml:11:14: 'publishers' has 4097 entries; give 0 to 4096"});
  std::string text(kMinimal);
  for (int i = 0; i <= 256; ++i) {
    text += "[[route]]\ntopic = \"r" + std::to_string(i) + "\"\nhandler = \"null\"\n" + list(4'096);
  }
  EXPECT_EQ(
      problems(text),
      Texts{"t.toml:1038:14: there are 1052672 prefixes in all 'publishers' and 'sources'; have at "
            "most 1048576"});
}

TEST(Routing, DefaultRouteAndRuleBelongTogether) {
  EXPECT_EQ(problems(with_lines("[routing]\nunknown_topic = \"route\"\n")),
            Texts{"t.toml:12:17: unknown_topic = \"route\" needs a [default_route]; add one with a "
                  "handler"});
  EXPECT_EQ(problems(with_lines("[default_route]\nhandler = \"null\"\n")),
            Texts{"t.toml:11:1: [default_route] has no effect; remove it, or write unknown_topic = "
                  "\"route\" in [routing]"});
  EXPECT_EQ(problems(with_lines("[routing]\nunknown_topic = \"route\"\n[default_route]\n")),
            Texts{"t.toml:13:1: 'handler' is missing in [default_route]; add for example: handler "
                  "= \"count\""});
  EXPECT_EQ(problems(with_lines("[routing]\nunknown_topic = \"route\"\n[default_route]\n"
                                "handler = \"cuont\"\ntopic = \"x\"\n")),
            (Texts{"t.toml:15:1: unknown key 'topic' in [default_route]; it belongs to [[route]]",
                   "t.toml:14:11: unknown handler 'cuont'; did you mean 'count'?"}));
}

TEST(Producer, Ids) {
  const auto producer = [](std::string_view id) {
    return problems(
        with_lines("[[producer]]\nsources = [\"::1\"]\nid = " + std::string(id) + "\n"));
  };
  for (const char* id : {"0", "9223372036854775807", "\"18446744073709551615\"",
                         "\"0xffffffffffffffff\"", "\"0x0\"", "0xcafe"}) {
    EXPECT_EQ(producer(id), Texts{}) << id;
  }
  const std::string advice =
      "; give 0 to 18446744073709551615; as a string decimal or `0x...`; unique";
  EXPECT_EQ(producer("-1"), Texts{"t.toml:13:6: 'id' is -1" + advice});
  for (const char* id : {"", "0x", "x", "-1", "18446744073709551616", "0x10000000000000000", "1 ",
                         " 1", "0X1", "1e3"}) {
    EXPECT_EQ(producer("\"" + std::string(id) + "\""),
              Texts{"t.toml:13:6: 'id' is '" + std::string(id) + "'" + advice})
        << id;
  }
  EXPECT_EQ(producer("1.0"), Texts{"t.toml:13:6: 'id' must be an integer, or a string with one, "
                                   "not a float; write for example: id = \"0xfeed00000000cafe\""});
}

TEST(Producer, TwiceAndWithoutSources) {
  EXPECT_EQ(problems(with_lines("[[producer]]\nid = 255\nsources = [\"::1\"]\n"
                                "[[producer]]\nid = \"0xff\"\nsources = [\"::2\"]\n")),
            Texts{"t.toml:15:6: producer 255 stands already at t.toml:12:6; put all its sources "
                  "into one [[producer]]"});
  EXPECT_EQ(problems(with_lines("[[producer]]\nid = 1\nsources = []\n")),
            Texts{"t.toml:13:11: 'sources' has 0 entries; give 1 to 4096"});
  EXPECT_EQ(problems(with_lines("[[producer]]\nsources = [\"1.2.3.4/0\"]\n")),
            (Texts{"t.toml:11:1: 'id' is missing in [[producer]]; add for example: id = "
                   "\"0xfeed00000000cafe\"",
                   "t.toml:12:12: '1.2.3.4/0' has bits set behind its first 0; write 0.0.0.0/0, or "
                   "1.2.3.4 for the one address"}));
}

}  // namespace
}  // namespace esc::config
