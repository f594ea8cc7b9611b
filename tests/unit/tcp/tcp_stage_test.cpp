// SPDX-License-Identifier: BSD-3-Clause
// The TCP stage: connections, frames and ends.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <map>
#include <random>
#include <string>

#include "tcp/tcp_fixture.hpp"

namespace esc::test {
namespace {

TEST_F(TcpTest, EventsOfEachConnectionCome) {
  Sender a = connect();
  Sender b = connect();
  a.send(many("a", 100));
  b.send(many("b", 50));
  a.send(many("a", 11));
  poll_until_received(161);
  EXPECT_EQ(topics(), (std::map<std::string, std::size_t>{{"a", 111}, {"b", 50}}));
  EXPECT_EQ(counters_.accepted.get(), 2U);
  EXPECT_EQ(counters_.open.get(), 2U);
  EXPECT_EQ(counters_.bytes.get(), 161 * frame("a", 32).size());
  a.close();
  b.close();
  poll_until([&] { return counters_.open.get() == 0; });
  EXPECT_EQ(counters_.closed.get(StreamEnd::kPeer), 2U);
  EXPECT_EQ(frames_.frames_received.get(), 161U);
}

TEST_F(TcpTest, AnEventSaysWhoSentItOnWhichConnection) {
  Sender a = connect();
  a.send(join({session(7, 40), frame("a", 1)}));
  poll_until_received(2);
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].source.kind(), event::SourceKind::kConnection);
  EXPECT_EQ(event::peer_address(events_[0]), wire::IpAddress::v4(0x7f000001));
  EXPECT_NE(event::peer_port(events_[0]), 0);
  EXPECT_EQ(events_[0].producer, 7U);
  EXPECT_EQ(events_[0].sequence, 40U);
  // The session goes on with the next read.
  a.send(frame("a", 1));
  poll_until_received(3);
  EXPECT_EQ(events_[1].sequence, 41U);
}

