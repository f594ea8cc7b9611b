// SPDX-License-Identifier: BSD-3-Clause
// The TCP stage with the kernel's sockets on loopback.
#include "tcp/tcp_stage.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "event/frame_bytes.hpp"
#include "ingest/packets.hpp"
#include "support/mbufs.hpp"
#include "tcp/listener.hpp"

namespace esc::test {
namespace {

struct Sink {
  std::vector<event::Event>* events;
  const std::size_t* room;
  [[nodiscard]] std::size_t push_burst(std::span<const event::Event> burst) {
    const std::size_t count = std::min(burst.size(), *room - std::min(*room, events->size()));
    events->insert(events->end(), burst.begin(),
                   burst.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  [[nodiscard]] std::size_t size() const { return 0; }
};

/// A sender: a blocking socket, connected to the listener.
class Sender {
 public:
  explicit Sender(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      throw std::runtime_error("connect");
    }
  }
  void send(std::span<const std::uint8_t> bytes) {
    ASSERT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  /// As many as the kernel takes now.
  std::size_t offer(std::span<const std::uint8_t> bytes) {
    const ssize_t sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
  void close() { socket_.reset(); }
  void reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  /// Whether the other side has closed.
  [[nodiscard]] bool is_closed() const {
    pollfd one{socket_.get(), POLLIN, 0};
    char byte = 0;
    return ::poll(&one, 1, 10'000) == 1 && ::recv(socket_.get(), &byte, 1, 0) <= 0;
  }

 private:
  FileDescriptor socket_;
};

class TcpTest : public testing::Test {
 protected:
  using Stage = tcp::TcpStage<tcp::EpollSockets, Sink>;

  TcpTest() { start({}); }
  ~TcpTest() override {
    stage_->discard();
    give_back();
    stage_.reset();
    EXPECT_TRUE(pool_->whole());
    EXPECT_EQ(counters_.open.get(), 0U);
  }

  void start(tcp::TcpLimits limits, unsigned mbufs = 15) {
    stage_.reset();
    pool_.emplace(mbufs, static_cast<std::uint16_t>(65'535 - RTE_PKTMBUF_HEADROOM));
    source_.pool = pool_->get();
    source_.limits = {};
    std::vector<intake::Lane<Sink>> lanes;
    lanes.emplace_back(Sink{&events_, &room_}, frames_);
    if (limits.connections == 0) limits.connections = 8;
    stage_.emplace(
        Stage::Parts{.sockets = {},
                     .listeners = {listener_.fd()},
                     .intake = Stage::Intake(std::move(lanes), route::TopicHasher(1),
                                             identity::ProducerOwner(0, 1), {.burst = 64}),
                     .source = &source_,
                     .pressure = {&board_},
                     .counters = &counters_,
                     .flow = &flow_,
                     .rules = nullptr,
                     .limits = limits});
  }

  Sender connect() { return Sender(listener_.port()); }

  /// Polls until `done` says so; the kernel may take a moment to hand bytes from one socket to the
  /// other.
  template <class Done>
  void poll_until(Done&& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it does not come to that";
      (void)stage_->poll(++now_);
    }
  }
  void poll_until_received(std::uint64_t frames) {
    poll_until([&] { return frames_.frames_received.get() == frames; });
  }

  /// The topics of all events that came, and how often each came.
  std::map<std::string, std::size_t> topics() {
    std::map<std::string, std::size_t> found;
    for (const event::Event& event : events_) {
      const auto topic = event::topic(event);
      ++found[std::string(topic.begin(), topic.end())];
    }
    return found;
  }
  void give_back() {
    for (const event::Event& event : events_) event::free_segment(event.mbuf);
    events_.clear();
  }

  tcp::Listener listener_{{wire::IpAddress::v4(INADDR_LOOPBACK), 0}, {}};
  std::optional<TestPool> pool_;
  intake::FrameSource source_;
  telemetry::FrameCounters frames_;
  telemetry::ConnectionCounters counters_;
  control::PressureBoard board_;
  control::FlowBoard flow_;
  std::vector<event::Event> events_;
  std::size_t room_ = SIZE_MAX;
  std::uint64_t now_ = 0;
  std::optional<Stage> stage_;
};

Bytes many(std::string_view topic, std::size_t frames, std::size_t payload_bytes = 32) {
  Bytes all;
  const Bytes one = frame(topic, payload_bytes);
  for (std::size_t i = 0; i < frames; ++i) all.insert(all.end(), one.begin(), one.end());
  return all;
}

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
  EXPECT_EQ(counters_.closed_by_peer.get(), 2U);
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
  EXPECT_EQ(counters_.closed_by_peer.get(), 1U);
  EXPECT_EQ(counters_.failed.get(), 1U);
}

TEST_F(TcpTest, ALengthOutOfBoundsClosesTheConnectionAndNoOther) {
  Sender good = connect();
  Sender bad = connect();
  Bytes bytes = frame("a", 1);
  bytes.resize(bytes.size() + 100, 0xff);
  bad.send(bytes);
  poll_until([&] { return counters_.broken.get() == 1; });
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
  poll_until([&] { return counters_.turned_away.get() == 1; });
  EXPECT_TRUE(third.is_closed());
  first.close();
  poll_until([&] { return counters_.open.get() == 1; });
  Sender fourth = connect();
  fourth.send(frame("d", 1));
  poll_until_received(1);
}

// The ring takes nothing more: nothing is read, and the sender's window closes.
TEST_F(TcpTest, AFullRingClosesTheSendersWindow) {
  room_ = 100;
  Sender a = connect();
  const Bytes stream = many("a", 500'000);
  std::size_t sent = 0;
  for (int idle = 0; idle < 200;) {
    const std::size_t some = a.offer(std::span(stream).subspan(sent));
    sent += some;
    idle = some == 0 ? idle + 1 : 0;
    for (int i = 0; i < 20; ++i) (void)stage_->poll(++now_);
  }
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
  // The kernel names the same connection each time, and is not asked at each poll.
  const std::uint64_t waits = counters_.waits.get();
  for (int i = 0; i < 1'000; ++i) (void)stage_->poll(++now_);
  EXPECT_EQ(counters_.waits.get(), waits + 10);
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
  EXPECT_EQ(counters_.closed_at_drain.get(), 2U);
  EXPECT_TRUE(a.is_closed());
}

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
