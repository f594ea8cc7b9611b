// SPDX-License-Identifier: BSD-3-Clause
#include "worker/worker_stage.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "support/events.hpp"
#include "support/rings.hpp"
#include "telemetry/in_hand.hpp"
#include "worker/builtin_handlers.hpp"

namespace esc::test {
namespace {

const worker::HandlerRegistry& registry() {
  static const worker::HandlerRegistry handlers = worker::builtin_handlers();
  return handlers;
}

const std::uint16_t kCountIndex = registry().find("count").value();
const std::uint16_t kNullIndex = registry().find("null").value();
const std::uint16_t kFailIndex = registry().find("fail").value();

class WorkerTest : public testing::Test {
 protected:
  ~WorkerTest() override { EXPECT_TRUE(pool_.whole()); }

  worker::WorkerStage<>& stage(std::size_t burst = 64) {
    if (!stage_) stage_.emplace(*ring_, handlers_, counters_, pools_, burst);
    return *stage_;
  }
  void give(std::uint32_t route, std::uint16_t handler, std::size_t payload_bytes = 8,
            std::uint8_t retries = 0) {
    const event::WorkItem item{make_event(pool_, "a", 0, payload_bytes), route, handler, retries,
                               0};
    ASSERT_EQ(ring_->push_burst({&item, 1}), 1U);
  }
  [[nodiscard]] std::uint64_t refused() const {
    return counters_.frame_dropped.get(FrameDrop::kHandlerRefused);
  }

