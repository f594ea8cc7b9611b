// SPDX-License-Identifier: BSD-3-Clause
// The TCP stage: whose connections it takes, and which it closes by itself.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tcp/tcp_fixture.hpp"

namespace esc::test {
namespace {

constexpr std::uint64_t kLong = 5'000;  ///< polls, which are TSC cycles here

class TcpLimitsTest : public TcpTest {
 protected:
  void start_with(route::ConnectionRules rules) { start({.connections = 4}, 15, std::move(rules)); }
  static std::vector<std::optional<wire::PrefixSet>> only(std::uint32_t v4) {
    const std::vector<wire::IpPrefix> one = {{wire::IpAddress::v4(v4), 8}};
    std::vector<std::optional<wire::PrefixSet>> sources;
    sources.emplace_back(wire::PrefixSet(one));
    return sources;
  }
};

TEST_F(TcpLimitsTest, OnlyThoseWhoMayConnect) {
  start_with({.sources = only(0x0a000000)});
  EXPECT_TRUE([&] {
    Sender stranger = connect();
    poll_until([&] { return counters_.refused.get(StreamRefusal::kNotAllowed) == 1; });
    return stranger.is_closed();
  }());
  EXPECT_EQ(counters_.accepted.get(), 0U);
  start_with({.sources = only(0x7f000000)});
  Sender friendly = connect();
  friendly.send(frame("a", 1));
  poll_until_received(1);
  EXPECT_EQ(counters_.refused.get(StreamRefusal::kNotAllowed), 1U);
}

TEST_F(TcpLimitsTest, OneSourceHasABoundOfItsOwn) {
  start_with({.max_per_source = 2});
  Sender first = connect();
  Sender second = connect();
  Sender third = connect();
  poll_until([&] { return counters_.refused.get(StreamRefusal::kTooMany) == 1; });
  EXPECT_TRUE(third.is_closed());
  EXPECT_EQ(counters_.open.get(), 2U);
  first.close();
  poll_until([&] { return counters_.open.get() == 1; });
  Sender fourth = connect();
  poll_until([&] { return counters_.open.get() == 2; });
}

TEST_F(TcpLimitsTest, WhoIsSilentForTooLongIsClosed) {
  start_with({.idle_cycles = kLong});
  Sender silent = connect();
  Sender talks = connect();
  for (std::uint64_t frames = 1; counters_.closed.get(StreamEnd::kIdle) == 0; ++frames) {
    talks.send(frame("a", 1));
    poll_until_received(frames);
    poll_often(100);
    ASSERT_LT(now_, 10 * kLong);
  }
  EXPECT_GE(now_, kLong);
  EXPECT_TRUE(silent.is_closed());
  EXPECT_EQ(counters_.open.get(), 1U);
  EXPECT_EQ(frames_.frame_dropped.get(FrameDrop::kPartialAtClose), 0U);
}

// Bytes that come one by one do not keep a place for ever; frames that end do.
TEST_F(TcpLimitsTest, AFrameThatDoesNotEndIsClosed) {
  start_with({.frame_cycles = kLong});
  const Bytes slow = frame("slow", 2'000);
  const Bytes whole = frame("a", 50);
  Sender loris = connect();
  Sender quick = connect();
  std::uint64_t sent = 0;
  for (std::uint64_t frames = 1; counters_.closed.get(StreamEnd::kSlow) == 0; ++frames) {
    loris.send(std::span(slow).subspan(sent++, 1));
    // The second frame begins in the same read in which the first one ends.
    Bytes some = join({whole, whole});
    some.resize(some.size() - 1);
    quick.send(some);
    poll_until_received(2 * frames - 1);
    poll_often(100);
    quick.send(std::span(whole).last(1));
    poll_until_received(2 * frames);
    ASSERT_LT(now_, 10 * kLong);
  }
  EXPECT_GE(now_, kLong);
  EXPECT_LT(sent, slow.size());
  EXPECT_TRUE(loris.is_closed());
  EXPECT_EQ(counters_.open.get(), 1U);
  EXPECT_EQ(frames_.frame_dropped.get(FrameDrop::kPartialAtClose), 1U);
}

// Nor does the time for which its own connection was not read.
TEST_F(TcpLimitsTest, TimeInWhichItsConnectionPausesDoesNotCount) {
  start({.connections = 4, .credit_events = 64}, 15, {.frame_cycles = kLong});
  Bytes begun = frame("a", 100);
  begun.resize(50);
  Sender a = connect();
  a.send(begun);
  poll_until([&] { return counters_.bytes.get() == 50; });
  for (int i = 0; i < 64; ++i) held_.add(0);
  a.send(Bytes(10));
  poll_until([&] { return counters_.paused.get() == 1; });
  poll_often(3 * kLong);
  for (int i = 0; i < 64; ++i) held_.remove(0);
  poll_until([&] { return counters_.bytes.get() == 60; });
  poll_often(kLong / 2);
  EXPECT_EQ(counters_.open.get(), 1U);
  poll_until([&] { return counters_.closed.get(StreamEnd::kSlow) == 1; });
}

// One is closed while another one's bytes are being read: its events stay its own.
TEST_F(TcpLimitsTest, WhoIsClosedDoesNotTouchWhatIsBeingRead) {
  start_with({.frame_cycles = kLong});
  Bytes begun = frame("late", 100);
  begun.resize(50);
  Sender late = connect();
  late.send(begun);
  poll_until([&] { return counters_.bytes.get() == 50; });
  now_ += 2 * kLong;
  Sender quick = connect();
  quick.send(many("a", 1'000));
  while (frames_.datagram_open.get() == 0) (void)stage_->poll(now_);
  for (int i = 0; i < 10; ++i) stage_->housekeep(now_);
  poll_until_received(1'001);  // the begun frame is one of them
  EXPECT_EQ(counters_.closed.get(StreamEnd::kSlow), 1U);
  ASSERT_EQ(events_.size(), 1'000U);
  for (const event::Event& event : events_) ASSERT_EQ(event.source, events_.front().source);
}

// A sender that cannot send for our sake is not to blame.
TEST_F(TcpLimitsTest, TimeInWhichNothingIsReadDoesNotCount) {
  start_with({.idle_cycles = kLong, .frame_cycles = kLong});
  Bytes begun = frame("a", 100);
  begun.resize(50);
  Sender a = connect();
  a.send(begun);
  poll_until([&] { return counters_.bytes.get() == 50; });
  flow_.show(control::Flow::kPaused);
  poll_often(3 * kLong);
  EXPECT_EQ(counters_.open.get(), 1U);
  flow_.show(control::Flow::kOpen);
  poll_often(kLong / 2);
  EXPECT_EQ(counters_.open.get(), 1U);
  poll_until([&] { return counters_.closed.get(StreamEnd::kSlow) == 1; });
}

}  // namespace
}  // namespace esc::test
