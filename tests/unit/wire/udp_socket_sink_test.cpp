// SPDX-License-Identifier: BSD-3-Clause
#include "wire/udp_socket_sink.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "received.hpp"
#include "wire/sender.hpp"

namespace esc::wire::test {
namespace {

/// A receiver on a loopback port of the kernel's choice.
class Receiver {
 public:
  Receiver() : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t bytes = sizeof address;
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &bytes), 0);
    port_ = std::to_string(ntohs(address.sin_port));
  }
  ~Receiver() { close_socket(); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  void close_socket() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }
  [[nodiscard]] const std::string& port() const { return port_; }
  /// The next datagram; empty: there is none. Loopback delivers before send() returns.
  [[nodiscard]] Bytes next() const {
    Bytes bytes(65536);
    const ssize_t got = recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }

 private:
  int fd_;
  std::string port_;
};

TEST(UdpSocketSink, WhatASenderSendsArrives) {
  const Receiver receiver;
  Sender sender({.numbering = {.producer = 1, .epoch = 1}, .max_datagram_bytes = 100},
                UdpSocketSink("127.0.0.1", receiver.port()));
  for (int i = 0; i < 20; ++i) ASSERT_EQ(sender.send(0, "topic", {}), SendResult::kOk);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  Received received;
  for (Bytes datagram = receiver.next(); !datagram.empty(); datagram = receiver.next())
    receive(datagram, received);
  ASSERT_EQ(received.events.size(), 20u);
  for (std::uint64_t i = 0; i < 20; ++i)
    EXPECT_EQ(received.events[i].identity, (Identity{1, i, 1}));
}

TEST(UdpSocketSink, SaysWhyADatagramWasNotSent) {
  const Receiver receiver;
  UdpSocketSink sink("127.0.0.1", receiver.port());
  EXPECT_FALSE(sink(Bytes(65508)));
  EXPECT_EQ(sink.last_error(), EMSGSIZE);
  EXPECT_TRUE(sink(Bytes(65507)));
  EXPECT_EQ(sink.last_error(), 0);
  EXPECT_EQ(receiver.next().size(), 65507u);
}

TEST(UdpSocketSink, AnEarlierRefusalDoesNotStopTheNextDatagram) {
  Receiver receiver;
  UdpSocketSink sink("127.0.0.1", receiver.port());
  receiver.close_socket();
  // The first datagram is sent, but the host refuses it since nobody listens. The sink learns that
  // when it sends the second.
  EXPECT_TRUE(sink(Bytes(1)));
  EXPECT_EQ(sink.refused(), 0u);
  EXPECT_TRUE(sink(Bytes(1)));
  EXPECT_EQ(sink.refused(), 1u);
  // Only by waiting can the sink learn what became of the last one.
  sink.wait_for_refusal(std::chrono::seconds(10));
  EXPECT_EQ(sink.refused(), 2u);
  sink.wait_for_refusal(std::chrono::milliseconds(0));
  EXPECT_EQ(sink.refused(), 2u);
  UdpSocketSink moved(std::move(sink));
  EXPECT_EQ(moved.refused(), 2u);
}

TEST(UdpSocketSink, MovesAndRefusesNamesThatAreNone) {
  const Receiver receiver;
  UdpSocketSink first("localhost", receiver.port());
  UdpSocketSink second(std::move(first));
  EXPECT_TRUE(second(Bytes(3)));
  EXPECT_EQ(receiver.next().size(), 3u);
  EXPECT_THROW(UdpSocketSink("127.0.0.1", "no such service"), std::system_error);
  EXPECT_THROW(UdpSocketSink("host.invalid", "9001"), std::system_error);
}

}  // namespace
}  // namespace esc::wire::test
