// SPDX-License-Identifier: BSD-3-Clause
// How much of a worker's time its handlers take. The test holds the clock.
#include "worker/handler_times.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

#include "telemetry/in_hand.hpp"

namespace esc::worker {
namespace {

constexpr std::uint64_t kHz = 1'000'000;
constexpr std::uint64_t kForEver = UINT64_MAX;

TEST(HandlerTimes, ABurstIsTimedAHundredTimesASecondAtMost) {
  HandlerTimes times(kHz);
  std::uint64_t timed = 0;
  for (std::uint64_t now = kHz; now < 2 * kHz; now += 10) timed += times.begin_burst(now) ? 1 : 0;
  EXPECT_EQ(timed, 100U);
}

TEST(HandlerTimes, ThereIsNoPeriodBeforeOneIsOver) {
  HandlerTimes times(kHz);
  EXPECT_FALSE(times.last(kHz, kForEver).has_value());
  times.tick(5 * kHz, 0);
  times.tick(6 * kHz - 1, 0);
  EXPECT_FALSE(times.last(6 * kHz, kForEver).has_value());
  times.tick(6 * kHz, 0);
  EXPECT_TRUE(times.last(6 * kHz, kForEver).has_value());
}

// 10 of 100 events were timed, at 40 cycles each; of those 7 of route 3 took 50.
TEST(HandlerTimes, TheTimedEventsStandForAll) {
  HandlerTimes times(kHz);
  times.tick(kHz, 1000);
  times.add(3, 1, 7, 350);
  times.add(9, 0, 3, 50);
  times.tick(2 * kHz, 1100);
  const auto period = times.last(2 * kHz, kForEver);
  ASSERT_TRUE(period.has_value());
  EXPECT_EQ(period->events, 100U);
  EXPECT_EQ(period->cycles, kHz);
  EXPECT_EQ(period->route_slot, 3U);
  EXPECT_EQ(period->route_handler, 1U);
  EXPECT_DOUBLE_EQ(period->cycles_per_route_event(), 50.0);
  EXPECT_DOUBLE_EQ(period->busy_share(), 4000.0 / kHz);
}

TEST(HandlerTimes, EachPeriodIsItsOwn) {
  HandlerTimes times(kHz);
  times.tick(kHz, 0);
  times.add(3, 1, 1, 900'000);
  times.tick(2 * kHz, 1);
  EXPECT_DOUBLE_EQ(times.last(2 * kHz, kForEver)->busy_share(), 0.9);
  times.tick(3 * kHz, 1);
  EXPECT_DOUBLE_EQ(times.last(3 * kHz, kForEver)->busy_share(), 0.0);
  EXPECT_EQ(times.last(3 * kHz, kForEver)->route_events, 0U);
}

TEST(HandlerTimes, WhatIsOldIsNotTold) {
  HandlerTimes times(kHz);
  times.tick(kHz, 0);
  times.tick(2 * kHz, 0);
  EXPECT_TRUE(times.last(7 * kHz, 5 * kHz).has_value());
  EXPECT_FALSE(times.last(7 * kHz + 1, 5 * kHz).has_value());
}

// However many routes there are, a route that takes more than an eighth of the time is among those
// kept, and no route is estimated to take less than it does.
TEST(BusiestRoutes, TheOneThatTakesMostIsFound) {
  std::mt19937 engine(6);
  const auto random = [&engine] { return static_cast<std::uint32_t>(engine()); };
  for (int round = 0; round < 200; ++round) {
    BusiestRoutes routes;
    std::map<std::uint32_t, std::uint64_t> all;
    std::uint64_t sum = 0;
    const std::uint32_t busiest = random() % 1000;
    for (int i = 0; i < 3000; ++i) {
      const std::uint32_t slot = random() % 4 == 0 ? busiest : random() % 1000;
      const std::uint64_t cycles = slot == busiest ? 400 : 1 + random() % 100;
      routes.add(slot, 2, 1, cycles);
      all[slot] += cycles;
      sum += cycles;
    }
    ASSERT_GT(all[busiest], sum / 2);
    EXPECT_EQ(routes.first().slot, busiest);
    EXPECT_EQ(routes.first().handler, 2U);
    EXPECT_GE(routes.first().weight, all[busiest]);
    EXPECT_LE(routes.first().cycles, all[busiest]);
    EXPECT_EQ(routes.first().cycles, 400 * routes.first().events);
  }
}

TEST(BusiestRoutes, SlotZeroIsARouteLikeAnyOther) {
  BusiestRoutes routes;
  EXPECT_EQ(routes.first().events, 0U);
  routes.add(0, 1, 2, 10);
  routes.add(0, 1, 2, 10);
  EXPECT_EQ(routes.first().slot, 0U);
  EXPECT_EQ(routes.first().events, 4U);
  EXPECT_EQ(routes.first().weight, 20U);
}

TEST(InHand, AWordHoldsItAll) {
  using telemetry::InHand;
  for (const std::uint32_t slot : {0U, 1U, UINT32_MAX}) {
    for (const std::uint16_t handler : std::array<std::uint16_t, 2>{0, UINT16_MAX}) {
      for (const bool mixed : {false, true}) {
        const InHand in_hand{slot, handler, mixed, true};
        EXPECT_EQ(InHand::of(in_hand.word()), in_hand);
      }
    }
  }
  EXPECT_FALSE(InHand::of(0).busy);
}

}  // namespace
}  // namespace esc::worker
