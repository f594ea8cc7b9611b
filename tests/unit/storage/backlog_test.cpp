// SPDX-License-Identifier: BSD-3-Clause
#include "storage/backlog.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/rings.hpp"

namespace esc::test {
namespace {

constexpr std::uint64_t kPatience = 1'000;

class BacklogTest : public testing::Test {
 protected:
  void put(storage::DeadRing& ring, int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_NE(ring.claim(), nullptr);
      ring.publish();
    }
  }
  /// The storage lcore's part.
  void take(storage::DeadRing& ring, std::size_t count) {
    const std::size_t taken = ring.consume_burst(count, [](const storage::DeadItem&) {});
    gathered_.taken.add(taken);
  }

  OwnedRing<storage::DeadRing> first_{64};
  OwnedRing<storage::DeadRing> second_{64};
  std::vector<const storage::DeadRing*> rings_{first_.get(), second_.get()};
  telemetry::GatherCounters gathered_;
  storage::Backlog backlog_{rings_, gathered_, kPatience};
};

TEST_F(BacklogTest, IsThatOfTheFullestRing) {
  EXPECT_EQ(backlog_.permille(1), 0U);
  put(*first_, 16);
  put(*second_, 32);
  EXPECT_EQ(backlog_.permille(2), 500U);
  take(*second_, 24);
  EXPECT_EQ(backlog_.permille(3), 250U);
}

TEST_F(BacklogTest, OfAStorageThatStoppedNobodyWaits) {
  EXPECT_EQ(backlog_.permille(5'000), 0U);
  put(*first_, 64);
  EXPECT_EQ(backlog_.permille(5'001), 1'000U);
  EXPECT_EQ(backlog_.permille(5'999), 1'000U);
  EXPECT_EQ(backlog_.permille(6'000), 0U);
  take(*first_, 1);
  EXPECT_EQ(backlog_.permille(6'001), 984U);
  EXPECT_EQ(backlog_.permille(7'000), 984U);
  EXPECT_EQ(backlog_.permille(7'001), 0U);
}

TEST_F(BacklogTest, WithoutAStorageThereIsNone) {
  storage::Backlog none;
  EXPECT_EQ(none.permille(1), 0U);
}

}  // namespace
}  // namespace esc::test