// A megabyte in random pieces, with pauses that only the kernel decides about.
TEST_F(TcpTest, NothingIsLostOrMadeOfAMegabyteInPieces) {
  Sender a = connect();
  std::mt19937 random(7);
  Bytes stream;
  std::map<std::string, std::size_t> sent;
  std::size_t frames = 0;
  while (stream.size() < 1'000'000) {
    const std::string topic = "t/" + std::to_string(random() % 5);
    const Bytes one = frame(topic, random() % 100 == 0 ? random() % 60'000 : random() % 200);
    stream.insert(stream.end(), one.begin(), one.end());
    ++sent[topic];
    ++frames;
  }
  std::map<std::string, std::size_t> came;
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t some = std::min<std::size_t>(1 + random() % 20'000, stream.size() - at);
    at += a.offer(std::span(stream).subspan(at, some));
    for (int i = 0; i < 3; ++i) (void)stage_->poll(++now_);
    for (const auto& [topic, count] : topics()) came[topic] += count;
    give_back();
  }
  poll_until_received(frames);
  for (const auto& [topic, count] : topics()) came[topic] += count;
  EXPECT_EQ(came, sent);
  EXPECT_EQ(counters_.bytes.get(), stream.size());
}

// A read ends at urgent data, however much lies behind it, and the kernel does not name the
// connection again.
TEST_F(TcpTest, UrgentDataIsPartOfTheStream) {
  Sender a = connect();
  const Bytes stream = many("a", 100);
  const auto all = std::span<const std::uint8_t>(stream);
  a.send(all.first(1'001));
  a.send_urgently(all.subspan(1'001, 10));
  a.send(all.subspan(1'011, 1'000));
  a.send_urgently(all.subspan(2'011, 1));
  a.send(all.subspan(2'012));
  poll_until_received(100);
  EXPECT_EQ(topics(), (std::map<std::string, std::size_t>{{"a", 100}}));
}

TEST_F(TcpTest, APlaceIsUsedAgainAsLateAsCanBe) {
  std::vector<std::uint32_t> slots;
  for (int i = 0; i < 9; ++i) {
    Sender a = connect();
    a.send(frame("a", 1));
    poll_until([&] { return !events_.empty(); });
    slots.push_back(events_[0].source.slot());
    give_back();
    a.close();
    poll_until([&] { return counters_.open.get() == 0; });
  }
  EXPECT_EQ(slots, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7, 0}));
}

TEST_F(TcpTest, APartOfAFrameAtTheEndIsRefused) {
  for (const bool hard : {false, true}) {
    const std::uint64_t before = frames_.frames_received.get();
    Sender a = connect();
    Bytes bytes = join({frame("a", 1), frame("b", 100)});
    bytes.resize(bytes.size() - 1);
    a.send(bytes);
    poll_until_received(before + 1);
    hard ? a.reset() : a.close();
    poll_until_received(before + 2);
    EXPECT_EQ(counters_.open.get(), 0U);
  }
  EXPECT_EQ(frames_.frame_dropped.get(FrameDrop::kPartialAtClose), 2U);
  EXPECT_EQ(counters_.closed.get(StreamEnd::kPeer), 1U);
  EXPECT_EQ(counters_.closed.get(StreamEnd::kFailed), 1U);
}

TEST_F(TcpTest, ALengthOutOfBoundsClosesTheConnectionAndNoOther) {
  Sender good = connect();
  Sender bad = connect();
  Bytes bytes = frame("a", 1);
  bytes.resize(bytes.size() + 100, 0xff);
  bad.send(bytes);
  poll_until([&] { return counters_.closed.get(StreamEnd::kBroken) == 1; });
  EXPECT_TRUE(bad.is_closed());
  EXPECT_EQ(frames_.frame_dropped.get(FrameDrop::kLengthOutOfBounds), 1U);
  EXPECT_EQ(frames_.frames_received.get(), 2U);
  good.send(frame("good", 1));
  poll_until_received(3);
  EXPECT_EQ(topics(), (std::map<std::string, std::size_t>{{"a", 1}, {"good", 1}}));
}

TEST_F(TcpTest, MoreConnectionsThanThereMayBeAreTurnedAway) {
  start({.connections = 2});
  Sender first = connect();
  Sender second = connect();
  poll_until([&] { return counters_.accepted.get() == 2; });
  Sender third = connect();
  poll_until([&] { return counters_.refused.get(StreamRefusal::kFull) == 1; });
  EXPECT_TRUE(third.is_closed());
  first.close();
  poll_until([&] { return counters_.open.get() == 1; });
  Sender fourth = connect();
  fourth.send(frame("d", 1));
  poll_until_received(1);
}

// The ring takes nothing more: nothing is read, and the sender's window closes.
TEST_F(TcpTest, ADrainClosesAllAndCountsWhatIsHalfThere) {
  Sender a = connect();
  Sender b = connect();
  Bytes begun = frame("a", 100);
  begun.resize(50);
  a.send(begun);
  b.send(frame("b", 1));
  poll_until_received(1);
  poll_until([&] { return counters_.bytes.get() == 50 + frame("b", 1).size(); });
  std::size_t given_up = 0;
  stage_->give_up_all([&](std::size_t, const event::Event& event) {
    ++given_up;
    event::free_segment(event.mbuf);
  });
  EXPECT_EQ(given_up, 0U);
  EXPECT_EQ(frames_.frames_received.get(), 2U);
  EXPECT_EQ(frames_.frame_dropped.get(FrameDrop::kPartialAtClose), 1U);
  EXPECT_EQ(counters_.closed.get(StreamEnd::kDrained), 2U);
  EXPECT_TRUE(a.is_closed());
}

// The dispatcher takes nothing: no more than the credit is read of one connection, and the others
// go on. When it has taken some, the connection goes on where it was, in the middle of a buffer.
// Every frame that was received ends, whatever its connection waited for, and nothing more is
// received.
// However many events of a sender that sends little at a time are in flight, they share buffers.
// A connection whose events do not end gets a bounded share of the buffers; another one goes on.
// No descriptor is left for one more connection: that is counted, not tried over and over, and the
// connections that there are go on.
TEST_F(TcpTest, WithoutADescriptorOthersAreServed) {
  start({.connections = 8, .accept_pause_cycles = 1'000});
  now_ = 10'000;
  Sender a = connect();
  poll_until([&] { return counters_.open.get() == 1; });
  Sender b = connect();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // The lowest descriptor that is free is the one that accepting would get.
  const FileDescriptor next(::dup(0));
  const rlimit none{static_cast<rlim_t>(next.get()), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  poll_until([&] { return counters_.accepts_failed.get() == 1; });
  a.send(frame("a", 1));
  for (int i = 0; i < 900; ++i) (void)stage_->poll(++now_);
  EXPECT_EQ(frames_.frames_received.get(), 1U);
  EXPECT_EQ(counters_.accepts_failed.get(), 1U);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  poll_until([&] { return counters_.open.get() == 2; });
}

}  // namespace
}  // namespace esc::test
