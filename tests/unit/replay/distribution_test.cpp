// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/distribution.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <vector>

#include "esc-replay/error.hpp"

namespace esc::replay {
namespace {

Distribution parse(std::string_view text) {
  return Distribution::parse("--it", text, 0, 65000);
}

std::map<std::uint64_t, int> draw_many(const Distribution& distribution, int count) {
  Random random(7, 0, Stream::kFrames);
  std::map<std::uint64_t, int> seen;
  for (int i = 0; i < count; ++i) ++seen[distribution.draw(random)];
  return seen;
}

TEST(Distribution, FixedIsAlwaysThat) {
  EXPECT_EQ(draw_many(parse("64"), 100), (std::map<std::uint64_t, int>{{64, 100}}));
}

TEST(Distribution, UniformReachesBothEndsAndNothingElse) {
  for (const char* text : {"10-13", "uniform:10-13"}) {
    const auto seen = draw_many(parse(text), 40000);
    ASSERT_EQ(seen.size(), 4u);
    EXPECT_EQ(seen.begin()->first, 10u);
    EXPECT_EQ(seen.rbegin()->first, 13u);
    for (const auto& [value, count] : seen)
      EXPECT_NEAR(count, 10000, 450) << value;  // 5 deviations
  }
}

TEST(Distribution, WeightsAreKept) {
  const auto seen = draw_many(parse("10:90,200:10"), 10000);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_NEAR(seen.at(10), 9000, 150);
  EXPECT_EQ(seen.at(10) + seen.at(200), 10000);
}

TEST(Distribution, ImixIsItsThreeSizes) {
  const auto seen = draw_many(parse("imix"), 12000);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_NEAR(seen.at(64), 7000, 280);
  EXPECT_NEAR(seen.at(576), 4000, 260);
  EXPECT_NEAR(seen.at(1200), 1000, 155);
}

TEST(Distribution, NormalHasItsMeanAndDeviationAndStaysInBounds) {
  const Distribution normal = parse("normal:300,50");
  EXPECT_EQ(normal.lowest(), 0u);
  EXPECT_EQ(normal.highest(), 600u);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 40000;
  Random random(7, 0, Stream::kFrames);
  for (int i = 0; i < kDraws; ++i) {
    const auto value = static_cast<double>(normal.draw(random));
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kDraws;
  EXPECT_NEAR(mean, 300, 1.3);  // 5 deviations of the mean
  EXPECT_NEAR(std::sqrt(squares / kDraws - mean * mean), 50, 1.0);
  for (const auto& [value, count] : draw_many(parse("normal:5,50"), 1000))
    EXPECT_LE(value, 305u) << count;
}

TEST(Distribution, RefusesWhatMakesNoSense) {
  for (const char* text : {"", "x", "5-", "9-5", "1:0", "1:-2", "1:2:3", "normal:1", "normal:1,-1",
                           "65001", "-1", "1,", "1-2-3", "nan:1", "normal:nan,1"}) {
    try {
      static_cast<void>(parse(text));
      FAIL() << "took '" << text << "'";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kUsage);
      EXPECT_TRUE(std::string_view(error.what()).starts_with("--it")) << error.what();
    }
  }
}

TEST(Zipf, FrequenciesAreThoseOfAnIndependentComputation) {
  constexpr std::size_t kTopics = 64;
  constexpr int kDraws = 20000;
  const WeightedChoice choice = zipf(kTopics, 1.0);
  std::vector<int> seen(kTopics);
  Random random(11, 3, Stream::kFrames);
  for (int i = 0; i < kDraws; ++i) ++seen[choice.draw(random)];

  // The same draws, decided by sums of 1/k instead of a table.
  double harmonic = 0;
  for (std::size_t k = 1; k <= kTopics; ++k) harmonic += 1.0 / static_cast<double>(k);
  std::vector<int> expected(kTopics);
  Random again(11, 3, Stream::kFrames);
  for (int i = 0; i < kDraws; ++i) {
    const double point = again.unit() * harmonic;
    double sum = 0;
    std::size_t rank = 0;
    do sum += 1.0 / static_cast<double>(++rank);
    while (sum <= point && rank < kTopics);
    ++expected[rank - 1];
  }
  EXPECT_EQ(seen, expected);
  EXPECT_NEAR(seen[0], kDraws / harmonic, 5 * std::sqrt(kDraws / harmonic));
}

TEST(Zipf, ExponentZeroIsUniform) {
  const WeightedChoice choice = zipf(4, 0);
  std::vector<int> seen(4);
  Random random(1, 0, Stream::kFrames);
  for (int i = 0; i < 40000; ++i) ++seen[choice.draw(random)];
  for (const int count : seen) EXPECT_NEAR(count, 10000, 450);
}

TEST(Random, DependsOnEachOfItsKeysAndOnNothingElse) {
  const auto first = [](std::uint64_t seed, std::uint64_t index, Stream stream) {
    return Random(seed, index, stream).next();
  };
  EXPECT_EQ(first(1, 2, Stream::kPlan), first(1, 2, Stream::kPlan));
  EXPECT_NE(first(1, 2, Stream::kPlan), first(2, 2, Stream::kPlan));
  EXPECT_NE(first(1, 2, Stream::kPlan), first(1, 3, Stream::kPlan));
  EXPECT_NE(first(1, 2, Stream::kPlan), first(1, 2, Stream::kBytes));
}

}  // namespace
}  // namespace esc::replay
