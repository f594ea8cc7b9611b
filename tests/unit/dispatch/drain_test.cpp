// SPDX-License-Identifier: BSD-3-Clause
// What becomes of the events that a dispatcher holds when a drain runs out of time. No kept letter
// may be a copy of another event, since its replay is not judged by the window.
#include "dispatch_fixture.hpp"

namespace esc::test {
namespace {

constexpr std::uint32_t kOwnSource = 0x0A00'0001U;  // 10.0.0.1
constexpr std::uint32_t kStranger = 0x0B00'0001U;

using Kept = std::vector<std::pair<std::uint64_t, DeadReason>>;

class DrainTest : public DispatchTest {
 protected:
  struct Sent {
    std::uint64_t sequence = 1;
    std::uint8_t replay_count = 0;
    std::uint32_t peer = kOwnSource;
  };
  [[nodiscard]] event::Event event_of(const Sent& sent) {
    event::Event event = make_event(pool_, "a", sent.sequence);
    event.producer = 7;
    event.epoch = 1;
    event.replay_count = sent.replay_count;
    event.flags |= event::kSequenced;
    event.flags |= event::note_peer(*event.mbuf, wire::IpAddress::v4(sent.peer));
    return event;
  }
  void send(const Sent& sent) {
    const event::Event event = event_of(sent);
    ASSERT_EQ(producer_.push_burst({&event, 1}), 1U);
  }
  void send_all(std::initializer_list<std::uint64_t> sequences) {
    for (const std::uint64_t sequence : sequences) send({.sequence = sequence});
  }
  /// Room for four events behind the dispatcher: two in the worker's ring, two that wait.
  void make_blocked(bool keeps, bool keeps_stale = false) {
    make({{.topic = "a"}}, 1, 2,
         {.hold = 2,
          .producers = &producers_.table,
          .keys = keys_.store(),
          .keeps = keeps,
          .keeps_stale = keeps_stale});
  }
  auto keeper() {
    return [this](const event::Event& event, DeadReason reason) {
      kept_.emplace_back(event.sequence, reason);
      event::free_segment(event.mbuf);
    };
  }
  /// Does what a drain does at its deadline.
  const Kept& drain() {
    (void)stage_->discard(keeper());
    stage_->discard_input(2, keeper());
    EXPECT_EQ(ingest_->size(), 0U);
    EXPECT_EQ(counters_.events_held.get(), 0U);
    return kept_;
  }
  static Kept at_deadline(std::initializer_list<std::uint64_t> sequences) {
    Kept all;
    for (const std::uint64_t sequence : sequences)
      all.emplace_back(sequence, DeadReason::kDrainedAtDeadline);
    return all;
  }
  [[nodiscard]] std::uint64_t all_dropped() const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(FrameDrop::kCount); ++i)
      sum += dropped(static_cast<FrameDrop>(i));
    return sum;
  }

  Producers producers_;
  Keys keys_;
  Kept kept_;
};

TEST_F(DrainTest, ACopyThatHasItsVerdictIsADuplicate) {
  make_blocked(true);
  send_all({1, 2, 3, 4, 5, 3, 5, 6});
  EXPECT_EQ(stage_->poll(1), 4U);  // 5 finds no room, and those behind it are judged
  EXPECT_EQ(drain(), at_deadline({3, 4, 5, 6}));
  EXPECT_EQ(counters_.duplicate.get(), 2U);
  EXPECT_EQ(all_dropped(), 0U);
}

TEST_F(DrainTest, ACopyThatHasNoVerdictGetsIt) {
  make_blocked(true);
  send_all({1, 2, 3, 4, 5});
  EXPECT_EQ(stage_->poll(1), 4U);
  send_all({1, 5, 6, 6, 7});  // 1 is with the worker, 5 waits in the input
  EXPECT_EQ(drain(), at_deadline({3, 4, 5, 6, 7}));
  EXPECT_EQ(counters_.duplicate.get(), 3U);
  EXPECT_EQ(all_dropped(), 0U);
}

// More events than one burst, some of them beyond the end of the ring, where it wraps.
TEST_F(DrainTest, TheWholeInputIsJudged) {
  make_blocked(true);
  send_all({1, 2, 3, 4, 5});
  EXPECT_EQ(stage_->poll(1), 4U);
  for (std::uint64_t i = 6; i < 206; ++i) send_all({i, i});
  EXPECT_EQ(drain().size(), 2U + 1U + 200U);
  EXPECT_EQ(counters_.duplicate.get(), 200U);
}

TEST_F(DrainTest, WhatIsForgedIsDroppedAsThat) {
  bound_ = {{.id = 7, .sources = {std::get<wire::IpPrefix>(wire::parse_prefix("10.0.0.1"))}}};
  make_blocked(true);
  send_all({1, 2, 3, 4, 5});
  send({.sequence = 6, .peer = kStranger});
  EXPECT_EQ(stage_->poll(1), 4U);
  send({.sequence = 7, .peer = kStranger});
  send_all({6, 7});  // the stranger's events left no mark
  EXPECT_EQ(drain(), at_deadline({3, 4, 5, 6, 7}));
  EXPECT_EQ(dropped(FrameDrop::kProducerNotAllowed), 2U);
  EXPECT_EQ(all_dropped(), 2U);
}

