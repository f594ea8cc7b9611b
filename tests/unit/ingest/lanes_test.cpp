// SPDX-License-Identifier: BSD-3-Clause
// An RX stage in front of several pipelines.
#include <map>

#include "ingest/rx_fixture.hpp"

namespace esc::test {
namespace {

constexpr std::uint32_t kPipelines = 3;

class Lanes : public RxFixture {
 protected:
  ~Lanes() override {
    for (const ScriptedSink& sink : sinks_) {
      sink_.state->events.insert(sink_.state->events.end(), sink.state->events.begin(),
                                 sink.state->events.end());
    }
    if (lanes_stage_) lanes_stage_->discard();
  }
  /// Two queues; the second belongs to pipeline 1.
  void make() {
    std::vector<intake::Lane<ScriptedSink>> lanes;
    for (std::uint32_t i = 0; i < kPipelines; ++i) lanes.emplace_back(sinks_[i], blocks_[i]);
    std::vector<ingest::QueueBinding<ScriptedQueue>> queues = {
        {queue_, &port_, event::Source::of_port(0, 0), 0},
        {second_, &port_, event::Source::of_port(0, 1), 1}};
    make_stage(lanes_stage_, std::move(queues), std::move(lanes), route::TopicHasher(1), owner_,
               flow_, packet_blocks_, limits_);
  }
  void give_second(std::span<const std::uint8_t> packet) {
    second_.state->packets.push_back(pool_.packet(packet));
  }
  void poll(unsigned times) {
    for (unsigned i = 0; i < times; ++i) (void)lanes_stage_->poll(++now_);
  }

  identity::ProducerOwner owner_{99, kPipelines};
  ScriptedQueue second_;
  std::array<ScriptedSink, kPipelines> sinks_;
  std::array<telemetry::FrameCounters, kPipelines> blocks_;
  std::array<telemetry::PacketCounters, kPipelines> packet_blocks_;
  std::optional<Stage> lanes_stage_;
};

TEST_F(Lanes, UnnumberedEventsStayWithTheirQueuesPipeline) {
  make();
  give(packet_of(join({frame("a", 1), frame("b", 1)})));
  give_second(packet_of(join({frame("c", 1), frame("\xff", 1)})));
  poll(4);
  EXPECT_EQ(sinks_[0].state->events.size(), 2U);
  EXPECT_EQ(sinks_[1].state->events.size(), 1U);
  EXPECT_TRUE(sinks_[2].state->events.empty());
  EXPECT_EQ(blocks_[0].frames_received.get(), 2U);
  EXPECT_EQ(blocks_[1].frames_received.get(), 2U);
  EXPECT_EQ(blocks_[1].frame_dropped.get(FrameDrop::kTopicNotUtf8), 1U);
  EXPECT_EQ(packet_blocks_[0].packets_received.get(), 1U);
  EXPECT_EQ(packet_blocks_[1].packets_received.get(), 1U);
}

// A numbered event goes to the pipeline that has its producer's window, whichever queue it came
// from.
TEST_F(Lanes, NumberedEventsGoToTheOwnerOfTheirProducer) {
  make();
  std::map<std::uint32_t, std::size_t> expected;
  std::size_t control = 0;
  for (std::uint64_t producer = 0; producer < 60; ++producer) {
    const Bytes payload = join({session(producer, 5, 2), frame("a", 1), frame("b", 1)});
    producer % 2 == 0 ? give(packet_of(payload)) : give_second(packet_of(payload));
    expected[owner_(producer)] += 2;
    ++control;
  }
  ASSERT_EQ(expected.size(), kPipelines);
  poll(20);
  std::uint64_t frames = 0;
  for (std::uint32_t i = 0; i < kPipelines; ++i) {
    EXPECT_EQ(sinks_[i].state->events.size(), expected[i]);
    std::map<std::uint64_t, std::uint64_t> next;
    for (const event::Event& event : sinks_[i].state->events) {
      EXPECT_EQ(owner_(event.producer), i);
      EXPECT_EQ(event.sequence, 5 + next[event.producer]++);
    }
    // A pipeline's received frames are those that were handed to it, and those that ended in the RX
    // stage and were counted for it.
    EXPECT_EQ(blocks_[i].frames_received.get(),
              blocks_[i].events_pushed.get() + blocks_[i].control.get());
    frames += blocks_[i].frames_received.get();
  }
  EXPECT_EQ(frames, 120 + control);
}

TEST_F(Lanes, ADatagramMaySpreadOverPipelines) {
  make();
  std::vector<Bytes> parts;
  Bytes payload;
  for (std::uint64_t producer = 0; producer < 8; ++producer) {
    const Bytes part = join({session(producer, 1, 1), frame("a", 1), frame("b", 1)});
    payload.insert(payload.end(), part.begin(), part.end());
  }
  give(packet_of(payload));
  poll(3);
  std::size_t events = 0;
  for (const ScriptedSink& sink : sinks_) events += sink.state->events.size();
  EXPECT_EQ(events, 16U);
  EXPECT_EQ(pool_.in_use(), 1U);
}

// Nothing more is received while one pipeline's ring is full, and nothing is lost.
TEST_F(Lanes, AFullRingKeepsWhatIsForIt) {
  make();
  sinks_[0].state->room = 3;
  for (int i = 0; i < 5; ++i) give(packet_of(join({frame("a", 1)})));
  for (int i = 0; i < 5; ++i) give_second(packet_of(join({frame("b", 1)})));
  poll(10);
  EXPECT_EQ(sinks_[0].state->events.size(), 3U);
  EXPECT_EQ(blocks_[0].events_held.get(), 2U);
  EXPECT_GT(packet_blocks_[0].ring_full.get(), 0U);
  sinks_[0].state->room = SIZE_MAX;
  poll(10);
  EXPECT_EQ(sinks_[0].state->events.size(), 5U);
  EXPECT_EQ(sinks_[1].state->events.size(), 5U);
  EXPECT_EQ(blocks_[0].events_held.get(), 0U);
}

TEST_F(Lanes, WhatIsLeftAtTheDeadlineIsCountedWhereItWasGoing) {
  make();
  sinks_[1].state->room = 0;
  give_second(packet_of(join({frame("a", 1), frame("b", 1), frame("c", 1)})));
  poll(2);
  lanes_stage_->discard();
  EXPECT_EQ(blocks_[1].frame_dropped.get(FrameDrop::kDrainedAtDeadline), 3U);
  EXPECT_EQ(blocks_[1].frames_received.get(), 3U);
  EXPECT_EQ(blocks_[0].frames_received.get(), 0U);
}

}  // namespace
}  // namespace esc::test
