// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "dispatch/dispatch_fixture.hpp"

namespace esc::test {
namespace {

using config::Spread;

TEST_F(DispatchTest, NothingToDo) {
  make({{.topic = "a"}}, 1, 8);
  EXPECT_EQ(stage_->poll(1), 0U);
  EXPECT_EQ(counters_.polls.get(), 1U);
  EXPECT_EQ(counters_.bursts.get(), 0U);
}

TEST_F(DispatchTest, AnEventArrivesWithItsRouteAndHandler) {
  make({{.topic = "a", .handler = 2}, {.topic = "b", .handler = 1}}, 1, 8);
  give("b", 7);
  EXPECT_EQ(stage_->poll(1), 1U);
  const auto items = take(0);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].slot, 1U);
  EXPECT_EQ(items[0].handler, 1U);
  EXPECT_EQ(items[0].event.sequence, 7U);
  EXPECT_EQ(counters_.events_received.get(), 1U);
  EXPECT_EQ(counters_.events_routed.get(), 1U);
  EXPECT_EQ(counters_.bursts.get(), 1U);
  EXPECT_EQ(unknown(), 0U);
}

TEST_F(DispatchTest, UnknownTopicsAreCountedAndGivenBackAtOnce) {
  make({{.topic = "a"}}, 1, 64);
  give("a");
  give("nobody's");
  give("A");
  EXPECT_EQ(stage_->poll(1), 3U);
  EXPECT_EQ(unknown(), 2U);
  EXPECT_EQ(pool_.in_use(), 1U);
  EXPECT_EQ(take(0).size(), 1U);
  expect_balanced();
}

TEST_F(DispatchTest, WithoutRoutesEverythingIsUnknown) {
  make({}, 2, 8);
  for (int i = 0; i < 200; ++i) give("t" + std::to_string(i));
  while (stage_->poll(1) != 0) {
  }
  EXPECT_EQ(unknown(), 200U);
  EXPECT_TRUE(pool_.whole());
}

TEST_F(DispatchTest, UnknownSharedMbufsLoseOneReferenceEach) {
  make({{.topic = "known"}}, 1, 8);
  event::Event one = make_event(pool_, "unknown");
  const std::array<event::Event, 2> both = {share(one), one};
  ASSERT_EQ(producer_.push_burst(both), 2U);
  EXPECT_EQ(stage_->poll(1), 2U);
  EXPECT_EQ(unknown(), 2U);
  EXPECT_TRUE(pool_.whole());
}

TEST_F(DispatchTest, ABurstIsAsLongAsItWasToldAndNeverLongerThanTheStaging) {
  for (const std::size_t burst :
       {std::size_t{1}, std::size_t{5}, std::size_t{64}, std::size_t{1000}}) {
    rings_.clear();
    make({{.topic = "a"}}, 1, 256, {.burst = burst});
    for (int i = 0; i < 100; ++i) give("a");
    EXPECT_EQ(stage_->poll(1), std::min<std::size_t>(burst, 64));
    while (stage_->poll(1) != 0) {
    }
    EXPECT_EQ(take(0).size(), 100U);
  }
}

TEST_F(DispatchTest, AFullWorkerIsWaitedForAndNothingIsLost) {
  make({{.topic = "a"}}, 1, 8, {.burst = 32, .hold = 16});
  for (std::uint64_t i = 0; i < 100; ++i) give("a", i);
  // 8 into the ring, 16 wait, the rest stays in the input.
  EXPECT_EQ(stage_->poll(1), 24U);
  EXPECT_EQ(counters_.events_routed.get(), 8U);
  EXPECT_EQ(counters_.events_held.get(), 16U);
  EXPECT_EQ(counters_.polls_blocked.get(), 1U);
  EXPECT_EQ(stage_->poll(2), 0U);
  EXPECT_EQ(stage_->poll(3), 0U);
  EXPECT_EQ(counters_.polls_blocked.get(), 3U);
  EXPECT_EQ(ingest_->size(), 76U);
  expect_balanced();
  // Room for 3: those move, and as many may wait.
  std::vector<event::WorkItem> got = take(0, 3);
  EXPECT_EQ(stage_->poll(4), 6U);
  EXPECT_EQ(counters_.events_held.get(), 16U);
  expect_balanced();
  for (int polls = 0; got.size() < 100 && polls < 1000; ++polls) {
    for (const event::WorkItem& item : take(0)) got.push_back(item);
    (void)stage_->poll(5);
    expect_balanced();
  }
  ASSERT_EQ(got.size(), 100U);
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_EQ(got[i].event.sequence, i);
  EXPECT_EQ(counters_.events_held.get(), 0U);
  EXPECT_EQ(counters_.events_received.get(), 100U);
  EXPECT_EQ(counters_.events_routed.get(), 100U);
}