TEST_F(DrainTest, WhatIsStaleIsCountedOrKeptAsThat) {
  for (const bool keeps_stale : {false, true}) {
    rings_.clear();
    Producers producers;
    make({{.topic = "a"}}, 1, 2,
         {.hold = 2, .producers = &producers.table, .keeps = true, .keeps_stale = keeps_stale});
    kept_.clear();
    send_all({1001, 1002, 1003, 1004, 1005, 1});
    EXPECT_EQ(stage_->poll(1), 4U);
    send_all({2, 1006});
    Kept expected = at_deadline({1003, 1004, 1005, 1006});
    if (keeps_stale) {
      expected.insert(expected.begin() + 3, {{1, DeadReason::kStale}, {2, DeadReason::kStale}});
    }
    EXPECT_EQ(drain(), expected);
    EXPECT_EQ(counters_.stale.get(), 2U);  // of the first round, both
    EXPECT_EQ(take(0).size(), 2U);
  }
}

TEST_F(DrainTest, ACopyByItsKeyIsADuplicate) {
  make({{.topic = "a", .dedup = {config::DedupKind::kContent, 0, 0}}}, 1, 2,
       {.hold = 2, .keys = keys_.store(), .keeps = true});
  const auto give_payload = [&](int number) {
    const event::Event event = make_event(pool_, "a", static_cast<std::uint64_t>(number),
                                          Bytes{static_cast<std::uint8_t>(number)});
    ASSERT_EQ(producer_.push_burst({&event, 1}), 1U);
  };
  for (const int number : {1, 2, 3, 4, 5, 2}) give_payload(number);
  EXPECT_EQ(stage_->poll(1), 4U);
  for (const int number : {1, 5, 6, 6}) give_payload(number);
  EXPECT_EQ(drain(), at_deadline({3, 4, 5, 6}));
  EXPECT_EQ(counters_.duplicate_key.get(), 4U);
}

// A replayed letter is still in the folder that it came from: the sender replays it again unless it
// was counted.
TEST_F(DrainTest, OfReplayedLettersThoseThatWereCountedAreKept) {
  replay_sources_ = {std::get<wire::IpPrefix>(wire::parse_prefix("10.0.0.0/8"))};
  make_blocked(true);
  send_all({1, 2, 3, 4, 5});
  send({.sequence = 1, .replay_count = 1});
  send({.sequence = 1, .replay_count = 1});
  send({.sequence = 2, .replay_count = 1, .peer = kStranger});
  EXPECT_EQ(stage_->poll(1), 4U);
  EXPECT_EQ(counters_.replayed.get(), 1U);
  send({.sequence = 3, .replay_count = 1});
  EXPECT_EQ(drain(), at_deadline({3, 4, 5, 1}));
  EXPECT_EQ(counters_.replayed.get(), 1U);
  EXPECT_EQ(counters_.duplicate_replay.get(), 1U);
  EXPECT_EQ(dropped(FrameDrop::kReplayNotAllowed), 1U);
  EXPECT_EQ(dropped(FrameDrop::kDrainedAtDeadline), 1U);
}

// Where nothing is kept an event without a verdict leaves no mark, so that it can be sent again.
TEST_F(DrainTest, WithoutDeadLettersNothingMoreIsMarked) {
  make_blocked(false);
  send_all({1, 2, 3, 4, 5, 5});
  EXPECT_EQ(stage_->poll(1), 4U);
  send_all({6, 5});
  EXPECT_EQ(drain(), at_deadline({3, 4, 5, 6, 5}));
  EXPECT_EQ(counters_.duplicate.get(), 1U);
  const auto fresh = [&](std::uint64_t sequence) {
    const std::array<wire::Identity, 1> id = {{{.producer = 7, .sequence = sequence, .epoch = 1}}};
    std::array<identity::Verdict, 1> verdict{};
    producers_.table.check_and_mark(id, verdict, 3);
    return verdict[0] == identity::Verdict::kNew;
  };
  EXPECT_TRUE(fresh(6));
  EXPECT_FALSE(fresh(5));
}

// Events that an RX stage still had: they never came to the input.
TEST_F(DrainTest, WhatIsNotInTheInputIsJudgedBehindIt) {
  make_blocked(true);
  send_all({1, 2, 3, 4, 5});
  EXPECT_EQ(stage_->poll(1), 4U);
  send_all({6});
  (void)drain();
  kept_.clear();
  for (const Sent& sent : {Sent{.sequence = 6}, Sent{.sequence = 7}, Sent{.sequence = 7},
                           Sent{.sequence = 8, .replay_count = 1}}) {
    stage_->discard_one(event_of(sent), 2, keeper());
  }
  EXPECT_EQ(kept_, at_deadline({7}));
  EXPECT_EQ(counters_.duplicate.get(), 2U);
  EXPECT_EQ(dropped(FrameDrop::kDrainedAtDeadline), 1U);
}

}  // namespace
}  // namespace esc::test
