// SPDX-License-Identifier: BSD-3-Clause
// The TCP stage with the kernel's sockets on loopback, and senders.
#pragma once

#include "tcp/tcp_stage.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event/frame_bytes.hpp"
#include "ingest/packets.hpp"
#include "support/events.hpp"
#include "support/mbufs.hpp"
#include "support/rules.hpp"
#include "tcp/listener.hpp"

namespace esc::test {

/// Takes events while there is room, and tells how many the dispatcher took.
struct TcpSink {
  std::vector<event::Event>* events;
  const std::size_t* room;
  const std::uint64_t* dispatched;
  std::uint64_t pushed = 0;
  [[nodiscard]] std::size_t push_burst(std::span<const event::Event> burst) {
    const std::size_t count = std::min(burst.size(), *room - std::min(*room, events->size()));
    events->insert(events->end(), burst.begin(),
                   burst.begin() + static_cast<std::ptrdiff_t>(count));
    pushed += count;
    return count;
  }
  [[nodiscard]] std::size_t size() const { return 0; }
  [[nodiscard]] std::uint64_t end() const { return pushed; }
  [[nodiscard]] std::uint64_t taken() const { return *dispatched; }
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
  /// The last byte is urgent.
  void send_urgently(std::span<const std::uint8_t> bytes) {
    ASSERT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_OOB),
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
  using Stage = tcp::TcpStage<tcp::EpollSockets, TcpSink>;

  TcpTest() { start({.connections = 8}); }
  ~TcpTest() override {
    stage_->discard();
    give_back();
    stage_.reset();
    EXPECT_TRUE(pool_->whole());
    EXPECT_EQ(counters_.open.get(), 0U);
  }

  void start(tcp::TcpLimits limits, unsigned mbufs = 15, route::ConnectionRules connections = {}) {
    stage_.reset();
    auto rules = std::make_unique<route::Rules>(
        route::Rules{route::RouteSet({}, kHasher, {}), route::ProducerBindings({}, 1),
                     wire::PrefixSet({}), std::move(connections)});
    rules_.emplace(std::move(rules));
    pool_.emplace(mbufs, static_cast<std::uint16_t>(65'535 - RTE_PKTMBUF_HEADROOM));
    source_.pool = pool_->get();
    source_.limits = {};
    std::vector<intake::Lane<TcpSink>> lanes;
    lanes.emplace_back(TcpSink{&events_, &room_, &dispatched_}, frames_);
    if (limits.buffers == 0) limits.buffers = mbufs;
    stage_.emplace(
        Stage::Parts{.sockets = {},
                     .listeners = {listener_.fd()},
                     .intake = Stage::Intake(std::move(lanes), route::TopicHasher(1),
                                             identity::ProducerOwner(0, 1), {.burst = 64}),
                     .source = &source_,
                     .pressure = {&board_},
                     .held = {&held_},
                     .counters = &counters_,
                     .board = &connections_,
                     .flow = &flow_,
                     .rules = &rules_->published,
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
      stage_->housekeep(now_);
    }
  }
  void poll_often(int times = 1'000) {
    for (int i = 0; i < times; ++i) {
      (void)stage_->poll(++now_);
      stage_->housekeep(now_);
    }
  }
  /// Sends until nothing moves any more: the sender's window is closed. Returns how much it sent.
  std::size_t send_until_stuck(Sender& sender, const Bytes& stream) {
    std::size_t sent = 0;
    for (int idle = 0; idle < 200;) {
      const std::size_t some = sender.offer(std::span(stream).subspan(sent));
      sent += some;
      idle = some == 0 ? idle + 1 : 0;
      poll_often(20);
    }
    return sent;
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
  tcp::ConnectionBoard connections_{16};
  control::PressureBoard board_;
  control::HeldBoard held_{16};
  control::FlowBoard flow_;
  std::vector<event::Event> events_;
  std::size_t room_ = SIZE_MAX;
  std::uint64_t dispatched_ = UINT64_MAX;  ///< so many events the dispatcher has taken
  std::uint64_t now_ = 0;
  std::optional<PublishedRules> rules_;
  std::optional<Stage> stage_;
};

inline Bytes many(std::string_view topic, std::size_t frames, std::size_t payload_bytes = 32) {
  Bytes all;
  const Bytes one = frame(topic, payload_bytes);
  for (std::size_t i = 0; i < frames; ++i) all.insert(all.end(), one.begin(), one.end());
  return all;
}

}  // namespace esc::test
