// SPDX-License-Identifier: BSD-3-Clause
#include "route/exact_topics.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace esc::route {
namespace {

/// Topics with the digests given, and where their bytes are.
class Made {
 public:
  explicit Made(const std::vector<std::uint64_t>& digests) {
    for (const std::uint64_t digest : digests) {
      const auto number = static_cast<std::uint32_t>(topics_.size());
      const std::string topic = name(number);
      ExactTopics::Topic& added = topics_.emplace_back();
      added.digest = digest;
      added.route = number;
      added.key = static_cast<std::uint32_t>(keys_.size());
      if (topic.size() <= wire::kShortTopicBytes) added.if_short = wire::padded(bytes(topic));
      keys_.push_back(static_cast<std::uint8_t>(topic.size()));
      keys_.insert(keys_.end(), topic.begin(), topic.end());
    }
    table_.emplace(topics_);
  }

  /// Every fifth is longer than 32 bytes.
  static std::string name(std::size_t number) {
    return (number % 5 == 4 ? std::string(40, 'x') : "t/") + std::to_string(number);
  }
  static std::span<const std::uint8_t> bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  }

  [[nodiscard]] std::uint32_t find(std::uint64_t digest, std::string_view topic) const {
    const std::uint32_t found = table_->find(digest, bytes(topic), keys_.data());
    if (topic.size() <= wire::kShortTopicBytes) {
      EXPECT_EQ(table_->short_topics().find(digest, wire::padded(bytes(topic))), found) << topic;
    }
    return found;
  }
  void expect_each_is_found() const {
    for (const ExactTopics::Topic& topic : topics_) {
      ASSERT_EQ(find(topic.digest, name(topic.route)), topic.route);
      ASSERT_EQ(find(topic.digest, "stranger"), ExactTopics::kNone);
    }
  }
  [[nodiscard]] std::size_t crowded() const { return table_->crowded(); }

 private:
  std::vector<ExactTopics::Topic> topics_;
  std::vector<std::uint8_t> keys_{0};
  std::optional<ExactTopics> table_;
};

std::vector<std::uint64_t> random_digests(std::size_t count) {
  std::mt19937_64 random(count);
  std::vector<std::uint64_t> digests(count);
  for (std::uint64_t& digest : digests) digest = random();
  return digests;
}

TEST(ExactTopics, PlacesAreAPowerOfTwoWithRoomForAll) {
  EXPECT_EQ(ExactTopics::places_for(0), 2U);
  EXPECT_EQ(ExactTopics::places_for(1), 2U);
  EXPECT_EQ(ExactTopics::places_for(64), 128U);
  EXPECT_EQ(ExactTopics::places_for(102), 128U);
  EXPECT_EQ(ExactTopics::places_for(103), 256U);
  EXPECT_EQ(ExactTopics::places_for(2), 4U);
  EXPECT_EQ(ExactTopics::places_for(838'860), 1'048'576U);
  EXPECT_EQ(ExactTopics::places_for(65'536), 131'072U);
}

// As full as it gets, and with most room; also with many topics.
TEST(ExactTopics, EachHasAPlaceOfItsOwn) {
  for (const std::size_t count : {0U, 1U, 2U, 3U, 5U, 64U, 102U, 103U, 1'000U, 3'276U, 838'860U}) {
    const Made made(random_digests(count));
    made.expect_each_is_found();
    EXPECT_EQ(made.crowded(), 0U) << count;
    for (const std::uint64_t digest : random_digests(count + 1)) {
      ASSERT_EQ(made.find(digest, "stranger"), ExactTopics::kNone);
    }
  }
}

// What a topic needs besides its bytes is its own digest.
TEST(ExactTopics, ATopicIsNotFoundByAnotherDigest) {
  const Made made(random_digests(64));
  std::size_t found = 0;
  for (const std::uint64_t digest : random_digests(1'000)) {
    found += made.find(digest ^ 1U << 20U, Made::name(4)) == 4 ? 1U : 0U;
  }
  EXPECT_EQ(found, 0U);
}

// A free place has the digest 0 as well.
TEST(ExactTopics, ADigestOfZero) {
  EXPECT_EQ(Made({}).find(0, "stranger"), ExactTopics::kNone);
  EXPECT_EQ(Made({5, 6}).find(0, "stranger"), ExactTopics::kNone);
  Made({0}).expect_each_is_found();
  Made({0, 1}).expect_each_is_found();
}

// No multiplier parts them.
TEST(ExactTopics, OneDigestForSeveralTopics) {
  const Made made({42, 42, 42, 42, 42, 42, 7, 42});
  made.expect_each_is_found();
  EXPECT_EQ(made.crowded(), 6U);
  EXPECT_EQ(made.find(42, "t/100"), ExactTopics::kNone);
}

// The lower bits name the group, so all of these are in one; no multiplier finds each a place.
TEST(ExactTopics, AGroupThatIsTooLarge) {
  std::vector<std::uint64_t> digests = random_digests(102);
  for (std::uint64_t& digest : digests) digest = digest << 8U | 3U;
  const Made made(digests);
  made.expect_each_is_found();
  EXPECT_GT(made.crowded(), 0U);
}

}  // namespace
}  // namespace esc::route
