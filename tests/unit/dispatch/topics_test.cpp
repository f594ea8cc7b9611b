// SPDX-License-Identifier: BSD-3-Clause
// Events that a dispatcher does not hand to workers are counted by topic; the sums equal its total
// counts.
#include <gtest/gtest.h>

#include <vector>

#include "dispatch/dispatch_fixture.hpp"

namespace esc::test {
namespace {

class TopicTest : public DispatchTest {
 protected:
  struct Counts {
    std::uint64_t duplicate = 0;
    std::uint64_t stale = 0;
    std::uint64_t dead_lettered = 0;
    std::uint64_t dropped = 0;
    bool operator==(const Counts&) const = default;
  };
  [[nodiscard]] Counts counts(std::size_t slot) const {
    const telemetry::TopicRefusals& topic = topics_[slot];
    return {topic.duplicate.get(), topic.stale.get(), topic.dead_lettered.get(),
            topic.dropped.get()};
  }
};

TEST_F(TopicTest, CopiesAndStaleEvents) {
  Producers producers;
  make({{.topic = "a", .slot = 3}, {.topic = "b", .slot = 5}}, 1, 64,
       {.producers = &producers.table});
  for (const std::uint64_t sequence : {1000U, 1000U, 1001U, 1000U}) give("a", 7, sequence);
  give("b", 7, 1000);
  give("b", 7, 1001 - Producers::kWindow);
  give("unknown", 7, 1001);
  EXPECT_EQ(stage_->poll(1), 7U);
  EXPECT_EQ(counts(3), (Counts{.duplicate = 2}));
  EXPECT_EQ(counts(5), (Counts{.duplicate = 1, .stale = 1}));
  EXPECT_EQ(counters_.duplicate.get(), 4U);  // one of no topic
}

TEST_F(TopicTest, StaleEventsThatAreKept) {
  Producers producers;
  make({{.topic = "a", .slot = 3}}, 1, 64,
       {.producers = &producers.table, .keeps = true, .keeps_stale = true});
  give("a", 7, 1000);
  give("a", 7, 1);
  EXPECT_EQ(stage_->poll(1), 2U);
  EXPECT_EQ(counts(3), (Counts{.dead_lettered = 1}));
}

TEST_F(TopicTest, EventsWithoutRoomAndThoseThatWaitedTooLong) {
  for (const bool keeps : {false, true}) {
    rings_.clear();
    topics_ = std::vector<telemetry::TopicRefusals>(8);
    make({{.topic = "holds", .slot = 0},
          {.topic = "sheds", .on_full = config::OnFull::kShed, .slot = 1},
          {.topic = "kept", .on_full = config::OnFull::kDeadLetter, .slot = 2}},
         1, 4, {.hold = 2, .hold_cycles = 100, .lossless = false, .keeps = keeps});
    const std::uint64_t told = counters_.shed_as_told.get();
    for (int i = 0; i < 4; ++i) give("holds");  // the ring is full then
    for (int i = 0; i < 5; ++i) give("sheds");
    for (int i = 0; i < 3; ++i) give("kept");
    for (int i = 0; i < 6; ++i) give("holds");
    for (int i = 0; i < 10; ++i) (void)stage_->poll(1);
    // At most two of the six wait, and the others find no room.
    (void)stage_->poll(1000);
    const std::uint64_t held = counters_.events_held.get();
    EXPECT_EQ(held, 0U);
    EXPECT_EQ(counts(1), (Counts{.dropped = 5}));
    EXPECT_EQ(counts(2), keeps ? (Counts{.dead_lettered = 3}) : (Counts{.dropped = 3}));
    EXPECT_EQ(counts(0), keeps ? (Counts{.dead_lettered = 6}) : (Counts{.dropped = 6}));
    // Counts events whose routes say that they are to be shed, and no others that found a worker
    // full.
    EXPECT_EQ(counters_.shed_as_told.get() - told, 5U);
    (void)take(0);
  }
}

TEST_F(TopicTest, WhoMayNotPublish) {
  make({{.topic = "a",
         .publishers = {std::get<wire::IpPrefix>(wire::parse_prefix("192.0.2.0/24"))},
         .slot = 4}},
       1, 8);
  give("a");
  give("a");
  EXPECT_EQ(stage_->poll(1), 2U);
  EXPECT_EQ(counts(4), (Counts{.dropped = 2}));
  EXPECT_EQ(dropped(FrameDrop::kTopicNotAllowed), 2U);
}

}  // namespace
}  // namespace esc::test
