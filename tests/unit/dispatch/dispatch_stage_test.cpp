#include "dispatch/dispatch_stage.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "support/events.hpp"
#include "support/rings.hpp"

namespace esc::test {
namespace {

using config::Spread;

class DispatchTest : public testing::Test {
 protected:
  ~DispatchTest() override {
    for (std::size_t worker = 0; worker < rings_.size(); ++worker) (void)take(worker);
    EXPECT_TRUE(pool_.whole());
  }

  void make(std::vector<route::RouteSpec> routes, std::size_t workers, std::size_t cells,
            std::size_t burst = 64) {
    routes_.emplace(routes, kHasher);
    std::vector<WorkerRing*> outputs;
    for (std::size_t i = 0; i < workers; ++i) {
      rings_.push_back(std::make_unique<OwnedRing<WorkerRing>>(cells));
      outputs.push_back(rings_.back()->get());
    }
    stage_.emplace(*ingest_, outputs, *routes_, counters_, pools_, burst);
  }

  void give(std::string_view topic, std::uint64_t number = 0) {
    const event::Event event = make_event(pool_, topic, number);
    ASSERT_EQ(producer_.push_burst({&event, 1}), 1U);
  }

  /// Empties a worker's ring and gives the mbufs back.
  std::vector<event::WorkItem> take(std::size_t worker, std::size_t most = SIZE_MAX) {
    std::vector<event::WorkItem> items;
    (void)(*rings_[worker])->consume_burst(most, [&](const event::WorkItem& item) {
      items.push_back(item);
    });
    for (const event::WorkItem& item : items) releaser_.release(item.event);
    releaser_.flush();
    return items;
  }

  [[nodiscard]] std::uint64_t unknown() const {
    return counters_.frame_dropped.get(FrameDrop::kUnknownTopic);
  }
  /// What came in is routed, held or dropped: at any time between two polls.
  void expect_balanced() const {
    EXPECT_EQ(counters_.events_received.get(),
              counters_.events_routed.get() + counters_.events_held.get() + unknown());
  }

  TestPool pool_;
  std::array<rte_mempool*, 1> pools_{pool_.get()};
  event::Releaser releaser_{pools_};
  OwnedRing<IngestRing> ingest_{512};
  IngestRing::Producer producer_{*ingest_};
  telemetry::DispatchCounters counters_;
  std::optional<route::RouteSet> routes_;
  std::vector<std::unique_ptr<OwnedRing<WorkerRing>>> rings_;
  std::optional<dispatch::DispatchStage<>> stage_;
};

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
  EXPECT_EQ(items[0].route, 1U);
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
    make({{.topic = "a"}}, 1, 256, burst);
    for (int i = 0; i < 100; ++i) give("a");
    EXPECT_EQ(stage_->poll(1), std::min<std::size_t>(burst, 64));
    while (stage_->poll(1) != 0) {
    }
    EXPECT_EQ(take(0).size(), 100U);
  }
}

TEST_F(DispatchTest, AFullWorkerIsWaitedForAndNothingIsLost) {
  make({{.topic = "a"}}, 1, 8, 32);
  for (std::uint64_t i = 0; i < 100; ++i) give("a", i);
  EXPECT_EQ(stage_->poll(1), 32U);
  EXPECT_EQ(counters_.events_routed.get(), 8U);
  EXPECT_EQ(counters_.events_held.get(), 24U);
  EXPECT_EQ(counters_.worker_full.get(), 0U);
  // Nothing moves, nothing more is taken.
  EXPECT_EQ(stage_->poll(2), 0U);
  EXPECT_EQ(stage_->poll(3), 0U);
  EXPECT_EQ(counters_.worker_full.get(), 2U);
  EXPECT_EQ(ingest_->size(), 68U);
  expect_balanced();
  // Room for 3: those move, and it still holds.
  std::vector<event::WorkItem> got = take(0, 3);
  EXPECT_EQ(stage_->poll(4), 3U);
  EXPECT_EQ(counters_.events_held.get(), 21U);
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

TEST_F(DispatchTest, WhatOneFullWorkerHoldsDoesNotKeepBackItsBurstsOtherEvents) {
  make({{.topic = "slow", .spread = Spread::kWorker, .worker = 0},
        {.topic = "fast", .spread = Spread::kWorker, .worker = 1}},
       2, 4, 16);
  for (std::uint64_t i = 0; i < 8; ++i) give(i % 2 == 0 ? "slow" : "fast", i);
  give("slow");
  EXPECT_EQ(stage_->poll(1), 9U);
  EXPECT_EQ(take(1).size(), 4U);
  EXPECT_EQ(counters_.events_held.get(), 1U);
  EXPECT_EQ(take(0).size(), 4U);
  EXPECT_EQ(stage_->poll(2), 1U);
  EXPECT_EQ(counters_.events_held.get(), 0U);
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
  make(specs, 4, 8, 32);
  std::mt19937 random(4);
  std::array<std::uint64_t, 16> sent{};
  std::map<std::uint32_t, std::size_t> worker_of;
  std::array<std::uint64_t, 16> got{};
  const auto drain = [&](std::size_t worker, std::size_t most) {
    for (const event::WorkItem& item : take(worker, most)) {
      EXPECT_EQ(item.event.sequence, got[item.route]++);
      EXPECT_EQ(worker_of.try_emplace(item.route, worker).first->second, worker);
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
  EXPECT_GT(counters_.worker_full.get(), 0U);
}

TEST_F(DispatchTest, DiscardGivesBackWhatIsHeldAndSaysHowMuch) {
  make({{.topic = "a", .spread = Spread::kWorker, .worker = 0},
        {.topic = "b", .spread = Spread::kWorker, .worker = 1}},
       2, 4, 64);
  for (int i = 0; i < 10; ++i) give("a");
  for (int i = 0; i < 7; ++i) give("b");
  EXPECT_EQ(stage_->poll(1), 17U);
  ASSERT_EQ(counters_.events_held.get(), 9U);
  EXPECT_EQ(stage_->discard(), 9U);
  EXPECT_EQ(counters_.events_held.get(), 0U);
  EXPECT_EQ(pool_.in_use(), 8U);  // what the rings hold is not the stage's
  EXPECT_EQ(stage_->discard(), 0U);
}

TEST_F(DispatchTest, DiscardAfterAPartialPushGivesBackTheRestOnly) {
  make({{.topic = "a"}}, 1, 4, 64);
  for (int i = 0; i < 10; ++i) give("a");
  EXPECT_EQ(stage_->poll(1), 10U);
  EXPECT_EQ(take(0, 2).size(), 2U);
  EXPECT_EQ(stage_->poll(2), 2U);
  EXPECT_EQ(stage_->discard(), 4U);
  EXPECT_EQ(take(0).size(), 4U);
  EXPECT_TRUE(pool_.whole());
}

}  // namespace
}  // namespace esc::test
