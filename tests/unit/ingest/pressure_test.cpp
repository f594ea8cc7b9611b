// SPDX-License-Identifier: BSD-3-Clause
// What an RX stage does under pressure, and while the appliance is paused.
#include "ingest/rx_fixture.hpp"
#include "support/rings.hpp"

namespace esc::test {
namespace {

using control::PressureWord;

class RxPressure : public RxFixture {
 protected:
  void make(const storage::Outlet& outlet = {}) {
    std::vector<intake::Lane<ScriptedSink>> lanes;
    lanes.emplace_back(sink_, counters_, &board_, outlet);
    make_stage(stage_, {ingest::QueueBinding<ScriptedQueue>{queue_, &port_, {}}}, std::move(lanes),
               route::TopicHasher(1), identity::ProducerOwner(0, 1), flow_, counters_.packets(),
               limits_);
  }
  control::PressureBoard board_;
};

// Events of the lowest priorities are shed; each of them is counted as received and as shed, and
// its mbuf is given back.
TEST_F(RxPressure, ShedsWhatIsBelowTheCutoff) {
  make();
  board_.show({PressureLevel::kCritical, 100, 0});
  give(packet_of(join({frame("a", 1, 99), frame("b", 1, 100), frame("c", 1, 255)})));
  give(packet_of(join({frame("d", 1, 0)})));
  give(packet_of(join({frame("e", 1, 99), frame("\xff", 1, 0)})));
  run();
  EXPECT_EQ(seen().size(), 2U);
  EXPECT_EQ(seen()[0].topic, "b");
  EXPECT_EQ(dropped(FrameDrop::kShedCritical), 3U);
  EXPECT_EQ(dropped(FrameDrop::kTopicNotUtf8), 1U);
  EXPECT_EQ(counters_.frames_received.get(), 6U);
  board_.show({PressureLevel::kEmergency, 255, 0});
  give(packet_of(join({frame("a", 1, 254), frame("b", 1, 255)})));
  run();
  EXPECT_EQ(seen().size(), 3U);
  EXPECT_EQ(dropped(FrameDrop::kShedEmergency), 1U);
  EXPECT_EQ(dropped(FrameDrop::kShedCritical), 3U);
}

TEST_F(RxPressure, AShedFrameConsumesItsNumber) {
  make();
  board_.show({PressureLevel::kCritical, 8, 0});
  give(packet_of(join({session(5, 10), frame("a", 1, 9), frame("b", 1, 1), frame("c", 1, 9)})));
  run();
  ASSERT_EQ(seen().size(), 2U);
  EXPECT_EQ(seen()[0].sequence, 10U);
  EXPECT_EQ(seen()[1].sequence, 12U);
  EXPECT_EQ(dropped(FrameDrop::kShedCritical), 1U);
}

TEST_F(RxPressure, AShedFrameThatWasCopiedIsGivenBack) {
  make();
  board_.show({PressureLevel::kCritical, 200, 0});
  give(packet_of(join({frame("big", 2500, 1), frame("keep", 2500, 255)})), {2000, 4000});
  run();
  EXPECT_EQ(seen().size(), 1U);
  EXPECT_EQ(dropped(FrameDrop::kShedCritical), 1U);
}

// The kept letters are among others in a datagram, the last of it, alone in one, and a frame that
// was copied whole.
TEST_F(RxPressure, WhatIsShedIsADeadLetterWhereTheLevelSaysSo) {
  OwnedRing<storage::DeadRing> dead{64};
  make({dead.get(), dlq::Stage::kRx});
  std::vector<Seen> letters;
  std::vector<DeadReason> reasons;
  const auto take_letters = [&] {
    (void)dead->consume_burst(SIZE_MAX, [&](const storage::DeadItem& item) {
      letters.push_back(see(item.event));
      reasons.push_back(item.reason);
      EXPECT_EQ(item.stage, dlq::Stage::kRx);
      event::free_segment(item.event.mbuf);
    });
  };
  board_.show({PressureLevel::kCritical, 100, PressureWord::kKeepShed});
  give(packet_of(join({session(5, 10), frame("a", 1, 99), frame("b", 1, 100), frame("c", 1, 0)})));
  give(packet_of(frame("d", 1, 1)));
  give(packet_of(join({frame("big", 2500, 1), frame("keep", 2500, 255)})), {2000, 4000});
  run();
  take_letters();
  ASSERT_EQ(letters.size(), 4U);
  EXPECT_EQ(letters[0].topic, "a");
  EXPECT_EQ(letters[0].sequence, 10U);
  EXPECT_EQ(letters[1].topic, "c");
  EXPECT_EQ(letters[1].sequence, 12U);
  EXPECT_EQ(letters[2].topic, "d");
  EXPECT_EQ(letters[3].topic, "big");
  EXPECT_EQ(reasons, std::vector<DeadReason>(4, DeadReason::kShedCritical));
  EXPECT_EQ(seen().size(), 2U);
  EXPECT_EQ(counters_.dead_lettered.get(), 4U);
  EXPECT_EQ(counters_.frames_received.get(), 7U);
  EXPECT_EQ(dropped(FrameDrop::kShedCritical), 0U);

  board_.show({PressureLevel::kEmergency, 255, 0});
  give(packet_of(frame("e", 1, 1)));
  run();
  EXPECT_EQ(dropped(FrameDrop::kShedEmergency), 1U) << "not at this level";
  board_.show({PressureLevel::kEmergency, 255, PressureWord::kKeepShed});
  for (int i = 0; i < 100; ++i) give(packet_of(frame("f", 1, 1)));
  run();
  EXPECT_EQ(dropped(FrameDrop::kDlqBacklog), 100U - 64U);
  letters.clear();
  reasons.clear();
  take_letters();
  EXPECT_EQ(reasons, std::vector<DeadReason>(64, DeadReason::kShedEmergency));
  EXPECT_EQ(counters_.dead_lettered.get(), 68U);
  EXPECT_EQ(counters_.shed.get(PressureLevel::kCritical), 4U);
  EXPECT_EQ(counters_.shed.get(PressureLevel::kEmergency), 101U);
}

// The letter is still in the folder that it came from, and it was not counted, so it will be
// replayed again.
TEST_F(RxPressure, AReplayedLetterThatIsShedIsNotKeptOnceMore) {
  OwnedRing<storage::DeadRing> dead{64};
  make({dead.get(), dlq::Stage::kRx});
  board_.show({PressureLevel::kCritical, 100, PressureWord::kKeepShed});
  Bytes replayed(wire::kSessionFrameBytes);
  ASSERT_NE(
      wire::encode_session_frame(
          replayed, 0,
          {.flags = wire::make_session_flags(false, 1), .count = 1, .epoch = 1, .producer = 5}),
      0U);
  give(packet_of(join({replayed, frame("a", 1, 1), frame("live", 1, 1)})));
  run();
  EXPECT_EQ(dropped(FrameDrop::kShedCritical), 1U);
  EXPECT_EQ(counters_.dead_lettered.get(), 1U);
  (void)dead->consume_burst(SIZE_MAX, [&](const storage::DeadItem& item) {
    EXPECT_EQ(see(item.event).topic, "live");
    event::free_segment(item.event.mbuf);
  });
}

TEST_F(RxPressure, LeavesPortsAloneThatCanWait) {
  port_.lossless = true;
  make();
  board_.show({PressureLevel::kElevated, 0, PressureWord::kDeferLossless});
  give(packet_of(frame("a", 1)));
  EXPECT_EQ(stage_->poll(++now_), 0U);
  EXPECT_EQ(counters_.polls_deferred.get(), 1U);
  EXPECT_EQ(queue_.state->receives, 0U);
  board_.show({PressureLevel::kElevated, 0, PressureWord::kDeferNic});
  run();
  EXPECT_EQ(seen().size(), 1U);
}

TEST_F(RxPressure, LeavesOthersAloneOnlyWhileTheirRingHasRoom) {
  make();
  board_.show({PressureLevel::kElevated, 0, PressureWord::kDeferNic});
  give(packet_of(frame("a", 1)));
  EXPECT_EQ(stage_->poll(++now_), 0U);
  queue_.state->can_wait = false;
  run();
  EXPECT_EQ(seen().size(), 1U);
}

TEST_F(RxPressure, APausedPortThatCannotLoseIsNotPolled) {
  port_.lossless = true;
  limits_.paused_poll_cycles = 10;
  make();
  flow_.show(control::Flow::kPaused);
  give(packet_of(frame("a", 1)));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(stage_->poll(++now_), 0U);
  EXPECT_EQ(queue_.state->receives, 0U);
  flow_.show(control::Flow::kOpen);
  run();
  EXPECT_EQ(seen().size(), 1U);
}

// A paused port is still polled now and then, because its driver may have work to do in a poll;
// events that come in this way go on as far as there is room.
TEST_F(RxPressure, APausedPortThatCanLoseIsPolledNowAndThen) {
  limits_.paused_poll_cycles = 10;
  make();
  flow_.show(control::Flow::kPaused);
  now_ = 1000;
  sink_.state->room = 2;
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 3; ++k) give(packet_of(frame("a", 1)));
    for (int k = 0; k < 10; ++k) (void)stage_->poll(++now_);
  }
  EXPECT_EQ(queue_.state->receives, 3U);
  EXPECT_EQ(sink_.state->events.size(), 2U);
  // One of the first three, then all that came. The last one is held until something else comes.
  EXPECT_EQ(dropped(FrameDrop::kPaused) + counters_.events_held.get(), 7U);
  sink_.state->room = SIZE_MAX;
  flow_.show(control::Flow::kOpen);
  run();
  EXPECT_EQ(sink_.state->events.size() + dropped(FrameDrop::kPaused), 9U);
  EXPECT_EQ(counters_.frames_received.get(), 9U);
}

