// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/figure.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/reasons.hpp"
#include "telemetry/exposition.hpp"
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

// Every kind and unit that is not a plain count.
struct Shown {
  std::uint64_t level = 1;
  std::uint64_t up = 1;
  std::uint64_t share = 125;
  std::uint64_t busy = 125;
  std::uint64_t speed = 10;
  std::uint64_t event = 2'500;
  std::array<std::uint64_t, 2> inputs{250, 1'000};
};
constexpr std::array<std::string_view, 2> kLevels = {"low", "high"};
constexpr std::array<std::string_view, 2> kInputs = {"ring", "pool"};
constexpr auto figures_of(const Shown* /*block*/) {
  return describe(
      "",
      Figure{"level", "Level", &Shown::level, Kind::kOneOf, Unit::kNone, "level", "level", kLevels},
      Figure{"up", "Up", &Shown::up, Kind::kFlag},
      Figure{"share", "Share", &Shown::share, Kind::kGauge, Unit::kPermille},
      Figure{"busy", "Busy", &Shown::busy, Kind::kGauge, Unit::kPermille, "busy_percent"},
      Figure{"speed", "Speed", &Shown::speed, Kind::kGauge, Unit::kMegabits, "speed_mbps"},
      Figure{"event", "Time", &Shown::event, Kind::kGauge, Unit::kNanoseconds, "us_per_event"},
      Figure{"input", "Input", &Shown::inputs, Kind::kGauge, Unit::kPermille, "inputs", "input",
             kInputs});
}
static_assert(well_described<Shown>());

struct OneOfNothing {
  std::uint64_t level = 0;
};
constexpr auto figures_of(const OneOfNothing* /*block*/) {
  return describe("x", Figure{"level", "Level", &OneOfNothing::level, Kind::kOneOf});
}
static_assert(!well_described<OneOfNothing>(), "one of no names");

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

TEST(Reading, EachKindAndUnitIsShownInItsWay) {
  const Reading<Shown> reading{Shown{}};
  EXPECT_EQ(to_json(reading).dump(),
            R"({"level":"high","up":true,"share":125,"busy_percent":12.5,"speed_mbps":10,)"
            R"("us_per_event":2.5,"inputs":1250})");
  Exposition out;
  out.add(reading, {}, {}, "all");
  const std::string text = out.text();
  for (const char* line :
       {"escd_all_level{level=\"low\"} 0\n", "escd_all_level{level=\"high\"} 1\n",
        "escd_all_up 1\n", "escd_all_share_ratio 0.125\n", "escd_all_busy_ratio 0.125\n",
        "escd_all_speed_bytes 1250000\n", "escd_all_event_seconds 2.5e-06\n",
        "escd_all_input_ratio{input=\"ring\"} 0.25\n",
        "escd_all_input_ratio{input=\"pool\"} 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(Reading, FlagsAndNamesAreNotAddedUp) {
  auto json = to_json(Reading<Shown>{Shown{}});
  add_to(json, Reading<Shown>{Shown{.level = 0, .up = 0}});
  EXPECT_EQ(json.at("level"), "low");
  EXPECT_EQ(json.at("up"), false);
  EXPECT_EQ(json.at("share"), 250);
  EXPECT_EQ(json.at("us_per_event"), 5.0);
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
  totals += at_worker.totals(0);
  totals += at_dispatcher.totals();
  EXPECT_EQ(totals.received(), 1U + 2 + 4 + 5 + 6 + 7);
  EXPECT_EQ(totals.refused, 2U);
  EXPECT_EQ(totals.dead_lettered, 7U);
  EXPECT_EQ(totals.dropped, 8U);
}

}  // namespace
}  // namespace esc::telemetry
