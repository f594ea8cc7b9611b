// SPDX-License-Identifier: BSD-3-Clause
#include "tcp/listener.hpp"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>

#include "base/file_descriptor.hpp"
#include "base/start_error.hpp"
#include "tcp/socket_address.hpp"
#include "wire/endpoint.hpp"

namespace esc::tcp {
namespace {

wire::Endpoint v4(std::uint32_t address, std::uint16_t port = 0) {
  return {wire::IpAddress::v4(address), port};
}
constexpr std::uint32_t kLoopback = 0x7f00'0001;
const wire::Endpoint kAnyV6{};

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t bytes = sizeof value;
  return ::getsockopt(fd, level, name, &value, &bytes) == 0 ? value : -1;
}

TEST(Listener, SaysWhichPortItHas) {
  const Listener chosen(v4(kLoopback), {});
  EXPECT_NE(chosen.port(), 0);
  const Listener other(kAnyV6, {});
  EXPECT_NE(other.port(), 0);
}

TEST(Listener, SaysWhatToDoIfThePortIsTaken) {
  const Listener first(v4(kLoopback), {});
  try {
    const Listener second(v4(kLoopback, first.port()), {});
    FAIL() << "two listen on one port";
  } catch (const StartError& error) {
    EXPECT_EQ(std::string(error.what()),
              "cannot listen on 127.0.0.1:" + std::to_string(first.port()) +
                  ": bind: Address already in use");
    EXPECT_EQ(error.fix(), "see who listens there (ss -ltnp), or choose another port");
  }
}

TEST(Listener, SeveralShareAPortIfAllSaySo) {
  const Listener first(v4(kLoopback), {.shared = true});
  const Listener second(v4(kLoopback, first.port()), {.shared = true});
  EXPECT_EQ(second.port(), first.port());
}

// The kernel's defaults, two hours, are no use, and accept() copies what the listener has.
TEST(Listener, AcceptedSocketsAreAskedWhetherTheirPeerIsThere) {
  const Listener listener(v4(kLoopback), {});
  const FileDescriptor sender(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress address(v4(kLoopback, listener.port()));
  ASSERT_EQ(::connect(sender.get(), address.get(), address.bytes()), 0);
  const FileDescriptor accepted(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_TRUE(accepted.valid());
  EXPECT_EQ(option(accepted.get(), SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPIDLE), 60);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPINTVL), 10);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPCNT), 6);
}

// So that one port can be taken for both families.
TEST(Listener, AnIpv6OneLeavesTheIpv4PortFree) {
  const Listener six(kAnyV6, {});
  const Listener four(v4(0, six.port()), {});
  EXPECT_EQ(four.port(), six.port());
}

TEST(Listener, RefusesAnAddressThatIsNotHere) {
  EXPECT_THROW(Listener(v4(0xc000'0201, 9100), {}), StartError);
}

}  // namespace
}  // namespace esc::tcp