  TestPool pool_;
  std::array<rte_mempool*, 1> pools_{pool_.get()};
  OwnedRing<WorkerRing> ring_{4096};
  worker::HandlerSet handlers_{registry(), 0, 4};
  telemetry::WorkerCounters counters_;
  std::optional<worker::WorkerStage<>> stage_;
};

TEST_F(WorkerTest, NothingToDo) {
  EXPECT_EQ(stage().poll(1), 0U);
  EXPECT_EQ(counters_.polls.get(), 1U);
  EXPECT_EQ(counters_.bursts.get(), 0U);
}

TEST_F(WorkerTest, EventsAndPayloadBytesOfEachRouteAreCounted) {
  give(1, kCountIndex, 10);
  give(3, kCountIndex, 0);
  give(1, kCountIndex, 200);
  EXPECT_EQ(stage().poll(1), 3U);
  EXPECT_EQ(handlers_.topics().totals(1).delivered, 2U);
  EXPECT_EQ(handlers_.topics().totals(1).payload_bytes, 210U);
  EXPECT_EQ(handlers_.topics().totals(3).delivered, 1U);
  EXPECT_EQ(handlers_.topics().totals(3).payload_bytes, 0U);
  EXPECT_EQ(handlers_.topics().totals(0).delivered, 0U);
  EXPECT_EQ(counters_.delivered.get(), 3U);
  EXPECT_EQ(counters_.events_received.get(), 3U);
  EXPECT_EQ(counters_.bursts.get(), 1U);
  EXPECT_EQ(refused(), 0U);
}

TEST_F(WorkerTest, NullDelivers) {
  for (int i = 0; i < 5; ++i) give(0, kNullIndex);
  EXPECT_EQ(stage().poll(1), 5U);
  EXPECT_EQ(counters_.delivered.get(), 5U);
  EXPECT_EQ(handlers_.topics().totals(0).delivered, 5U);
  EXPECT_EQ(handlers_.topics().totals(0).payload_bytes, 40U);
}

TEST_F(WorkerTest, FailRefusesBurstsOfEveryLength) {
  std::uint64_t all = 0;
  for (std::uint64_t length = 1; length <= 64; ++length) {
    for (std::uint64_t i = 0; i < length; ++i) give(0, kFailIndex);
    EXPECT_EQ(stage().poll(1), length);
    all += length;
    EXPECT_EQ(refused(), all) << "burst of " << length;
    EXPECT_TRUE(pool_.whole());
  }
  EXPECT_EQ(counters_.delivered.get(), 0U);
}

TEST_F(WorkerTest, ABurstEndsWhereTheRingsMemoryDoes) {
  for (std::size_t given = 0; given < ring_->capacity() - 10; ++given) {
    give(0, kNullIndex);
    EXPECT_EQ(stage().poll(1), 1U);
  }
  for (int i = 0; i < 30; ++i) give(1, kCountIndex);
  EXPECT_EQ(stage().poll(1), 10U);
  EXPECT_EQ(handlers_.topics().totals(1).delivered, 10U);
  EXPECT_EQ(stage().poll(1), 20U);
  EXPECT_EQ(handlers_.topics().totals(1).delivered, 30U);
  EXPECT_EQ(counters_.delivered.get(), ring_->capacity() + 20);
}

TEST_F(WorkerTest, EachRunOfABurstGoesToItsHandler) {
  const std::array<std::uint16_t, 9> handlers = {kCountIndex, kCountIndex, kFailIndex,
                                                 kNullIndex,  kNullIndex,  kFailIndex,
                                                 kFailIndex,  kCountIndex, kNullIndex};
  for (const std::uint16_t handler : handlers) give(2, handler, 3);
  EXPECT_EQ(stage().poll(1), 9U);
  EXPECT_EQ(handlers_.topics().totals(2).delivered, 6U);
  EXPECT_EQ(handlers_.topics().totals(2).payload_bytes, 18U);
  EXPECT_EQ(handlers_.topics().totals(2).dropped, 3U);
  EXPECT_EQ(refused(), 3U);
  EXPECT_EQ(counters_.delivered.get(), 6U);
}

TEST_F(WorkerTest, EveryReceiptEndsAsDeliveredOrRefused) {
  std::mt19937 random(3);
  std::uint64_t given = 0;
  std::uint64_t fails = 0;
  for (int round = 0; round < 500; ++round) {
    for (std::size_t i = random() % 100; i != 0; --i, ++given) {
      const auto handler = static_cast<std::uint16_t>(random() % 3);
      fails += handler == kFailIndex ? 1 : 0;
      give(random() % 4, handler);
    }
    while (stage().poll(1) != 0) {
    }
    ASSERT_TRUE(pool_.whole());
  }
  EXPECT_EQ(counters_.events_received.get(), given);
  EXPECT_EQ(refused(), fails);
  EXPECT_EQ(counters_.delivered.get(), given - fails);
}

TEST_F(WorkerTest, SharedMbufsAreGivenBackOneReferenceAtATime) {
  event::Event one = make_event(pool_, "a");
  const std::array<event::WorkItem, 3> items = {event::WorkItem{share(one), 0, kCountIndex, 0, 0},
                                                event::WorkItem{share(one), 0, kFailIndex, 0, 0},
                                                event::WorkItem{one, 0, kNullIndex, 0, 0}};
  ASSERT_EQ(ring_->push_burst(std::span(items).first(2)), 2U);
  EXPECT_EQ(stage().poll(1), 2U);
  EXPECT_EQ(rte_mbuf_refcnt_read(one.mbuf), 1);
  ASSERT_EQ(ring_->push_burst(std::span(items).last(1)), 1U);
  EXPECT_EQ(stage().poll(1), 1U);
}

TEST_F(WorkerTest, ABurstIsAsLongAsItWasTold) {
  for (int i = 0; i < 20; ++i) give(0, kNullIndex);
  EXPECT_EQ(stage(7).poll(1), 7U);
  EXPECT_EQ(stage().poll(1), 7U);
  EXPECT_EQ(stage().poll(1), 6U);
  EXPECT_EQ(counters_.bursts.get(), 3U);
}

TEST_F(WorkerTest, ABurstIsNeverLongerThanAHandlersAnswer) {
  for (int i = 0; i < 100; ++i) give(0, kFailIndex);
  EXPECT_EQ(stage(1000).poll(1), worker::Handler::kMaxBurst);
  EXPECT_EQ(refused(), worker::Handler::kMaxBurst);
  EXPECT_EQ(stage().poll(1), 36U);
}

TEST_F(WorkerTest, ARefusedEventIsAskedAboutAsOftenAsItsRouteSays) {
  give(0, kFailIndex, 8, 3);
  give(0, kFailIndex, 8, 0);
  give(0, kFailIndex, 8, 15);
  give(0, kCountIndex, 8, 7);
  EXPECT_EQ(stage().poll(1), 4U);
  EXPECT_EQ(counters_.retries.get(), 18U);
  EXPECT_EQ(refused(), 3U);
  EXPECT_EQ(counters_.delivered.get(), 1U);
}

TEST_F(WorkerTest, SaysHowOldItsOldestEventIs) {
  give(0, kNullIndex);
  event::WorkItem late{make_event(pool_, "a"), 0, kNullIndex, 0, 0};
  late.event.rx_tsc = 77;
  ASSERT_EQ(ring_->push_burst({&late, 1}), 1U);
  EXPECT_EQ(stage(1).poll(1), 1U);
  EXPECT_EQ(stage(1).poll(2), 1U);
  EXPECT_EQ(counters_.oldest_rx_tsc.get(), 77U);
  EXPECT_EQ(stage(1).poll(3), 0U);
  EXPECT_EQ(counters_.oldest_rx_tsc.get(), 0U);
}

// Refused events stand between others, and one of them shares its datagram: each keeps its own
// reference.
TEST_F(WorkerTest, WhatAHandlerRefusesForGoodIsADeadLetter) {
  OwnedRing<storage::DeadRing> dead{64};
  stage_.emplace(*ring_, handlers_, counters_, pools_, 64,
                 storage::Outlet{dead.get(), dlq::Stage::kWorker});
  event::Event first = make_event(pool_, "a", 1);
  const event::Event second = share(first);
  const std::array<event::WorkItem, 4> items = {
      {{first, 0, kFailIndex, 2, 0},
       {make_event(pool_, "a", 2), 0, kCountIndex, 0, 0},
       {second, 0, kFailIndex, 0, 0},
       {make_event(pool_, "a", 3), 0, kFailIndex, 255, 0}}};
  ASSERT_EQ(ring_->push_burst(items), 4U);
  EXPECT_EQ(stage_->poll(1), 4U);
  EXPECT_EQ(counters_.delivered.get(), 1U);
  EXPECT_EQ(counters_.dead_lettered.get(), 3U);
  EXPECT_EQ(refused(), 0U);
  std::vector<unsigned> attempts;
  (void)dead->consume_burst(SIZE_MAX, [&](const storage::DeadItem& item) {
    EXPECT_EQ(item.reason, DeadReason::kHandlerRefused);
    EXPECT_EQ(item.stage, dlq::Stage::kWorker);
    attempts.push_back(item.attempts);
    event::free_segment(item.event.mbuf);
  });
  EXPECT_EQ(attempts, (std::vector<unsigned>{3, 1, 255}));
  const telemetry::TopicTotals topic = handlers_.topics().totals(0);
  EXPECT_EQ(topic.delivered, 1U);
  EXPECT_EQ(topic.dead_lettered, 3U);
  EXPECT_EQ(topic.dropped, 0U);
}

TEST_F(WorkerTest, WhatFindsNoRoomOnTheWayToTheStorageIsCounted) {
  OwnedRing<storage::DeadRing> dead{2};
  stage_.emplace(*ring_, handlers_, counters_, pools_, 64,
                 storage::Outlet{dead.get(), dlq::Stage::kWorker});
  for (int i = 0; i < 5; ++i) give(0, kFailIndex);
  EXPECT_EQ(stage_->poll(1), 5U);
  EXPECT_EQ(counters_.dead_lettered.get(), 2U);
  EXPECT_EQ(counters_.frame_dropped.get(FrameDrop::kDlqBacklog), 3U);
  EXPECT_EQ(handlers_.topics().totals(0).dead_lettered, 2U);
  EXPECT_EQ(handlers_.topics().totals(0).dropped, 3U);
  (void)dead->consume_burst(
      SIZE_MAX, [](const storage::DeadItem& item) { event::free_segment(item.event.mbuf); });
}

// Every burst is timed here: its events go to the handler route by route, in their order.
TEST_F(WorkerTest, TheRouteThatTakesTheTimeIsNamed) {
  constexpr std::uint16_t kSlowIndex = 3;
  const std::uint64_t hz = rte_get_tsc_hz();
  for (int i = 0; i < 8; ++i) {
    give(1, kSlowIndex, 0);
    give(2, kSlowIndex, 400);
    give(3, kCountIndex, 400);
  }
  EXPECT_EQ(stage(8).poll(10 * hz), 8U);
  EXPECT_EQ(stage(8).poll(10 * hz + hz / 2), 8U);
  EXPECT_EQ(stage(8).poll(11 * hz), 8U);
  const auto period = handlers_.times().last(11 * hz, hz);
  ASSERT_TRUE(period.has_value());
  EXPECT_EQ(period->route_slot, 2U);
  EXPECT_EQ(period->route_handler, kSlowIndex);
  // The first poll begins the period after it has taken its burst. The burst of the last poll
  // belongs to the period too.
  EXPECT_EQ(period->events, 16U);
  EXPECT_EQ(period->timed_events, 16U);
  EXPECT_GE(period->cycles_per_route_event(), 402.0 * static_cast<double>(hz / 1'000'000));
  EXPECT_EQ(handlers_.topics().totals(1).delivered, 8U);
  EXPECT_EQ(handlers_.topics().totals(2).payload_bytes, 3200U);
  EXPECT_EQ(counters_.in_hand.get(), 0U);
}

/// Notes what its worker says about the events in hand.
class WatchingHandler : public worker::Handler {
 public:
  struct Call {
    std::size_t events;
    telemetry::InHand in_hand;
    friend bool operator==(const Call&, const Call&) = default;
  };
  static inline const telemetry::WorkerCounters* counters = nullptr;
  static inline std::vector<Call> calls;

