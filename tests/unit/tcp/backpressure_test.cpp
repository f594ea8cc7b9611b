// SPDX-License-Identifier: BSD-3-Clause
// The TCP stage: when it does not read, and what it keeps meanwhile.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "tcp/tcp_fixture.hpp"

namespace esc::test {
namespace {

TEST_F(TcpTest, AFullRingClosesTheSendersWindow) {
  room_ = 100;
  Sender a = connect();
  const Bytes stream = many("a", 500'000);
  std::size_t sent = send_until_stuck(a, stream);
  EXPECT_LT(sent, stream.size());
  EXPECT_EQ(events_.size(), 100U);
  EXPECT_GT(counters_.ring_full.get(), 0U);
  EXPECT_LE(pool_->in_use(), 2U);
  // Now it takes all that comes, and nothing is missing.
  std::size_t came = 0;
  room_ = SIZE_MAX;
  poll_until([&] {
    came += events_.size();
    give_back();
    sent += a.offer(std::span(stream).subspan(sent));
    return came == 500'000;
  });
  EXPECT_EQ(frames_.frames_received.get(), 500'000U);
}

TEST_F(TcpTest, ADryPoolPutsReadingOff) {
  start({.connections = 4, .wait_cycles = 100}, 3);
  Sender a = connect();
  Sender b = connect();
  // Both have begun a frame, and so keep a buffer each; what is in flight keeps the third.
  Bytes begun = join({frame("a", 1), frame("b", 40'000)});
  begun.resize(begun.size() - 1);
  a.send(begun);
  b.send(begun);
  poll_until_received(2);
  Sender c = connect();
  c.send(frame("c", 1));
  poll_until_received(3);
  Sender d = connect();
  d.send(frame("d", 1));
  poll_until([&] { return counters_.pool_dry.get() != 0; });
  EXPECT_TRUE(stage_->blocked());
  EXPECT_EQ(frames_.frames_received.get(), 3U);
  // The one that waits for a buffer does not make it ask the kernel more often.
  const std::uint64_t waits = counters_.waits.get();
  for (int i = 0; i < 1'000; ++i) (void)stage_->poll(++now_);
  EXPECT_LE(counters_.waits.get(), waits + 10);
  give_back();
  poll_until_received(4);
}

TEST_F(TcpTest, ReadsNothingWhilePausedOrUnderPressure) {
  Sender a = connect();
  a.send(frame("a", 1));
  poll_until_received(1);
  using control::PressureWord;
  const std::vector<PressureWord> words = {
      {PressureLevel::kElevated, 0, PressureWord::kDeferLossless},
      {PressureLevel::kCritical, 9, 0},
      {PressureLevel::kEmergency, 9, 0}};
  std::uint64_t expected = 1;
  for (std::size_t i = 0; i <= words.size(); ++i) {
    if (i < words.size()) {
      board_.show(words[i]);
    } else {
      flow_.show(control::Flow::kPaused);
    }
    a.send(frame("a", 1));
    const std::uint64_t before = counters_.put_off.get();
    for (int k = 0; k < 1'000; ++k) (void)stage_->poll(++now_);
    EXPECT_EQ(frames_.frames_received.get(), expected) << i;
    EXPECT_EQ(counters_.put_off.get(), before + 1'000) << i;
    board_.show({});
    flow_.show(control::Flow::kOpen);
    poll_until_received(++expected);
  }
  // Not even the lowest priority is shed.
  EXPECT_EQ(frames_.shed.get(PressureLevel::kCritical), 0U);
}

TEST_F(TcpTest, AConnectionPausesAloneWhenItsCreditIsUsedUp) {
  start({.connections = 4, .credit_events = 100});
  dispatched_ = 0;
  Sender a = connect();
  a.send(many("a", 1'000));
  poll_often();
  // A second burst may not go beyond the credit.
  EXPECT_EQ(frames_.frames_received.get(), 64U);
  EXPECT_EQ(counters_.paused.get(), 1U);
  EXPECT_EQ(counters_.unread.get(), 1U);
  EXPECT_TRUE(stage_->blocked());
  Sender b = connect();
  b.send(many("b", 50));
  poll_until_received(114);
  dispatched_ = 64;
  poll_often();
  EXPECT_EQ(frames_.frames_received.get(), 178U);
  // What waits for a worker counts too.
  for (int i = 0; i < 37; ++i) held_.add(0);
  dispatched_ = UINT64_MAX;
  poll_often();
  EXPECT_EQ(frames_.frames_received.get(), 178U);
  held_.remove(0);
  poll_until_received(1'050);
  EXPECT_EQ(topics(), (std::map<std::string, std::size_t>{{"a", 1'000}, {"b", 50}}));
  EXPECT_EQ(counters_.unread.get(), 0U);
  EXPECT_EQ(counters_.reads.get(), 2U);
}

TEST_F(TcpTest, ADrainReadsWhatWasReceived) {
  for (const bool in_time : {true, false}) {
    give_back();
    start({.connections = 4, .credit_events = 64});
    dispatched_ = 0;
    const std::uint64_t before = frames_.frames_received.get();
    Sender a = connect();
    a.send(many("a", 300));
    poll_until([&] { return counters_.paused.get() == 1; });
    a.send(many("late", 10));
    flow_.show(control::Flow::kClosed);
    poll_often();
    EXPECT_EQ(counters_.unread.get(), 1U);
    std::size_t given_up = 0;
    if (in_time) {
      dispatched_ = UINT64_MAX;
      poll_until([&] { return counters_.unread.get() == 0; });
      poll_often();
    } else {
      stage_->give_up_all([&](std::size_t, const event::Event& event) {
        ++given_up;
        event::free_segment(event.mbuf);
      });
    }
    EXPECT_EQ(given_up, in_time ? 0U : 236U);
    EXPECT_EQ(frames_.frames_received.get() - before, 300U);
    EXPECT_EQ(topics().count("late"), 0U);
    flow_.show(control::Flow::kOpen);
  }
}

TEST_F(TcpTest, SmallReadsShareABuffer) {
  Sender a = connect();
  for (std::uint64_t i = 1; i <= 400; ++i) {
    a.send(frame("a", 100));
    poll_until_received(i);
  }
  EXPECT_EQ(counters_.reads.get(), 400U);
  EXPECT_EQ(pool_->in_use(), 1U);
  EXPECT_EQ(counters_.bytes_copied.get(), 0U);
  // Once the last of them has ended, the connection keeps nothing.
  give_back();
  poll_often(10);
  EXPECT_TRUE(pool_->whole());
}

TEST_F(TcpTest, StuckEventsKeepABoundedShareOfTheBuffers) {
  start({.connections = 4, .credit_events = 1'000}, 11);
  Sender a = connect();
  const Bytes stream = many("a", 2'000, 10'000);
  std::size_t sent = send_until_stuck(a, stream);
  EXPECT_LT(sent, stream.size());
  // One of its own, and of seven that are shared it stops at four.
  EXPECT_EQ(pool_->in_use(), 5U);
  EXPECT_EQ(counters_.paused.get(), 1U);
  const std::uint64_t stuck = frames_.frames_received.get();
  Sender b = connect();
  b.send(many("b", 100));
  poll_until_received(stuck + 100);
}

}  // namespace
}  // namespace esc::test
