// SPDX-License-Identifier: BSD-3-Clause
#include "identity/producer_index.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "model.hpp"

namespace esc::identity::testing {
namespace {

TEST(ProducerIndex, FindsWhatIsInItThroughInsertionsAndRemovals) {
  constexpr std::size_t kProducers = 128;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<IndexBucket> buckets(ProducerIndex::buckets_for(kProducers));
    ProducerIndex index(buckets, kProducers, seed);
    std::mt19937_64 random(seed);
    std::vector<std::uint64_t> name_of(kProducers);
    std::map<std::uint64_t, std::uint32_t> model;
    std::vector<std::uint32_t> free;
    for (std::uint32_t i = 0; i < kProducers; ++i) free.push_back(i);
    const auto find = [&](std::uint64_t producer) {
      return index.find(index.hash(producer),
                        [&](std::size_t entry) { return name_of[entry] == producer; });
    };
    std::size_t aside = 0;
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t producer = random() % 200;
      const auto known = model.find(producer);
      if (known != model.end()) {
        ASSERT_EQ(find(producer), known->second);
        if (index.guess(index.hash(producer)) == ProducerIndex::kNowhere) ++aside;
        if (random() % 3 != 0) continue;
        index.erase(index.hash(producer), known->second);
        name_of[known->second] = UINT64_MAX;
        free.push_back(known->second);
        model.erase(known);
      } else {
        ASSERT_EQ(find(producer), ProducerIndex::kNowhere);
        if (free.empty()) continue;
        ASSERT_TRUE(index.insert(index.hash(producer), free.back()));
        name_of[free.back()] = producer;
        model[producer] = free.back();
        free.pop_back();
      }
    }
    if (seed == 1) {
      EXPECT_GT(aside, 0U) << "no bucket was ever full: nothing was shown";
    }
  }
}

TEST(ProducerIndex, ATagOfTwoProducersMisleadsNobody) {
  const ProducerTable::Settings settings{
      .producers = 4, .window = 64, .expiry_cycles = 1000, .seed = 77};
  OwnedTable owned(settings);
  const ProducerIndex index(owned.index, settings.producers, settings.seed);
  // Two that share bucket and tag.
  std::map<std::uint64_t, std::uint64_t> by_place;
  std::uint64_t one = 0;
  std::uint64_t other = 0;
  std::mt19937_64 random(1);
  for (int i = 0; i < 1'000'000; ++i) {
    other = random();
    const std::uint64_t hash = index.hash(other);
    const std::uint64_t tag = ((hash >> 32U) | 0x8000'0000U) & 0xFFFF'FFFCU;
    const auto [known, fresh] = by_place.try_emplace(tag << 32U | hash % owned.index.size(), other);
    one = known->second;
    if (!fresh) break;
  }
  ASSERT_NE(one, other);
  ASSERT_EQ(owned.check({one, 10, 1}, 1), Verdict::kNew);
  ASSERT_NE(index.guess(index.hash(other)), ProducerIndex::kNowhere);  // it suggests the wrong one
  EXPECT_EQ(owned.check({other, 11, 1}, 1), Verdict::kNew);
  EXPECT_EQ(owned.table.totals().live.get(), 2U);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(owned.check({one, 10, 1}, 1), Verdict::kDuplicate);
    EXPECT_EQ(owned.check({other, 11, 1}, 1), Verdict::kDuplicate);
  }
  EXPECT_EQ(owned.check({other, 12, 1}, 1), Verdict::kNew);
  EXPECT_EQ(owned.check({one, 11, 1}, 1), Verdict::kNew);
}

}  // namespace
}  // namespace esc::identity::testing