  std::uint64_t handle(std::span<const event::WorkItem> items) noexcept override {
    calls.push_back({items.size(), telemetry::InHand::of(counters->in_hand.get())});
    return 0;
  }
};

TEST_F(WorkerTest, SaysWhichEventsAreInHand) {
  worker::HandlerRegistry registry;
  const auto make = [](const worker::HandlerContext&) -> std::unique_ptr<worker::Handler> {
    return std::make_unique<WatchingHandler>();
  };
  const std::uint16_t one = registry.add({.name = "one", .meaning = "watches", .make = make});
  const std::uint16_t two = registry.add({.name = "two", .meaning = "watches", .make = make});
  worker::HandlerSet handlers(registry, 0, 4);
  worker::WorkerStage<> stage(*ring_, handlers, counters_, pools_, 64);
  WatchingHandler::counters = &counters_;
  const auto calls_of = [&](std::vector<event::WorkItem> items) {
    WatchingHandler::calls.clear();
    for (event::WorkItem& item : items) give(item.slot, item.handler, 8, item.retries);
    EXPECT_EQ(stage.poll(1), items.size());
    EXPECT_EQ(counters_.in_hand.get(), 0U);
    return WatchingHandler::calls;
  };
  using Calls = std::vector<WatchingHandler::Call>;
  const auto item = [](std::uint32_t slot, std::uint16_t handler, std::uint8_t retries = 0) {
    return event::WorkItem{{}, slot, handler, retries, 0};
  };
  EXPECT_EQ(calls_of({item(3, one), item(3, one, 5)}), (Calls{{2, {3, one, false, true}}}));
  EXPECT_EQ(calls_of({item(3, one), item(3, one), item(1, one)}),
            (Calls{{3, {3, one, true, true}}}));
  EXPECT_EQ(
      calls_of({item(3, one), item(2, two), item(2, two), item(1, two), item(3, one)}),
      (Calls{{1, {3, one, false, true}}, {3, {2, two, true, true}}, {1, {3, one, false, true}}}));
}

}  // namespace
}  // namespace esc::test