TEST_F(DispatchTest, AWorkerThatStopsTakesOnlyItsOwnEventsDown) {
  make({{.topic = "stuck", .spread = Spread::kWorker, .worker = 0},
        {.topic = "fine", .spread = Spread::kWorker, .worker = 1}},
       2, 4, {.burst = 16, .hold = 8, .hold_cycles = 100});
  std::uint64_t fine = 0;
  std::uint64_t now = 1;
  for (; now <= 400; ++now) {
    if (ingest_->size() < 8) {
      give("stuck");
      give("fine");
    }
    (void)stage_->poll(now);
    fine += take(1).size();
    expect_balanced();
    EXPECT_LE(counters_.events_held.get(), 8U);
  }
  // 12 of each find room, then all stands still until the first that waits is given up at 105. From
  // then on nobody waits for worker 0: 4 of each that stood in the input and 295 more.
  EXPECT_EQ(fine, 311U);
  EXPECT_EQ(counters_.workers_stopped.get(), 1U);
  EXPECT_EQ(dropped(FrameDrop::kWorkerFull), 0U);
  EXPECT_EQ(counters_.events_held.get(), 0U);
  EXPECT_EQ(dropped(FrameDrop::kHoldExpired), 307U);
  // The worker moves again: as soon as its ring is half empty, events wait for it as before.
  EXPECT_EQ(take(0, 1).size(), 1U);
  (void)stage_->poll(++now);
  EXPECT_EQ(counters_.workers_stopped.get(), 1U);
  EXPECT_EQ(take(0, 1).size(), 1U);
  (void)stage_->poll(++now);
  EXPECT_EQ(counters_.workers_stopped.get(), 0U);
  const std::uint64_t expired = dropped(FrameDrop::kHoldExpired);
  for (int i = 0; i < 6; ++i) give("stuck");
  (void)stage_->poll(++now);
  EXPECT_EQ(dropped(FrameDrop::kHoldExpired), expired);
  EXPECT_GT(counters_.events_held.get(), 0U);
  expect_balanced();
}

TEST_F(DispatchTest, WherePortsCanLoseAFullWorkerNeverStopsTheOthers) {
  make({{.topic = "stuck", .spread = Spread::kWorker, .worker = 0},
        {.topic = "fine", .spread = Spread::kWorker, .worker = 1}},
       2, 4, {.hold = 8, .lossless = false});
  std::uint64_t fine = 0;
  for (int i = 0; i < 100; ++i) {
    give("stuck");
    give("fine");
    EXPECT_EQ(stage_->poll(1), 2U);
    fine += take(1).size();
  }
  EXPECT_EQ(fine, 100U);
  // Of a low priority, they may take little more than seven eighths of the room to wait in.
  EXPECT_EQ(counters_.events_held.get(), 7U);
  EXPECT_EQ(dropped(FrameDrop::kWorkerFull), 89U);
  expect_balanced();
  EXPECT_EQ(discard(), 7U);
}

