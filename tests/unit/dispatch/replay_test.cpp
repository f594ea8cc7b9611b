// SPDX-License-Identifier: BSD-3-Clause
// Dead letters that were sent again.
#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

#include "dispatch/dispatch_fixture.hpp"

namespace esc::test {
namespace {

constexpr std::uint32_t kReplayer = 0x0A00'0001U;  // 10.0.0.1
constexpr std::uint32_t kUntracked = 0x0B00'0001U;

class ReplayTest : public DispatchTest {
 protected:
  ReplayTest() { replay_sources_ = {std::get<wire::IpPrefix>(wire::parse_prefix("10.0.0.0/8"))}; }

  void make_one(std::vector<route::RouteSpec> routes = {{.topic = "a"}}) {
    make(routes, 1, 256, {.producers = &producers_.table, .keys = keys_.store(), .keeps = true});
  }
  struct Sent {
    std::uint64_t sequence = 1;
    std::uint8_t replay_count = 0;
    std::uint32_t peer = kReplayer;
    std::uint64_t producer = 7;
    std::uint32_t epoch = 1;
    std::string_view topic = "a";
  };
  void send(const Sent& sent) {
    event::Event event = make_event(pool_, sent.topic, sent.sequence);
    event.producer = sent.producer;
    event.epoch = sent.epoch;
    event.replay_count = sent.replay_count;
    event.flags |= event::kSequenced;
    event.flags |= event::note_peer(*event.mbuf, wire::IpAddress::v4(sent.peer));
    ASSERT_EQ(producer_.push_burst({&event, 1}), 1U);
  }
  /// Polls once; returns how many events were delivered.
  [[nodiscard]] std::size_t through() {
    (void)stage_->poll(1);
    expect_balanced();
    return take(0).size();
  }
  [[nodiscard]] std::uint64_t copies() const { return counters_.duplicate_replay.get(); }

  Producers producers_;
  Keys keys_;
};

TEST_F(ReplayTest, PassesTheWindowThatSawItBeforeItDied) {
  make_one();
  for (std::uint64_t i = 1; i <= 200; ++i) {
    send({.sequence = i});
    if (i % 50 == 0) {
      EXPECT_EQ(through(), 50U);
    }
  }
  send({.sequence = 190, .replay_count = 1});  // marked
  send({.sequence = 1, .replay_count = 1});    // older than the window
  EXPECT_EQ(through(), 2U);
  EXPECT_EQ(counters_.replayed.get(), 2U);
  EXPECT_EQ(counters_.duplicate.get() + counters_.stale.get(), 0U);
}

TEST_F(ReplayTest, LeavesNoMarkInTheWindow) {
  make_one();
  send({.sequence = 10});
  send({.sequence = 5'000, .replay_count = 1});
  EXPECT_EQ(through(), 2U);
  send({.sequence = 11});
  EXPECT_EQ(through(), 1U);
  EXPECT_EQ(counters_.stale.get(), 0U);
}

TEST_F(ReplayTest, TheSameReplayCountsOnce) {
  make_one();
  send({.sequence = 1, .replay_count = 1});
  send({.sequence = 1, .replay_count = 1});
  EXPECT_EQ(through(), 1U);
  send({.sequence = 1, .replay_count = 1});
  EXPECT_EQ(through(), 0U);
  EXPECT_EQ(copies(), 2U);
  EXPECT_EQ(counters_.replayed.get(), 1U);
}

TEST_F(ReplayTest, EachPartOfItsIdentityTellsItApart) {
  make_one();
  send({.sequence = 1, .replay_count = 1});
  send({.sequence = 1, .replay_count = 2});
  send({.sequence = 2, .replay_count = 1});
  send({.sequence = 1, .replay_count = 1, .producer = 8});
  send({.sequence = 1, .replay_count = 1, .epoch = 2});
  EXPECT_EQ(through(), 5U);
  EXPECT_EQ(copies(), 0U);
}

// Otherwise anybody could have an event delivered as often as they like, or have a replay refused.
TEST_F(ReplayTest, OnlyFromWhereItMayComeAndElseItLeavesNoMark) {
  make_one();
  send({.sequence = 1, .replay_count = 1, .peer = kUntracked});
  EXPECT_EQ(through(), 0U);
  EXPECT_EQ(dropped(FrameDrop::kReplayNotAllowed), 1U);
  send({.sequence = 1, .replay_count = 1});
  EXPECT_EQ(through(), 1U);
}

TEST_F(ReplayTest, NobodyMayUnlessTheConfigurationSaysSo) {
  replay_sources_.clear();
  make_one();
  send({.sequence = 1, .replay_count = 1});
  EXPECT_EQ(through(), 0U);
  EXPECT_EQ(dropped(FrameDrop::kReplayNotAllowed), 1U);
}

TEST_F(ReplayTest, WithoutMemoryForMarksNobodyMay) {
  make({{.topic = "a"}}, 1, 64);
  send({.sequence = 1, .replay_count = 1});
  EXPECT_EQ(through(), 0U);
  EXPECT_EQ(dropped(FrameDrop::kReplayNotAllowed), 1U);
}

// The producer is bound to its own address; the letter comes from whoever replays.
TEST_F(ReplayTest, MayBeOfAProducerThatIsBound) {
  bound_ = {{.id = 7, .sources = {std::get<wire::IpPrefix>(wire::parse_prefix("11.0.0.1"))}}};
  make_one();
  send({.sequence = 1, .replay_count = 1});
  send({.sequence = 2});
  (void)stage_->poll(1);
  EXPECT_EQ(take(0).size(), 1U);
  EXPECT_EQ(dropped(FrameDrop::kProducerNotAllowed), 1U);
}

TEST_F(ReplayTest, MayNotPublishWhereItsSenderMayNot) {
  make_one(
      {{.topic = "a", .publishers = {std::get<wire::IpPrefix>(wire::parse_prefix("11.0.0.0/8"))}}});
  send({.sequence = 1, .replay_count = 1});
  (void)stage_->poll(1);
  EXPECT_EQ(dropped(FrameDrop::kTopicNotAllowed), 1U);
  EXPECT_EQ(counters_.replayed.get(), 0U);
}

// Its key was marked before it died.
TEST_F(ReplayTest, IsNotJudgedByItsRoutesKey) {
  make_one({{.topic = "a", .dedup = {config::DedupKind::kContent, 0, 0}}});
  event::Event live = make_event(pool_, "a", 0);
  ASSERT_EQ(producer_.push_burst({&live, 1}), 1U);
  send({.sequence = 1, .replay_count = 1});
  EXPECT_EQ(through(), 2U);
  EXPECT_EQ(counters_.duplicate_key.get(), 0U);
}

TEST_F(ReplayTest, DiesAgainWithItsCount) {
  make_one();
  send({.sequence = 3, .replay_count = 2, .topic = "unknown"});
  EXPECT_EQ(through(), 0U);
  std::size_t letters = 0;
  (void)dead_->consume_burst(SIZE_MAX, [&](const storage::DeadItem& item) {
    ++letters;
    EXPECT_EQ(item.event.replay_count, 2U);
    EXPECT_EQ(item.event.sequence, 3U);
    event::free_segment(item.event.mbuf);
  });
  EXPECT_EQ(letters, 1U);
}

}  // namespace
}  // namespace esc::test
