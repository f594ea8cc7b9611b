// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/watchdog.hpp"

#include <gtest/gtest.h>

#include <array>

namespace esc::runtime {
namespace {

constexpr std::uint64_t kStall = 1000;

class WatchdogTest : public testing::Test {
 protected:
  WatchdogTest() {
    for (LcoreStatus& lcore : lcores_) {
      lcore.heartbeat_tsc.set(10'000);
      lcore.running.set(1);
    }
  }
  std::array<LcoreStatus, 3> lcores_;
  Watchdog watchdog_{lcores_, kStall};
};

TEST_F(WatchdogTest, MovingLcoresAreNotMentioned) {
  EXPECT_TRUE(watchdog_.check(10'000).empty());
  EXPECT_TRUE(watchdog_.check(10'000 + kStall - 1).empty());
  EXPECT_FALSE(watchdog_.any_stalled());
  EXPECT_EQ(watchdog_.stalls(), 0U);
}

TEST_F(WatchdogTest, AStallIsReportedOnceWithItsStage) {
  lcores_[0].heartbeat_tsc.set(10'900);
  lcores_[2].heartbeat_tsc.set(10'900);
  lcores_[1].stage.set(4);
  const auto changes = watchdog_.check(10'000 + kStall);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].lcore, 1U);
  EXPECT_TRUE(changes[0].stalled);
  EXPECT_EQ(changes[0].stage, 4U);
  EXPECT_EQ(changes[0].for_cycles, kStall);
  EXPECT_TRUE(watchdog_.stalled(1));
  EXPECT_FALSE(watchdog_.stalled(0));
  EXPECT_TRUE(watchdog_.any_stalled());
  lcores_[0].heartbeat_tsc.set(20'000);
  lcores_[2].heartbeat_tsc.set(20'000);
  EXPECT_TRUE(watchdog_.check(20'000).empty());
  EXPECT_EQ(watchdog_.stalls(), 1U);
}

TEST_F(WatchdogTest, RecoveryIsReportedAndTheNextStallIsANewOne) {
  ASSERT_EQ(watchdog_.check(12'000).size(), 3U);
  EXPECT_EQ(watchdog_.stalls(), 3U);
  lcores_[1].heartbeat_tsc.set(12'100);
  const auto recovered = watchdog_.check(12'200);
  ASSERT_EQ(recovered.size(), 1U);
  EXPECT_EQ(recovered[0].lcore, 1U);
  EXPECT_FALSE(recovered[0].stalled);
  EXPECT_FALSE(watchdog_.stalled(1));
  EXPECT_EQ(watchdog_.stalls(), 3U);
  const auto again = watchdog_.check(13'100);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_TRUE(again[0].stalled);
  EXPECT_EQ(watchdog_.stalls(), 4U);
}

TEST_F(WatchdogTest, AnLcoreThatDoesNotRunCannotStall) {
  for (LcoreStatus& lcore : lcores_) lcore.running.set(0);
  lcores_[0].heartbeat_tsc.set(0);  // has not begun
  EXPECT_TRUE(watchdog_.check(UINT64_MAX).empty());
}

TEST_F(WatchdogTest, AnLcoreThatHasStoppedIsNoLongerStalled) {
  ASSERT_EQ(watchdog_.check(12'000).size(), 3U);
  for (LcoreStatus& lcore : lcores_) lcore.running.set(0);
  EXPECT_EQ(watchdog_.check(20'000).size(), 3U);
  EXPECT_FALSE(watchdog_.any_stalled());
}

TEST_F(WatchdogTest, AHeartbeatFromTheFutureIsFresh) {
  // TSCs differ a little between CPUs; the difference must not wrap around into a long stall.
  EXPECT_TRUE(watchdog_.check(9'999).empty());
  EXPECT_TRUE(watchdog_.check(0).empty());
  EXPECT_EQ(watchdog_.stalls(), 0U);
}

TEST(Watchdog, NothingToWatch) {
  Watchdog watchdog({}, kStall);
  EXPECT_TRUE(watchdog.check(1'000'000).empty());
  EXPECT_FALSE(watchdog.any_stalled());
}

}  // namespace
}  // namespace esc::runtime