// Four times as many events as the worker takes; one in eight has the highest priority.
TEST_F(DispatchTest, WhatAWorkerCannotTakeIsOfTheLowestPriorities) {
  make({{.topic = "a"}}, 1, 4, {.hold = 256, .lossless = false});
  std::array<std::uint64_t, 8> given{};
  std::array<std::uint64_t, 8> got{};
  const auto count = [&got](const std::vector<event::WorkItem>& items) {
    for (const event::WorkItem& item : items) ++got[item.event.priority / 36U];
  };
  for (std::uint64_t i = 0; i < 8'000; ++i) {
    event::Event event = make_event(pool_, "a", i);
    const auto band = i * 5 % 8;
    event.priority = static_cast<std::uint8_t>(band == 7 ? 255 : band * 36);
    ++given[band];
    ASSERT_EQ(producer_.push_burst({&event, 1}), 1U);
    (void)stage_->poll(1);
    if (i % 4 == 0) count(take(0, 1));
    expect_balanced();
  }
  while (counters_.events_held.get() != 0) {
    (void)stage_->poll(1);
    count(take(0));
  }
  count(take(0));
  EXPECT_EQ(got[7], given[7]);
  EXPECT_EQ(got[6], given[6]);
  for (std::size_t band = 1; band < 8; ++band) EXPECT_GE(got[band], got[band - 1]) << band;
  EXPECT_LT(got[0], 100U);
  EXPECT_GT(dropped(FrameDrop::kWorkerFull), 5'500U);
}

// Where nothing may be lost, events that a moving worker cannot take wait in the input, whatever
// their priority.
TEST_F(DispatchTest, WherePortsCannotLosePrioritiesWaitAlike) {
  make({{.topic = "a"}}, 1, 4, {.hold = 8, .lossless = true});
  for (int i = 0; i < 100; ++i) give("a");
  (void)stage_->poll(1);
  EXPECT_EQ(counters_.events_held.get(), 8U);
  EXPECT_EQ(dropped(FrameDrop::kWorkerFull), 0U);
}

TEST_F(DispatchTest, WhileItIsPausedAFullRingIsNoPressure) {
  control::PressureMonitor monitor(control::make_pressure_table({}, 1'000'000), 0);
  monitor_ = &monitor;
  make({{.topic = "a"}}, 1, 1024);
  for (int i = 0; i < 500; ++i) give("a");
  flow_.show(control::Flow::kPaused);
  (void)stage_->poll(1'000);
  EXPECT_EQ(monitor.board().read().level(), PressureLevel::kHealthy);
  flow_.show(control::Flow::kOpen);
  (void)stage_->poll(2'000);
  EXPECT_EQ(monitor.board().read().level(), PressureLevel::kEmergency);
}

TEST_F(DispatchTest, DeadLettersThatWaitForTheStorageArePressure) {
  control::PressureMonitor monitor(control::make_pressure_table({}, 1'000'000), 0);
  monitor_ = &monitor;
  make({{.topic = "a"}}, 1, 1024, {.keeps = true});
  for (int i = 0; i < 40; ++i) give("nobody");
  (void)stage_->poll(1'000);
  (void)stage_->poll(2'000);
  EXPECT_EQ(monitor.inputs()[PressureInput::kDeadLetters], 625U);
  EXPECT_EQ(monitor.board().read().level(), PressureLevel::kElevated);
}

TEST_F(DispatchTest, ARouteThatDoesNotWaitIsShedAtOnce) {
  make({{.topic = "shed", .on_full = route::OnFull::kShed},
        {.topic = "letter", .on_full = route::OnFull::kDeadLetter},
        {.topic = "hold"}},
       1, 4, {.hold = 8});
  for (int i = 0; i < 6; ++i) give("shed");
  for (int i = 0; i < 3; ++i) give("letter");
  for (int i = 0; i < 2; ++i) give("hold");
  give("shed");
  EXPECT_EQ(stage_->poll(1), 12U);
  EXPECT_EQ(dropped(FrameDrop::kWorkerFull), 6U);
  EXPECT_EQ(counters_.events_held.get(), 2U);
  expect_balanced();
  EXPECT_EQ(take(0).size(), 4U);
  EXPECT_EQ(stage_->poll(2), 2U);
  EXPECT_EQ(take(0).size(), 2U);
}

TEST_F(DispatchTest, WhileItIsPausedNothingIsTaken) {
  make({{.topic = "a"}}, 1, 4, {.hold = 8});
  for (int i = 0; i < 6; ++i) give("a");
  EXPECT_EQ(stage_->poll(1), 6U);
  ASSERT_EQ(counters_.events_held.get(), 2U);
  flow_.show(control::Flow::kPaused);
  for (int i = 0; i < 3; ++i) give("a");
  EXPECT_EQ(stage_->poll(2), 0U);
  EXPECT_EQ(ingest_->size(), 3U);
  // Events that had been taken before go on.
  EXPECT_EQ(take(0).size(), 4U);
  EXPECT_EQ(stage_->poll(3), 2U);
  EXPECT_EQ(counters_.events_held.get(), 0U);
  flow_.show(control::Flow::kClosed);
  EXPECT_EQ(stage_->poll(4), 2U + 1U);
  EXPECT_EQ(take(0).size(), 4U);
  EXPECT_EQ(stage_->poll(5), 1U);
  EXPECT_EQ(take(0).size(), 1U);
}

TEST_F(DispatchTest, IsBlockedWhileEventsWaitForAWorker) {
  make({{.topic = "a"}}, 1, 2, {.hold = 2});
  EXPECT_FALSE(stage_->blocked());
  for (std::uint64_t i = 0; i < 5; ++i) give("a", i);
  EXPECT_EQ(stage_->poll(1), 4U);
  EXPECT_EQ(stage_->poll(2), 0U);
  EXPECT_TRUE(stage_->blocked());  // one waits in the input, two before the ring
  (void)take(0);
  EXPECT_EQ(stage_->poll(3), 3U);
  EXPECT_EQ(stage_->poll(4), 0U);
  EXPECT_TRUE(stage_->blocked());  // one waits before the ring
  (void)take(0);
  EXPECT_EQ(stage_->poll(5), 1U);
  EXPECT_EQ(stage_->poll(6), 0U);
  EXPECT_FALSE(stage_->blocked());  // what is in the ring is the worker's
}

TEST_F(DispatchTest, IsNotBlockedByWhatAPauseLeavesInItsRing) {
  make({{.topic = "a"}}, 1, 8);
  flow_.show(control::Flow::kPaused);
  give("a");
  EXPECT_EQ(stage_->poll(1), 0U);
  EXPECT_FALSE(stage_->blocked());
  flow_.show(control::Flow::kOpen);
  EXPECT_TRUE(stage_->blocked());  // has come since the last poll: no time for a nap either
}

/// A ring whose oldest cells are claimed and not published: no event is ready, although more come
/// in.
struct RingWithAHole {
  struct Stretch {
    const event::Event& none;
    [[nodiscard]] static std::size_t size() noexcept { return capacity(); }
    [[nodiscard]] static bool is_ready(std::size_t) noexcept { return false; }
    [[nodiscard]] const event::Event& value(std::size_t) const noexcept { return none; }
  };
  [[nodiscard]] Stretch stretch(std::size_t) const noexcept { return {none}; }
  std::size_t claimed = 0;
  [[nodiscard]] static std::size_t ready(std::size_t) noexcept { return 0; }
  [[nodiscard]] std::size_t size() const noexcept { return claimed; }
  [[nodiscard]] static std::size_t capacity() noexcept { return 100; }
  [[nodiscard]] const event::Event& peek(std::size_t) const noexcept { return none; }
  static void release(std::size_t) noexcept {}
  event::Event none{};
};

TEST_F(DispatchTest, IsBlockedBeforeAHoleAndMeasuresItsPressure) {
  rules_.emplace(make_rules({}, kHasher));
  pressure_.emplace(rules_->quiescence, std::make_unique<const control::PressureTable>(
                                            control::make_pressure_table({}, 1'000'000)));
  control::PressureMonitor monitor(*pressure_->get(), 0);
  RingWithAHole ring;
  dispatch::DispatchStage<RingWithAHole> stage({.input = ring,
                                                .workers = {},
                                                .rules = rules_->published,
                                                .cache = rules_->cache(),
                                                .flow = flow_,
                                                .probe = {&monitor, {}, {}, 0, storage::Backlog{}},
                                                .pressure_table = &*pressure_,
                                                .counters = counters_,
                                                .pools = pools_,
                                                .hold_limits = {}});
  EXPECT_EQ(stage.poll(1), 0U);
  EXPECT_FALSE(stage.blocked());
  ring.claimed = 95;
  EXPECT_EQ(stage.poll(2), 0U);
  EXPECT_TRUE(stage.blocked());
  EXPECT_EQ(monitor.board().read().level(), PressureLevel::kEmergency);
}

TEST_F(DispatchTest, EachRoutesSpreadDecides) {
  make({{.topic = "turns", .spread = Spread::kRoundRobin},
        {.topic = "third", .spread = Spread::kWorker, .worker = 2}},
       3, 64);
  for (int i = 0; i < 9; ++i) give("turns");
  for (int i = 0; i < 5; ++i) give("third");
  EXPECT_EQ(stage_->poll(1), 14U);
  EXPECT_EQ(take(0).size(), 3U);
  EXPECT_EQ(take(1).size(), 3U);
  EXPECT_EQ(take(2).size(), 8U);
}

// Four workers with small rings that are emptied now and then: whatever the timing, each topic's
// events come out of one worker, complete and in order.
TEST_F(DispatchTest, OrderPerTopicSurvivesFullRings) {
  std::vector<route::RouteSpec> specs;
  for (int i = 0; i < 16; ++i) specs.push_back({.topic = "t" + std::to_string(i)});
  make(specs, 4, 8, {.burst = 32, .hold = 16});
  std::mt19937 random(4);
  std::array<std::uint64_t, 16> sent{};
  std::map<std::uint32_t, std::size_t> worker_of;
  std::array<std::uint64_t, 16> got{};
  const auto drain = [&](std::size_t worker, std::size_t most) {
    for (const event::WorkItem& item : take(worker, most)) {
      EXPECT_EQ(item.event.sequence, got[item.slot]++);
      EXPECT_EQ(worker_of.try_emplace(item.slot, worker).first->second, worker);
    }
  };
  std::uint64_t given = 0;
  for (int round = 0; round < 3000; ++round) {
    for (std::size_t i = random() % 20; i != 0 && pool_.in_use() < 500; --i, ++given) {
      const std::size_t topic = random() % 16;
      give(specs[topic].topic, sent[topic]++);
    }
    (void)stage_->poll(1);
    expect_balanced();
    drain(random() % 4, random() % 8);
  }
  for (int round = 0; round < 500; ++round) {
    (void)stage_->poll(1);
    for (std::size_t worker = 0; worker < 4; ++worker) drain(worker, SIZE_MAX);
  }
  EXPECT_EQ(got, sent);
  EXPECT_EQ(counters_.events_routed.get(), given);
  EXPECT_EQ(counters_.events_held.get(), 0U);
  EXPECT_GT(counters_.polls_blocked.get(), 0U);
}

TEST_F(DispatchTest, DiscardGivesBackWhatIsHeldAndSaysHowMuch) {
  make({{.topic = "a", .spread = Spread::kWorker, .worker = 0},
        {.topic = "b", .spread = Spread::kWorker, .worker = 1}},
       2, 4);
  for (int i = 0; i < 10; ++i) give("a");
  for (int i = 0; i < 7; ++i) give("b");
  EXPECT_EQ(stage_->poll(1), 17U);
  ASSERT_EQ(counters_.events_held.get(), 9U);
  EXPECT_EQ(discard(), 9U);
  EXPECT_EQ(counters_.events_held.get(), 0U);
  EXPECT_EQ(pool_.in_use(), 8U);  // what the rings hold is not the stage's
  EXPECT_EQ(discard(), 0U);
}

TEST_F(DispatchTest, DiscardAfterAPartialPushGivesBackTheRestOnly) {
  make({{.topic = "a"}}, 1, 4);
  for (int i = 0; i < 10; ++i) give("a");
  EXPECT_EQ(stage_->poll(1), 10U);
  EXPECT_EQ(take(0, 2).size(), 2U);
  EXPECT_EQ(stage_->poll(2), 2U);
  EXPECT_EQ(discard(), 4U);
  EXPECT_EQ(take(0).size(), 4U);
  EXPECT_TRUE(pool_.whole());
}

}  // namespace
}  // namespace esc::test
