// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/ledger.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace esc::telemetry {
namespace {

constexpr std::size_t at(DeadReason reason) {
  return static_cast<std::size_t>(reason);
}
constexpr std::size_t at(FrameDrop reason) {
  return static_cast<std::size_t>(reason);
}
constexpr std::size_t at(PacketDrop reason) {
  return static_cast<std::size_t>(reason);
}
constexpr std::size_t at(NonEvent kind) {
  return static_cast<std::size_t>(kind);
}

// Every category different, so that none can stand in for another. 100 frames, 1,000 packets.
Ledger full_ledger() {
  Ledger ledger;
  ledger.frames = {.received = 100,
                   .delivered = 50,
                   .control = 16,
                   .duplicate = {1, 5, 2},
                   .stale = 7,
                   .dead_lettered = {},
                   .dropped = {},
                   .in_flight = 3};
  ledger.frames.dead_lettered[at(DeadReason::kUnknownTopic)] = 4;
  ledger.frames.dead_lettered[at(DeadReason::kStale)] = 2;
  ledger.frames.dropped[at(FrameDrop::kFrameTruncated)] = 9;
  ledger.frames.dropped[at(FrameDrop::kUnknownTopic)] = 1;
  ledger.packets = {.received = 1000,
                    .datagrams = 800,
                    .reassembled = 70,
                    .non_event = {},
                    .dropped = {},
                    .in_flight = 20};
  ledger.losses = {.imissed = 11, .rx_nombuf = 12, .ierrors = 13};
  ledger.packets.non_event[at(NonEvent::kArp)] = 60;
  ledger.streams = {.accepted = 30, .open = 6, .accepts_failed = 1, .bytes = 9'999};
  ledger.streams.closed[static_cast<std::size_t>(StreamEnd::kPeer)] = 20;
  ledger.streams.closed[static_cast<std::size_t>(StreamEnd::kFailed)] = 4;
  ledger.streams.refused[static_cast<std::size_t>(StreamRefusal::kNotAllowed)] = 2;
  ledger.packets.dropped[at(PacketDrop::kWrongPort)] = 49;
  ledger.packets.dropped[at(PacketDrop::kShortHeader)] = 1;
  return ledger;
}

TEST(Ledger, AnEmptyOneBalances) {
  EXPECT_TRUE(Ledger{}.balanced());
  EXPECT_TRUE(Ledger{}.within(0, 0));
}

TEST(Ledger, Sums) {
  const Ledger ledger = full_ledger();
  EXPECT_EQ(ledger.frames_dropped(), 10U);
  EXPECT_EQ(ledger.packets_dropped(), 50U);
  EXPECT_EQ(ledger.frames_accounted(), 97U);
  EXPECT_EQ(ledger.packets_accounted(), 980U);
}

TEST(Ledger, BalancesToTheFrame) {
  EXPECT_TRUE(full_ledger().balanced());
  const auto unbalanced_by = [](auto change) {
    Ledger more = full_ledger();
    ++change(more);
    Ledger less = full_ledger();
    --change(less);
    return !more.balanced() && !less.balanced();
  };
  using U64 = std::uint64_t;
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.frames.received; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.frames.delivered; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.frames.control; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.frames.duplicate[0]; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.frames.duplicate[1]; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.frames.duplicate[2]; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.frames.stale; }));
  EXPECT_TRUE(unbalanced_by(
      [](Ledger& l) -> U64& { return l.frames.dead_lettered[at(DeadReason::kStale)]; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.frames.in_flight; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.packets.received; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.packets.datagrams; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.packets.reassembled; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.packets.in_flight; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.streams.accepted; }));
  EXPECT_TRUE(unbalanced_by([](Ledger& l) -> U64& { return l.streams.open; }));
  for (std::size_t i = 0; i < full_ledger().streams.closed.size(); ++i) {
    EXPECT_TRUE(unbalanced_by([i](Ledger& l) -> U64& { return l.streams.closed[i]; })) << i;
  }
  for (std::size_t i = 0; i < full_ledger().frames.dropped.size(); ++i) {
    EXPECT_TRUE(unbalanced_by([i](Ledger& l) -> U64& { return l.frames.dropped[i]; })) << i;
  }
  for (std::size_t i = 0; i < full_ledger().packets.dropped.size(); ++i) {
    EXPECT_TRUE(unbalanced_by([i](Ledger& l) -> U64& { return l.packets.dropped[i]; })) << i;
  }
  for (std::size_t i = 0; i < full_ledger().packets.non_event.size(); ++i) {
    EXPECT_TRUE(unbalanced_by([i](Ledger& l) -> U64& { return l.packets.non_event[i]; })) << i;
  }
}

TEST(Ledger, WhatThePortLostIsBesideIt) {
  Ledger ledger = full_ledger();
  ledger.losses = {.imissed = 1'000'000, .rx_nombuf = 5, .ierrors = 6};
  EXPECT_TRUE(ledger.balanced());
}

TEST(Ledger, WithinTheRoomThereIs) {
  const Ledger ledger = full_ledger();  // 3 frames and 20 packets are not accounted for
  EXPECT_TRUE(ledger.within(3, 20));
  EXPECT_FALSE(ledger.within(2, 20));
  EXPECT_FALSE(ledger.within(3, 19));
  Ledger invented = full_ledger();
  invented.frames.delivered += 4;  // one more than was received
  EXPECT_FALSE(invented.within(1'000, 1'000));
  invented = full_ledger();
  invented.packets.datagrams += 21;
  EXPECT_FALSE(invented.within(1'000, 1'000));
}

