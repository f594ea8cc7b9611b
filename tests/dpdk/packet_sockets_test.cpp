// SPDX-License-Identifier: BSD-3-Clause
// What the packet sockets of a port let in, on lo: of each datagram there is one copy as it goes
// out and one as it comes in.
#include "dpdk/packet_sockets.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "base/file_descriptor.hpp"

namespace esc::test {
namespace {

using Take = dpdk::PacketSockets::Take;

const sockaddr* address(const sockaddr_in& of) {
  return reinterpret_cast<const sockaddr*>(&of);
}

class PacketSocketsOnLo : public testing::Test {
 protected:
  PacketSocketsOnLo()
      : packets_(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL))),
        receiver_(socket(AF_INET, SOCK_DGRAM, 0)),
        marker_("esc-packet-sockets-" + std::to_string(getpid())) {}

  void SetUp() override {
    if (!packets_.valid()) GTEST_SKIP() << "packet sockets need CAP_NET_RAW";
    sockaddr_ll lo{};
    lo.sll_family = AF_PACKET;
    lo.sll_protocol = htons(ETH_P_ALL);
    lo.sll_ifindex = static_cast<int>(if_nametoindex("lo"));
    ASSERT_EQ(bind(packets_.get(), reinterpret_cast<const sockaddr*>(&lo), sizeof lo), 0);
    to_.sin_family = AF_INET;
    to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(bind(receiver_.get(), address(to_), sizeof to_), 0);
    socklen_t length = sizeof to_;
    ASSERT_EQ(getsockname(receiver_.get(), reinterpret_cast<sockaddr*>(&to_), &length), 0);
  }

  /// Sends a datagram and waits until it has come in, which it does at packet sockets first.
  void send_one() {
    if (sendto(receiver_.get(), marker_.data(), marker_.size(), 0, address(to_), sizeof to_) < 0) {
      GTEST_SKIP() << "lo is down here";
    }
    std::array<char, 256> got{};
    ASSERT_EQ(recv(receiver_.get(), got.data(), got.size(), 0),
              static_cast<ssize_t>(marker_.size()));
  }

  /// Ours among those that are waiting: others use lo too.
  int taken() {
    int count = 0;
    std::array<char, 65'536> packet{};
    for (ssize_t got = 0;
         (got = recv(packets_.get(), packet.data(), packet.size(), MSG_DONTWAIT)) > 0;) {
      const std::string_view bytes(packet.data(), static_cast<std::size_t>(got));
      count += bytes.find(marker_) != std::string_view::npos ? 1 : 0;
    }
    return count;
  }

  FileDescriptor packets_;
  FileDescriptor receiver_;
  std::string marker_;
  sockaddr_in to_{};
};

TEST_F(PacketSocketsOnLo, OnlyWhatComesIn) {
  send_one();
  EXPECT_EQ(taken(), 2) << "the socket itself takes both copies";
  dpdk::PacketSockets sockets({"lo"});
  EXPECT_EQ(sockets.count(), 1U);
  sockets.take(Take::kNothing);
  send_one();
  EXPECT_EQ(taken(), 0);
  sockets.take(Take::kIncoming);
  send_one();
  EXPECT_EQ(taken(), 1);
}

TEST_F(PacketSocketsOnLo, ThoseOfOtherInterfacesAreLeftAlone) {
  dpdk::PacketSockets none({"esc-none"});
  EXPECT_EQ(none.count(), 0U);
  none.take(Take::kNothing);
  send_one();
  EXPECT_EQ(taken(), 2);
}

TEST_F(PacketSocketsOnLo, DropsAreAddedUpUntilTheyAreForgotten) {
  dpdk::PacketSockets sockets({"lo"});
  sockets.take(Take::kIncoming);
  const int small = 0;
  ASSERT_EQ(setsockopt(packets_.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
  constexpr int kSent = 100;
  for (int i = 0; i < kSent; ++i) send_one();
  const std::uint64_t dropped = sockets.drops();
  EXPECT_EQ(sockets.drops(), sockets.drops());
  EXPECT_GE(dropped + static_cast<std::uint64_t>(taken()), std::uint64_t{kSent});
  EXPECT_GT(dropped, 0U);
  sockets.forget_drops();
  EXPECT_EQ(sockets.drops(), 0U);
}

}  // namespace
}  // namespace esc::test
