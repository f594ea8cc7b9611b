// SPDX-License-Identifier: BSD-3-Clause
// Events that a dispatcher cannot deliver, where dead letters are kept.
#include "dispatch_fixture.hpp"

namespace esc::test {
namespace {

using config::OnFull;
using route::UnknownTopic;

using Reasons = std::map<DeadReason, std::uint64_t>;

class DispatchDeadLettersTest : public DispatchTest {
 protected:
  /// Empties the ring to the storage, gives the mbufs back, and returns how many letters there were
  /// of each reason.
  Reasons letters() {
    Reasons found;
    (void)dead_->consume_burst(SIZE_MAX, [&](const storage::DeadItem& item) {
      EXPECT_EQ(item.stage, dlq::Stage::kDispatch);
      EXPECT_EQ(item.event.length + 4U, event::frame(item.event).size());
      ++found[item.reason];
      numbers_.push_back(item.event.sequence);
      event::free_segment(item.event.mbuf);
    });
    return found;
  }
  std::vector<std::uint64_t> numbers_;
};

TEST_F(DispatchDeadLettersTest, AnUnknownTopic) {
  make({{.topic = "a"}}, 1, 64, {.keeps = true});
  give("a");
  give("b", 7);
  EXPECT_EQ(stage_->poll(1), 2U);
  EXPECT_EQ(letters(), (Reasons{{DeadReason::kUnknownTopic, 1}}));
  EXPECT_EQ(numbers_, (std::vector<std::uint64_t>{7}));
  EXPECT_EQ(counters_.dead_lettered.get(), 1U);
  EXPECT_EQ(unknown(), 0U);
  expect_balanced();
}

TEST_F(DispatchDeadLettersTest, AnUnknownTopicThatTheRulesDrop) {
  unknown_.rule = UnknownTopic::kDrop;
  make({{.topic = "a"}}, 1, 64, {.keeps = true});
  give("b");
  EXPECT_EQ(stage_->poll(1), 1U);
  EXPECT_EQ(letters(), Reasons{});
  EXPECT_EQ(unknown(), 1U);
}

TEST_F(DispatchDeadLettersTest, WithoutAStorageItIsDroppedUnderItsOwnReason) {
  make({{.topic = "a", .on_full = OnFull::kDeadLetter}}, 1, 4, {.hold = 4, .lossless = false});
  for (int i = 0; i < 6; ++i) give("a");
  give("b");
  EXPECT_EQ(stage_->poll(1), 7U);
  EXPECT_EQ(dropped(FrameDrop::kWorkerFull), 2U);
  EXPECT_EQ(unknown(), 1U);
  EXPECT_EQ(counters_.dead_lettered.get(), 0U);
  expect_balanced();
}

TEST_F(DispatchDeadLettersTest, AFullWorkerByWhatTheRouteSays) {
  make({{.topic = "kept", .spread = route::Spread::kWorker, .on_full = OnFull::kDeadLetter},
        {.topic = "shed", .spread = route::Spread::kWorker, .on_full = OnFull::kShed}},
       1, 4, {.hold = 4, .keeps = true});
  for (std::uint64_t i = 0; i < 6; ++i) give("kept", i);
  give("shed");
  EXPECT_EQ(stage_->poll(1), 7U);
  EXPECT_EQ(letters(), (Reasons{{DeadReason::kWorkerFull, 2}}));
  EXPECT_EQ(numbers_, (std::vector<std::uint64_t>{4, 5}));
  EXPECT_EQ(dropped(FrameDrop::kWorkerFull), 1U);
  expect_balanced();
}

TEST_F(DispatchDeadLettersTest, WhatHasWaitedTooLong) {
  make({{.topic = "a"}}, 1, 4, {.hold = 8, .hold_cycles = 100, .keeps = true});
  for (std::uint64_t i = 0; i < 8; ++i) give("a", i);
  EXPECT_EQ(stage_->poll(1), 8U);
  EXPECT_EQ(counters_.events_held.get(), 4U);
  (void)stage_->poll(101);
  EXPECT_EQ(letters(), (Reasons{{DeadReason::kHoldExpired, 4}}));
  give("a", 8);  // its worker counts as stopped: nothing waits for it any more
  (void)stage_->poll(102);
  EXPECT_EQ(letters(), (Reasons{{DeadReason::kHoldExpired, 1}}));
  EXPECT_EQ(numbers_, (std::vector<std::uint64_t>{4, 5, 6, 7, 8}));
  EXPECT_EQ(dropped(FrameDrop::kHoldExpired), 0U);
  expect_balanced();
}

TEST_F(DispatchDeadLettersTest, AStaleEventIfTheRuleSaysSo) {
  for (const bool kept : {false, true}) {
    Producers producers;
    rings_.clear();
    make({{.topic = "a"}}, 1, 64,
         {.producers = &producers.table, .keeps = true, .keeps_stale = kept});
    give("a", 1, 1'000);
    give("a", 1, 1);
    EXPECT_EQ(stage_->poll(1), 2U);
    EXPECT_EQ(letters(), kept ? (Reasons{{DeadReason::kStale, 1}}) : Reasons{});
    EXPECT_EQ(take(0).size(), 1U);
  }
  EXPECT_EQ(counters_.stale.get(), 1U);
  expect_balanced();
}

TEST_F(DispatchDeadLettersTest, WhatFindsTheRingFullHasAReasonOfItsOwn) {
  make({{.topic = "a"}}, 1, 64, {.keeps = true});
  const std::uint64_t room = dead_->capacity();
  for (std::uint64_t i = 0; i < room + 5; ++i) give("b", i);
  while (stage_->poll(1) != 0) {
  }
  EXPECT_EQ(dropped(FrameDrop::kDlqBacklog), 5U);
  EXPECT_EQ(letters(), (Reasons{{DeadReason::kUnknownTopic, room}}));
  EXPECT_EQ(unknown(), 0U);
  expect_balanced();
}

TEST_F(DispatchDeadLettersTest, ADuplicateIsNone) {
  Producers producers;
  make({{.topic = "a"}}, 1, 64,
       {.producers = &producers.table, .keeps = true, .keeps_stale = true});
  for (int i = 0; i < 2; ++i) give("a", 1, 5);
  EXPECT_EQ(stage_->poll(1), 2U);
  EXPECT_EQ(letters(), Reasons{});
  EXPECT_EQ(counters_.duplicate.get(), 1U);
}

}  // namespace
}  // namespace esc::test
