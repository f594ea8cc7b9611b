// SPDX-License-Identifier: BSD-3-Clause
#include "ingest/rx_stage.hpp"

#include "ingest/rx_fixture.hpp"

namespace esc::test {
namespace {

TEST_F(RxFixture, OneFrameOneEventThatOwnsItsMbuf) {
  give(packet_of(frame("a/b", 5)));
  run();
  ASSERT_EQ(sink_.state->events.size(), 1U);
  const event::Event& event = sink_.state->events[0];
  EXPECT_EQ(see(event).topic, "a/b");
  EXPECT_EQ(event.payload_bytes(), 5U);
  EXPECT_EQ(event.priority, 7);
  EXPECT_TRUE(event.has(event::kSoleOwner));
  EXPECT_EQ(counters_.packets_received.get(), 1U);
  EXPECT_EQ(counters_.datagrams.get(), 1U);
  EXPECT_EQ(counters_.frames_received.get(), 1U);
}

TEST_F(RxFixture, ForeignMbufsNeverGoBackRaw) {
  port_.own_mbufs = false;
  give(packet_of(frame("a", 1)));
  run();
  ASSERT_EQ(sink_.state->events.size(), 1U);
  EXPECT_FALSE(sink_.state->events[0].has(event::kSoleOwner));
}

TEST_F(RxFixture, FramesOfOneDatagramShareItsMbuf) {
  give(packet_of(join({frame("a", 1), frame("b", 2), frame("c", 3)})));
  run();
  ASSERT_EQ(sink_.state->events.size(), 3U);
  EXPECT_EQ(rte_mbuf_refcnt_read(sink_.state->events[0].mbuf), 3);
  for (const event::Event& event : sink_.state->events) EXPECT_FALSE(event.has(event::kSoleOwner));
}

// Given back by the Releaser as its own (one event), and as a segment that events share (two).
TEST_F(RxFixture, TheTailroomIsPoisonedWhileAnEventIsOut) {
#ifndef ESC_POISON_MBUFS
  GTEST_SKIP() << "needs AddressSanitizer: a build directory with -Dsanitize=address,undefined";
#else
  for (const Bytes& payload : {frame("a", 1), join({frame("a", 1), frame("b", 2)})}) {
    give(packet_of(payload));
    run();
    ASSERT_FALSE(sink_.state->events.empty());
    const rte_mbuf* mbuf = sink_.state->events[0].mbuf;
    ASSERT_GT(rte_pktmbuf_tailroom(mbuf), 0);
    const char* tailroom = rte_pktmbuf_mtod_offset(mbuf, const char*, mbuf->data_len);
    EXPECT_FALSE(__asan_address_is_poisoned(tailroom - 1));
    EXPECT_TRUE(__asan_address_is_poisoned(tailroom));
    release_events();
    EXPECT_FALSE(__asan_address_is_poisoned(tailroom));
  }
#endif
}

TEST_F(RxFixture, DatagramOfOneEventAmongRefusalsOwnsItsMbuf) {
  Bytes bad = frame("x", 3);
  bad[7] = 0x01;  // a control character for a topic
  give(packet_of(join({bad, frame("good", 2), bad})));
  run();
  ASSERT_EQ(sink_.state->events.size(), 1U);
  EXPECT_TRUE(sink_.state->events[0].has(event::kSoleOwner));
  EXPECT_EQ(dropped(FrameDrop::kTopicControlCharacter), 2U);
  EXPECT_EQ(counters_.frames_received.get(), 3U);
}

TEST_F(RxFixture, DatagramWithoutEventsIsGivenBack) {
  give(packet_of(session(1, 0)));
  give(packet_of(Bytes{1, 2, 3}));
  run();
  EXPECT_TRUE(sink_.state->events.empty());
  EXPECT_EQ(counters_.control.get(), 1U);
  EXPECT_EQ(dropped(FrameDrop::kFrameTruncated), 1U);
  EXPECT_TRUE(pool_.whole());
}

TEST_F(RxFixture, ADatagramOfMoreFramesThanABurstGoesOnAtTheNextPoll) {
  Bytes payload;
  constexpr std::size_t kFrames = 150;
  for (std::size_t i = 0; i < kFrames; ++i) {
    const Bytes one = frame("t" + std::to_string(i), 1);
    payload.insert(payload.end(), one.begin(), one.end());
  }
  ASSERT_LT(payload.size(), 2000U);
  give(packet_of(payload));
  run();
  ASSERT_EQ(sink_.state->events.size(), kFrames);
  for (std::size_t i = 0; i < kFrames; ++i)
    EXPECT_EQ(see(sink_.state->events[i]).topic, "t" + std::to_string(i));
  EXPECT_EQ(rte_mbuf_refcnt_read(sink_.state->events[0].mbuf), kFrames);
}

// An event's offset has 16 bits, and counted from the mbuf the last of these frames begin later.
TEST_F(RxFixture, FramesThatBeginPastWhatAnOffsetFromTheMbufCanSayAreFoundFromItsBuffer) {
  constexpr std::size_t kFrames = 1980;
  Bytes payload;
  for (std::size_t i = 0; i < kFrames; ++i) {
    const Bytes one = frame("t" + std::to_string(10'000 + i), 20);
    payload.insert(payload.end(), one.begin(), one.end());
  }
  queue_.state->packets.push_back(jumbo_.packet(packet_of(payload)));
  run();
  ASSERT_EQ(sink_.state->events.size(), kFrames);
  for (std::size_t i = 0; i < kFrames; ++i)
    ASSERT_EQ(see(sink_.state->events[i]).topic, "t" + std::to_string(10'000 + i));
  EXPECT_TRUE(sink_.state->events.front().has(event::kBehindHeader));
  EXPECT_FALSE(sink_.state->events.back().has(event::kBehindHeader));
}

// Two mbufs with each other's buffer: that of the second lies before it.
TEST_F(RxFixture, ABufferElsewhereIsReadWhereItIs) {
  for (const Bytes& payload : {frame("a", 1), join({frame("b", 1), frame("c", 2)})}) {
    rte_mbuf* first = pool_.packet(packet_of(payload));
    rte_mbuf* second = pool_.packet(packet_of(payload));
    if (second < first) std::swap(first, second);
    std::swap(first->buf_addr, second->buf_addr);
    port_.own_mbufs = false;
    queue_.state->packets.push_back(second);
    queue_.state->packets.push_back(first);
    run();
    const std::vector<Seen> events = seen();
    const std::size_t each = events.size() / 2;
    ASSERT_NE(each, 0U);
    for (std::size_t i = 0; i < each; ++i) {
      EXPECT_EQ(events[i].topic, events[each + i].topic);
      EXPECT_EQ(events[i].payload.size(), payload.size() == frame("a", 1).size() ? 1 : 1 + i);
      EXPECT_FALSE(sink_.state->events[i].has(event::kBehindHeader));
    }
    std::swap(first->buf_addr, second->buf_addr);
    release_events();
  }
}

TEST_F(RxFixture, WhatTheRingDoesNotTakeStaysAndNothingMoreIsReceived) {
  sink_.state->room = 10;
  for (int i = 0; i < 100; ++i) give(packet_of(frame("a", 1)));
  EXPECT_NE(stage().poll(1), 0U);
  EXPECT_EQ(sink_.state->events.size(), 10U);
  EXPECT_EQ(counters_.events_held.get(), 54U);
  EXPECT_EQ(stage().poll(2), 0U);
  EXPECT_EQ(stage().poll(3), 0U);
  EXPECT_EQ(queue_.state->receives, 1U);
  EXPECT_EQ(counters_.ring_full.get(), 2U);
  EXPECT_EQ(counters_.packets_received.get(), 64U);
  sink_.state->room = SIZE_MAX;
  run();
  EXPECT_EQ(sink_.state->events.size(), 100U);
  EXPECT_EQ(counters_.events_held.get(), 0U);
  EXPECT_EQ(counters_.frames_received.get(), 100U);
}

TEST_F(RxFixture, PastTheSoftMarkAPortThatCanWaitIsLeftAlone) {
  give(packet_of(frame("a", 1)));
  sink_.state->depth = limits_.soft_mark_cells + 1;
  EXPECT_EQ(stage().poll(1), 0U);
  EXPECT_EQ(queue_.state->receives, 0U);
  EXPECT_EQ(counters_.polls_deferred.get(), 1U);
  queue_.state->can_wait = false;
  EXPECT_NE(stage().poll(2), 0U);
  EXPECT_EQ(sink_.state->events.size(), 1U);
}

TEST_F(RxFixture, AStopKeepsPacketsInThePort) {
  give(packet_of(frame("a", 1)));
  flow_.show(control::Flow::kClosed);
  EXPECT_EQ(stage().poll(1), 0U);
  EXPECT_EQ(queue_.state->packets.size(), 1U);
  rte_pktmbuf_free(queue_.state->packets.front());
}

TEST_F(RxFixture, SessionNumbersTheFramesAfterIt) {
  give(packet_of(join(
      {frame("before", 1), session(42, 100, 2), frame("a", 1), frame("b", 1), frame("past", 1)})));
  give(packet_of(frame("next datagram", 1)));
  run();
  const auto all = seen();
  ASSERT_EQ(all.size(), 5U);
  EXPECT_FALSE(all[0].sequenced);
  EXPECT_EQ(all[1].sequence, 100U);
  EXPECT_EQ(all[2].sequence, 101U);
  EXPECT_EQ(all[2].producer, 42U);
  EXPECT_FALSE(all[3].sequenced);
  EXPECT_FALSE(all[4].sequenced);
}

TEST_F(RxFixture, EveryKindOfPacketIsCountedOnceAndFreed) {
  Bytes arp = packet_of(frame("a", 1));
  arp[12] = 0x08;
  arp[13] = 0x06;
  Bytes wrong_port = packet_of(frame("a", 1));
  wrong_port[37] ^= 0xff;
  give(arp);
  give(wrong_port);
  give(packet_of(Bytes{}));
  give(Bytes{1, 2, 3});
  run();
  EXPECT_EQ(counters_.non_event.get(NonEvent::kArp), 1U);
  EXPECT_EQ(counters_.non_event.get(NonEvent::kEmptyDatagram), 1U);
  EXPECT_EQ(dropped(PacketDrop::kWrongPort), 1U);
  EXPECT_EQ(dropped(PacketDrop::kShortHeader), 1U);
  EXPECT_EQ(counters_.packets_received.get(), 4U);
  EXPECT_EQ(counters_.datagrams.get(), 0U);
  EXPECT_TRUE(pool_.whole());
}

TEST_F(RxFixture, DiscardAccountsForEverythingHeld) {
  sink_.state->room = 3;
  Bytes many;
  for (int i = 0; i < 100; ++i) {
    const Bytes one = frame("t", 1);
    many.insert(many.end(), one.begin(), one.end());
  }
  give(packet_of(many));
  give(packet_of(frame("never begun", 1)));
  ASSERT_NE(stage().poll(1), 0U);
  stage().discard();
  EXPECT_EQ(counters_.frames_received.get(), 100U);
  EXPECT_EQ(dropped(FrameDrop::kDrainedAtDeadline), 97U);
  EXPECT_EQ(dropped(PacketDrop::kDrainedAtDeadline), 1U);
  EXPECT_EQ(counters_.packets_received.get(), 2U);
  EXPECT_EQ(counters_.events_held.get(), 0U);
  EXPECT_EQ(counters_.packets_held.get(), 0U);
}

TEST_F(RxFixture, GivesUpEverythingHeldEventByEvent) {
  sink_.state->room = 3;
  Bytes many;
  for (int i = 0; i < 200; ++i) {
    const Bytes one = frame("t", 1);
    many.insert(many.end(), one.begin(), one.end());
  }
  give(packet_of(many));
  give(packet_of(frame("never begun", 1)));
  ASSERT_NE(stage().poll(1), 0U);
  std::size_t given_up = 0;
  std::string last;
  stage().give_up_all([&](std::size_t /*lane*/, const event::Event& event) {
    ++given_up;
    const auto topic = event::topic(event);
    last.assign(topic.begin(), topic.end());
    event::free_segment(event.mbuf);
  });
  stage().discard();
  EXPECT_EQ(given_up, 198U);
  EXPECT_EQ(last, "never begun");
  EXPECT_EQ(counters_.frames_received.get(), 201U);
  EXPECT_EQ(dropped(FrameDrop::kDrainedAtDeadline), 0U);
  EXPECT_EQ(dropped(PacketDrop::kDrainedAtDeadline), 0U);
  EXPECT_EQ(counters_.packets_received.get(), counters_.datagrams.get());
  EXPECT_EQ(counters_.events_held.get(), 0U);
  EXPECT_EQ(counters_.packets_held.get(), 0U);
  EXPECT_EQ(counters_.datagram_open.get(), 0U);
}

TEST_F(RxFixture, GivesUpWhatIsBehindAFrameThatWaitsForABuffer) {
  limits_.jumbo_wait_cycles = 1'000'000;
  port_.jumbo_pool = nullptr;
  give(packet_of(join({session(5, 0), frame("big", 5000), frame("small", 5)})), {2000, 4000});
  give(packet_of(frame("big alone", 5000)), {2000, 4000});
  (void)stage().poll(++now_);
  EXPECT_EQ(counters_.jumbo_waits.get(), 1U);
  std::vector<std::uint64_t> numbers;
  stage().give_up_all([&](std::size_t /*lane*/, const event::Event& event) {
    numbers.push_back(event.sequence);
    event::free_segment(event.mbuf);
  });
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{1}));  // the big one used number 0 up
  EXPECT_EQ(counters_.frames_received.get(), 4U);
  EXPECT_EQ(dropped(FrameDrop::kDrainedAtDeadline), 2U);
  EXPECT_EQ(counters_.packets_received.get(), counters_.datagrams.get());
  EXPECT_TRUE(pool_.whole());
}

TEST_F(RxFixture, EventsMayBeGivenBackWhileTheirDatagramIsStillRead) {
  Bytes payload;
  for (std::size_t i = 0; i < 150; ++i) {
    const Bytes one = frame("t" + std::to_string(i), 1);
    payload.insert(payload.end(), one.begin(), one.end());
  }
  give(packet_of(payload));
  std::size_t events = 0;
  // Workers are so fast that no event of an earlier poll is left when the next poll begins.
  for (int polls = 0; polls < 5; ++polls) {
    (void)stage().poll(++now_);
    for (const Seen& event : seen()) EXPECT_EQ(event.topic, "t" + std::to_string(events++));
    release_events();
    EXPECT_EQ(pool_.in_use(), events < 150 ? 1U : 0U);
  }
  EXPECT_EQ(events, 150U);
}

TEST_F(RxFixture, DiscardAccountsForAChainedDatagramThatWaitsForABuffer) {
  limits_.jumbo_wait_cycles = 1'000'000;
  port_.jumbo_pool = nullptr;
  Bytes bad = frame("bad", 3);
  bad[7] = 0xff;
  give(packet_of(join({session(5, 0), frame("big", 5000), bad, frame("small", 5)})), {2000, 4000});
  give(packet_of(frame("never begun", 1)));
  (void)stage().poll(++now_);
  EXPECT_EQ(counters_.jumbo_waits.get(), 1U);
  stage().discard();
  EXPECT_EQ(counters_.frames_received.get(), 4U);
  EXPECT_EQ(counters_.control.get(), 1U);
  EXPECT_EQ(dropped(FrameDrop::kTopicNotUtf8), 1U);
  EXPECT_EQ(dropped(FrameDrop::kDrainedAtDeadline), 2U);
  EXPECT_EQ(dropped(PacketDrop::kDrainedAtDeadline), 1U);
  EXPECT_EQ(counters_.packets_received.get(), counters_.datagrams.get() + 1);
  EXPECT_TRUE(pool_.whole());
}

}  // namespace
}  // namespace esc::test