// During a pause the ring is full on purpose, so no event is shed for its priority.
TEST_F(RxPressure, WhileItIsPausedNothingIsShedForItsPriority) {
  limits_.paused_poll_cycles = 10;
  make();
  board_.show({PressureLevel::kEmergency, 255, PressureWord::kDeferNic});
  flow_.show(control::Flow::kPaused);
  now_ = 1000;
  sink_.state->room = 1;
  give(packet_of(join({frame("a", 1, 0), frame("b", 1, 0)})));
  for (int k = 0; k < 30; ++k) (void)stage_->poll(++now_);
  EXPECT_EQ(sink_.state->events.size(), 1U);
  EXPECT_EQ(dropped(FrameDrop::kPaused), 1U);
  EXPECT_EQ(dropped(FrameDrop::kShedEmergency), 0U);
  flow_.show(control::Flow::kOpen);
  give(packet_of(frame("c", 1, 0)));
  queue_.state->can_wait = false;
  run();
  EXPECT_EQ(dropped(FrameDrop::kShedEmergency), 1U);
}

TEST_F(RxPressure, WhatAPausedPortThatCannotLoseHadInHandStays) {
  port_.lossless = true;
  make();
  sink_.state->room = 1;
  give(packet_of(join({frame("a", 1), frame("b", 1), frame("c", 1)})));
  (void)stage_->poll(++now_);
  flow_.show(control::Flow::kPaused);
  for (int i = 0; i < 50; ++i) (void)stage_->poll(++now_);
  EXPECT_EQ(counters_.events_held.get(), 2U);
  EXPECT_EQ(dropped(FrameDrop::kPaused), 0U);
  sink_.state->room = SIZE_MAX;
  flow_.show(control::Flow::kOpen);
  run();
  EXPECT_EQ(seen().size(), 3U);
}