TEST(Ledger, CollectAddsUpEveryBlock) {
  WorkerCounters workers[2];
  workers[0].delivered.add(5);
  workers[1].delivered.add(6);
  workers[1].frame_dropped.add(FrameDrop::kHandlerRefused, 2);
  workers[0].events_received.add(100);  // not a category
  DispatchCounters dispatcher;
  dispatcher.events_received.add(16);
  dispatcher.frame_dropped.add(FrameDrop::kUnknownTopic, 3);
  dispatcher.duplicate.add(12);
  dispatcher.stale.add(13);
  dispatcher.duplicate_key.add(14);
  dispatcher.duplicate_replay.add(19);
  PacketCounters packets[2];
  FrameCounters frames[2];
  packets[0].packets_received.add(10);
  packets[0].datagrams.add(7);
  packets[0].non_event.add(NonEvent::kIcmp, 2);
  packets[0].packet_dropped.add(PacketDrop::kBadUdpChecksum, 1);
  frames[0].frames_received.add(59);
  frames[0].control.add(3);
  frames[0].frame_dropped.add(FrameDrop::kUnknownTopic, 1);
  packets[1].packets_received.add(1);
  packets[1].datagrams.add(1);
  frames[1].frames_received.add(1);
  SettledCounters settled[2];
  settled[0].durable.add(DeadReason::kStale, 15);
  settled[1].durable.add(DeadReason::kStale, 16);
  settled[1].durable.add(DeadReason::kHoldExpired, 17);
  settled[1].write_failed.add(18);
  frames[1].frames_received.add(15 + 16 + 17 + 18 + 19);

  Ledger ledger;
  add_ended(dispatcher, ledger);
  for (const int i : {0, 1}) {
    add_ended(settled[i], ledger);
    add_ended(workers[i], ledger);
    add_ended(frames[i], ledger);
    add_ended(packets[i], ledger);
  }
  EXPECT_EQ(ledger.frames.received + ledger.packets.received, 0U);
  for (const int i : {0, 1}) {
    add_received(frames[i], ledger);
    add_received(packets[i], ledger);
  }
  EXPECT_EQ(ledger.frames.received, 145U);
  EXPECT_EQ(ledger.frames.dead_lettered[at(DeadReason::kStale)], 31U);
  EXPECT_EQ(ledger.frames.dead_lettered[at(DeadReason::kHoldExpired)], 17U);
  EXPECT_EQ(ledger.frames_dead_lettered(), 48U);
  EXPECT_EQ(ledger.frames.dropped[at(FrameDrop::kDlqWriteFailed)], 18U);
  EXPECT_EQ(ledger.frames.delivered, 11U);
  EXPECT_EQ(ledger.frames_duplicate(), 45U);
  EXPECT_EQ(ledger.frames.stale, 13U);
  EXPECT_EQ(ledger.frames.duplicate, (std::array<std::uint64_t, 3>{12, 14, 19}));
  EXPECT_EQ(ledger.frames.control, 3U);
  EXPECT_EQ(ledger.frames.dropped[at(FrameDrop::kUnknownTopic)], 4U);
  EXPECT_EQ(ledger.frames.dropped[at(FrameDrop::kHandlerRefused)], 2U);
  EXPECT_EQ(ledger.frames_dropped(), 24U);
  EXPECT_EQ(ledger.frames.in_flight, 0U);
  EXPECT_EQ(ledger.packets.received, 11U);
  EXPECT_EQ(ledger.packets.datagrams, 8U);
  EXPECT_EQ(ledger.packets.non_event[at(NonEvent::kIcmp)], 2U);
  EXPECT_EQ(ledger.packets.dropped[at(PacketDrop::kBadUdpChecksum)], 1U);
  EXPECT_FALSE(ledger.balanced());  // 1 frame is somewhere: in flight is for the caller to say
  EXPECT_TRUE(ledger.within(1, 0));
  ledger.frames.in_flight = 1;
  EXPECT_TRUE(ledger.balanced());
}

TEST(Ledger, TheSchemaIsFrozen) {
  EXPECT_EQ(to_json(full_ledger(), true).dump(),
            R"({"frames":{"received":100,"delivered":50,"control":16,"duplicate":8,)"
            R"("duplicate_by":{"number":1,"key":5,"replay":2},"stale":7,)"
            R"("dead_lettered":{"durable":6,"by_reason":{"unknown_topic":4,"stale":2}},)"
            R"("dropped":{"frame_truncated":9,"unknown_topic":1},"in_flight":3},)"
            R"("packets":{"received":1000,"datagrams":800,"reassembled":70,)"
            R"("non_event":{"arp":60},"dropped":{"short_header":1,"wrong_port":49},)"
            R"("in_flight":20,"imissed":11,"rx_nombuf":12,"ierrors":13},)"
            R"("streams":{"accepted":30,"closed":{"peer":20,"failed":4},"open":6,)"
            R"("refused":{"not_allowed":2},"accepts_failed":1,"bytes":9999},"balanced":true})");
}

TEST(Ledger, NothingHappenedYet) {
  EXPECT_EQ(to_json(Ledger{}, false).dump(),
            R"({"frames":{"received":0,"delivered":0,"control":0,"duplicate":0,)"
            R"("duplicate_by":{"number":0,"key":0,"replay":0},"stale":0,)"
            R"("dead_lettered":{"durable":0,"by_reason":{}},"dropped":{},"in_flight":0},)"
            R"("packets":{"received":0,"datagrams":0,"reassembled":0,"non_event":{},"dropped":{},)"
            R"("in_flight":0,"imissed":0,"rx_nombuf":0,"ierrors":0},)"
            R"("streams":{"accepted":0,"closed":{},"open":0,"refused":{},"accepts_failed":0,)"
            R"("bytes":0},"balanced":false})");
}

}  // namespace
}  // namespace esc::telemetry
