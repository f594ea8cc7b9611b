// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/topic_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "esc-replay/error.hpp"
#include "fixtures.hpp"

namespace esc::replay {
namespace {

Distribution bytes(std::string_view text) {
  return Distribution::parse("--topic-bytes", text, 1, 255);
}

TEST(TopicSet, NamesAreDistinctAndListedAndUnlistedDoNotMeet) {
  const TopicSet set = TopicSet::generate(5000, bytes("12-31"), 3);
  std::set<std::string> names(set.listed().begin(), set.listed().end());
  EXPECT_EQ(names.size(), 5000u);
  names.insert(set.unlisted().begin(), set.unlisted().end());
  EXPECT_EQ(names.size(), 5000u + set.unlisted().size());
  EXPECT_FALSE(set.unlisted().empty());
}

TEST(TopicSet, SeedDecidesTheNames) {
  EXPECT_EQ(TopicSet::generate(50, bytes("12-31"), 3).listed(),
            TopicSet::generate(50, bytes("12-31"), 3).listed());
  EXPECT_NE(TopicSet::generate(50, bytes("12-31"), 3).listed(),
            TopicSet::generate(50, bytes("12-31"), 4).listed());
}

TEST(TopicSet, ShortestNamesThatFitAreTaken) {
  EXPECT_EQ(TopicSet::generate(36, bytes("1"), 1).listed().size(), 36u);
  EXPECT_THROW(static_cast<void>(TopicSet::generate(37, bytes("1"), 1)), Error);
}

TEST(TopicSet, WrittenListReadsBack) {
  const testing::TemporaryFile file;
  const TopicSet set = TopicSet::generate(40, bytes("12-31"), 9);
  set.write(file.path());
  EXPECT_EQ(TopicSet::read(file.path(), 0, bytes("12-31"), 9).listed(), set.listed());
  EXPECT_EQ(TopicSet::read(file.path(), 7, bytes("12-31"), 9).listed().size(), 7u);
  EXPECT_THROW(static_cast<void>(TopicSet::read(file.path(), 41, bytes("12-31"), 9)), Error);
}

TEST(TopicSet, LinesThatNoRouteCanNameAreRefusedByNumber) {
  for (const char* bad :
       {"a\n\n", "a\n$esc/x\n", "a\nb/+/c\n", "a\nb/#\n", "a\na\n", "a\nb\tc\n", "a\n\xff\n"}) {
    const testing::TemporaryFile file;
    write_text_file(file.path(), bad);
    try {
      static_cast<void>(TopicSet::read(file.path(), 0, bytes("12-31"), 1));
      FAIL() << "took " << bad;
    } catch (const Error& error) {
      EXPECT_NE(std::string_view(error.what()).find("line 2"), std::string_view::npos)
          << error.what();
    }
  }
}

}  // namespace
}  // namespace esc::replay