// A stage that waits for another lcore is not idle: runtime::Idle lets it pause, but not sleep.
TEST_F(RxPressure, IsBlockedWhileItHoldsABurst) {
  make();
  EXPECT_EQ(stage_->poll(++now_), 0U);
  EXPECT_FALSE(stage_->blocked());
  sink_.state->room = 1;
  give(packet_of(join({frame("a", 1), frame("b", 1)})));
  (void)stage_->poll(++now_);
  EXPECT_EQ(stage_->poll(++now_), 0U);
  EXPECT_TRUE(stage_->blocked());
  flow_.show(control::Flow::kClosed);  // a drain wants it to go on
  EXPECT_TRUE(stage_->blocked());
  sink_.state->room = SIZE_MAX;
  EXPECT_EQ(stage_->poll(++now_), 1U);
  EXPECT_FALSE(stage_->blocked());
}

TEST_F(RxPressure, IsNotBlockedWhileItIsPaused) {
  port_.lossless = true;
  make();
  sink_.state->room = 1;
  give(packet_of(join({frame("a", 1), frame("b", 1)})));
  (void)stage_->poll(++now_);
  flow_.show(control::Flow::kPaused);
  EXPECT_EQ(stage_->poll(++now_), 0U);
  EXPECT_FALSE(stage_->blocked());
  flow_.show(control::Flow::kOpen);
  EXPECT_TRUE(stage_->blocked());
  stage_->discard();
}

