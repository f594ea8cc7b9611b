// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/exposition.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <string>

#include "base/reasons.hpp"
#include "telemetry/stage_counters.hpp"

namespace esc::telemetry {
namespace {

constexpr Family kFrames{"frames", "Frames that came", Kind::kCounter};
constexpr Family kDepth{"ring_cells", "Cells in use", Kind::kGauge};

TEST(Exposition, ASeriesHasHelpTypeAndValue) {
  Exposition exposition;
  exposition.add(kFrames, {}, std::uint64_t{18'446'744'073'709'551'615U});
  EXPECT_EQ(exposition.text(),
            "# HELP escd_frames_total Frames that came\n"
            "# TYPE escd_frames_total counter\n"
            "escd_frames_total 18446744073709551615\n");
}

// A scraper wants the series of a family in one place, in whatever order they were added.
TEST(Exposition, AFamilyStaysTogether) {
  Exposition exposition(Labels{{"instance", "demo"}});
  exposition.add(kFrames, {{"pipeline", "0"}}, std::uint64_t{1});
  exposition.add(kDepth, {}, 0.5);
  exposition.add(kFrames, {{"pipeline", "1"}}, std::uint64_t{2});
  EXPECT_EQ(exposition.text(),
            "# HELP escd_frames_total Frames that came\n"
            "# TYPE escd_frames_total counter\n"
            "escd_frames_total{instance=\"demo\",pipeline=\"0\"} 1\n"
            "escd_frames_total{instance=\"demo\",pipeline=\"1\"} 2\n"
            "# HELP escd_ring_cells Cells in use\n"
            "# TYPE escd_ring_cells gauge\n"
            "escd_ring_cells{instance=\"demo\"} 0.5\n");
}

TEST(Exposition, TellsValuesThatAreNoNumbers) {
  Exposition exposition;
  exposition.add(kDepth, {{"x", "a"}}, std::numeric_limits<double>::infinity());
  exposition.add(kDepth, {{"x", "b"}}, -std::numeric_limits<double>::infinity());
  exposition.add(kDepth, {{"x", "c"}}, std::numeric_limits<double>::quiet_NaN());
  const std::string text = exposition.text();
  EXPECT_NE(text.find("{x=\"a\"} +Inf\n"), std::string::npos);
  EXPECT_NE(text.find("{x=\"b\"} -Inf\n"), std::string::npos);
  EXPECT_NE(text.find("{x=\"c\"} NaN\n"), std::string::npos);
}

TEST(Exposition, RefusesWhatNoScraperTakes) {
  Exposition exposition;
  exposition.add(kFrames, {{"reason", "a"}}, std::uint64_t{1});
  EXPECT_THROW(exposition.add(kFrames, {{"reason", "a"}}, std::uint64_t{2}), std::logic_error);
  EXPECT_THROW(exposition.add({"frames", "As a gauge", Kind::kGauge}, {{"reason", "b"}}, 1.0),
               std::logic_error);
  EXPECT_THROW(exposition.add(kFrames, {{"Reason", "a"}}, 1.0), std::logic_error);
  for (const char* name : {"", "Frames", "frames-in", "frames_total", "0frames", "frames_count"}) {
    EXPECT_THROW(exposition.add({name, "Help", Kind::kCounter}, {}, 1.0), std::logic_error) << name;
  }
}

TEST(Exposition, EscapesHelp) {
  Exposition exposition;
  exposition.add({"x", "a\\b\nc", Kind::kGauge}, {}, 1.0);
  EXPECT_EQ(exposition.text(), "# HELP escd_x a\\\\b c\n# TYPE escd_x gauge\nescd_x 1\n");
}

// A topic may have any bytes; none of them may end the value, the line or the text.
TEST(LabelText, EscapesWhateverComes) {
  EXPECT_EQ(label_text("plain/topic"), "plain/topic");
  EXPECT_EQ(label_text("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
  EXPECT_EQ(label_text(std::string("a\0b\x7f\x1b", 5)), "a\\\\x00b\\\\x7f\\\\x1b");
  EXPECT_EQ(label_text("t\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
            "t\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(LabelText, WhatIsNoUtf8IsSpelledOut) {
  EXPECT_EQ(label_text("\xff"), "\\\\xff");
  EXPECT_EQ(label_text("a\xc3"), "a\\\\xc3");                      // cut
  EXPECT_EQ(label_text("\xc0\xaf"), "\\\\xc0\\\\xaf");             // overlong
  EXPECT_EQ(label_text("\xe0\x80\xaf"), "\\\\xe0\\\\x80\\\\xaf");  // overlong
  EXPECT_EQ(label_text("\xed\xa0\x80"), "\\\\xed\\\\xa0\\\\x80");  // a surrogate
  EXPECT_EQ(label_text("\xf4\x90\x80\x80"), "\\\\xf4\\\\x90\\\\x80\\\\x80");
  EXPECT_EQ(label_text("\xe2\x82\"x"), "\\\\xe2\\\\x82\\\"x");
}

TEST(Exposition, WritesABlockByItsRows) {
  PacketCounters packets;
  packets.packet_bytes.add(1'500);
  packets.packets_held.set(3);
  packets.packet_dropped.add(PacketDrop::kFragment, 2);
  Exposition exposition;
  exposition.add(Reading<PacketCounters>(packets), {{"rx", "0"}}, Clock{});
  const std::string text = exposition.text();
  for (const char* line :
       {"# HELP escd_rx_bytes_total Bytes of the packets taken from the port, headers included\n",
        "escd_rx_bytes_total{rx=\"0\"} 1500\n", "# TYPE escd_rx_held gauge\n",
        "escd_rx_held{rx=\"0\"} 3\n", "escd_rx_dropped_total{rx=\"0\",reason=\"fragment\"} 2\n",
        "escd_rx_dropped_total{rx=\"0\",reason=\"short_header\"} 0\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(Exposition, LeavesWordsOut) {
  WorkerCounters worker;
  worker.in_hand.set(1);
  Exposition exposition;
  exposition.add(Reading<WorkerCounters>(worker), {}, Clock{});
  EXPECT_EQ(exposition.text().find("in_hand"), std::string::npos);
}

TEST(Exposition, TellsTimesInSeconds) {
  EXPECT_EQ(seconds_of(Unit::kNanoseconds, 1'500'000'000, {}), 1.5);
  EXPECT_EQ(seconds_of(Unit::kCycles, 500, {.now = 0, .ticks_per_second = 1'000}), 0.5);
  EXPECT_EQ(seconds_of(Unit::kMoment, 500, {.now = 700, .ticks_per_second = 100}), 2.0);
  constexpr auto kRow =
      Figure{"work", "Time", &WorkerCounters::polls, Kind::kCounter, Unit::kCycles};
  EXPECT_EQ(family_name("lcore", kRow), "lcore_work_seconds");
}

}  // namespace
}  // namespace esc::telemetry
