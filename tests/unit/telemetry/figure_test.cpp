// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/figure.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/reasons.hpp"
#include "telemetry/figure_json.hpp"
#include "telemetry/stage_counters.hpp"
#include "telemetry/storage_counters.hpp"
#include "telemetry/topic_counters.hpp"

namespace esc::telemetry {
namespace {

struct Whole {
  Counter first;
  CounterSet<NonEvent> kinds;
  std::uint64_t bytes = 7;
  Counter spent;
  Counter since;
  Counter word;
};
constexpr auto figures_of(const Whole* /*block*/) {
  return describe("whole", Figure{"first", "The first", &Whole::first},
                  Figure{"kinds", "By kind", &Whole::kinds, Kind::kCounter, Unit::kNone, "kinds",
                         "kind", kNonEventNames},
                  Figure{"bytes", "Bytes", &Whole::bytes, Kind::kGauge, Unit::kBytes},
                  Figure{"spent", "Time", &Whole::spent, Kind::kCounter, Unit::kCycles, "spent_us"},
                  Figure{"since", "Age", &Whole::since, Kind::kGauge, Unit::kMoment, "age_ms"},
                  Figure{"word", "A word", &Whole::word, Kind::kWord});
}
static_assert(well_described<Whole>());

// Blocks whose static_assert would not compile: each must not be well described.
struct WithoutRow {
  Counter first;
  Counter second;
};
constexpr auto figures_of(const WithoutRow* /*block*/) {
  return describe("x", Figure{"first", "The first", &WithoutRow::first});
}
static_assert(!well_described<WithoutRow>(), "a member has no row");

struct OneTwice {
  Counter first;
  Counter second;
};
constexpr auto figures_of(const OneTwice* /*block*/) {
  return describe("x", Figure{"first", "The first", &OneTwice::first},
                  Figure{"second", "The second", &OneTwice::first});
}
static_assert(!well_described<OneTwice>(), "a member has two rows, another none");

struct NameTwice {
  Counter first;
  Counter second;
};
constexpr auto figures_of(const NameTwice* /*block*/) {
  return describe("x", Figure{"first", "The first", &NameTwice::first},
                  Figure{"first", "The second", &NameTwice::second});
}
static_assert(!well_described<NameTwice>(), "two rows have one name");

struct WithoutHelp {
  Counter first;
};
constexpr auto figures_of(const WithoutHelp* /*block*/) {
  return describe("x", Figure{"first", "", &WithoutHelp::first});
}
static_assert(!well_described<WithoutHelp>());

struct WithoutNames {
  CounterSet<NonEvent> kinds;
};
constexpr auto figures_of(const WithoutNames* /*block*/) {
  return describe("x", Figure{"kinds", "By kind", &WithoutNames::kinds, Kind::kCounter, Unit::kNone,
                              "kinds", "reason", kPacketDropNames});
}
static_assert(!well_described<WithoutNames>(), "the names are another enum's");

static_assert(members<Whole>() == 6);
static_assert(members<PacketCounters>() == 11);

void count(Whole& block) {
  block.first.add(3);
  block.kinds.add(NonEvent::kArp, 4);
  block.kinds.add(NonEvent::kTcp, 5);
  block.spent.add(2'000);
  block.since.set(9'000);
  block.word.set(99);
}

TEST(Reading, HasEachMemberAsItWas) {
  Whole block;
  count(block);
  const Reading<Whole> reading(block);
  block.first.add(1'000);
  EXPECT_EQ(reading.get(&Whole::first), 3U);
  EXPECT_EQ(reading.get(&Whole::kinds), 9U);
  EXPECT_EQ(reading.get(&Whole::kinds, NonEvent::kTcp), 5U);
  EXPECT_EQ(reading.get(&Whole::bytes), 7U);
  EXPECT_EQ(reading.get(&Whole::word), 99U);
}

TEST(Reading, AddsUp) {
  Whole block;
  count(block);
  Reading<Whole> sum(block);
  sum += Reading<Whole>(block);
  EXPECT_EQ(sum.get(&Whole::first), 6U);
  EXPECT_EQ(sum.get(&Whole::kinds, NonEvent::kArp), 8U);
}

TEST(Reading, BecomesJson) {
  Whole block;
  count(block);
  const auto json = to_json(Reading<Whole>(block), {.now = 10'000, .ticks_per_second = 1'000'000});
  EXPECT_EQ(json.dump(), R"({"first":3,"kinds":9,"bytes":7,"spent_us":2000.0,"age_ms":1.0})");
}

// An RX stage has blocks of packets and blocks of frames, and both are shown as one object.
TEST(Reading, BlocksOfOneStageAddUpUnderOneKey) {
  PacketCounters packets;
  FrameCounters frames;
  packets.packets_held.set(2);
  frames.events_held.set(3);
  packets.packet_dropped.add(PacketDrop::kFragment, 10);
  frames.frame_dropped.add(FrameDrop::kPaused, 20);
  auto json = to_json(Reading<PacketCounters>(packets));
  add_to(json, Reading<FrameCounters>(frames));
  EXPECT_EQ(json.at("held"), 5);
  EXPECT_EQ(json.at("dropped"), 30);
}

TEST(Clock, NoAgeIsNegative) {
  const Clock clock{.now = 5, .ticks_per_second = 10};
  EXPECT_EQ(clock.age(7), 0.0);
  EXPECT_EQ(clock.age(0), 0.5);
}

TEST(TopicTotals, AreOfAllWhoSawItsEvents) {
  TopicCounters at_worker(1);
  at_worker.deliver(0, 30);
  at_worker.refuse(0, true);
  at_worker.refuse(0, false);
  TopicRefusals at_dispatcher;
  at_dispatcher.duplicate.add(4);
  at_dispatcher.stale.add(5);
  at_dispatcher.dead_lettered.add(6);
  at_dispatcher.dropped.add(7);
  TopicTotals totals;
  totals.add(at_worker.totals(0));
  totals.add(at_dispatcher);
  EXPECT_EQ(totals.received(), 1U + 2 + 4 + 5 + 6 + 7);
  EXPECT_EQ(totals.refused, 2U);
  EXPECT_EQ(totals.dead_lettered, 7U);
  EXPECT_EQ(totals.dropped, 8U);
}

}  // namespace
}  // namespace esc::telemetry