TEST_F(RxPressure, IsBlockedWhileItLeavesItsPortAlone) {
  make();
  give(packet_of(join({frame("a", 1)})));
  sink_.state->depth = limits_.soft_mark_cells + 1;
  EXPECT_EQ(stage_->poll(++now_), 0U);
  EXPECT_TRUE(stage_->blocked());
  flow_.show(control::Flow::kClosed);  // nothing more is to be received
  EXPECT_FALSE(stage_->blocked());
  flow_.show(control::Flow::kOpen);
  sink_.state->depth = 0;
  EXPECT_FALSE(stage_->blocked());
  port_.lossless = true;
  board_.show({PressureLevel::kElevated, 0, PressureWord::kDeferLossless});
  EXPECT_EQ(stage_->poll(++now_), 0U);
  EXPECT_TRUE(stage_->blocked());
  queue_.state->can_wait = false;
  EXPECT_FALSE(stage_->blocked());
  run();
  EXPECT_EQ(seen().size(), 1U);
}

TEST_F(RxPressure, IsBlockedWhileAFrameWaitsForABuffer) {
  limits_.jumbo_wait_cycles = 100;
  port_.jumbo_pool = nullptr;
  make();
  give(packet_of(frame("big", 5000)), {2000, 4000});
  (void)stage_->poll(10);
  EXPECT_EQ(stage_->poll(11), 0U);
  EXPECT_TRUE(stage_->blocked());
  (void)stage_->poll(200);
  EXPECT_EQ(dropped(FrameDrop::kNoJumboBuffer), 1U);
  EXPECT_FALSE(stage_->blocked());
}

// An event's peer is the source of its packet, wherever the event's bytes are.
TEST_F(RxPressure, EveryEventKnowsItsPeer) {
  make();
  give(packet_of(join({frame("a", 10)})));
  give(packet_of(join({frame("a", 10), frame("b", 3000), frame("c", 10)})), {900, 2000});
  run();
  ASSERT_EQ(sink_.state->events.size(), 4U);
  const auto expected = event::peer_address(sink_.state->events[0]);
  ASSERT_TRUE(expected);
  EXPECT_TRUE(expected->is_v4());
  const std::uint16_t port = event::peer_port(sink_.state->events[0]);
  EXPECT_EQ(port, 40000U);
  for (const event::Event& event : sink_.state->events) {
    EXPECT_EQ(event::peer_address(event), expected);
    EXPECT_EQ(event::peer_port(event), port);
  }
}

}  // namespace
}  // namespace esc::test
