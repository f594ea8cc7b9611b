// SPDX-License-Identifier: BSD-3-Clause
#include "tcp/listener.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/start_error.hpp"
#include "wire/endpoint.hpp"

namespace esc::tcp {
namespace {

TEST(Endpoint, IsAnAddressAndAPort) {
  for (const char* text :
       {"127.0.0.1:9100", "0.0.0.0:1", "[::1]:9100", "[::]:65535", "[2001:db8::7]:1"}) {
    EXPECT_TRUE(wire::Endpoint::from(text)) << text;
  }
  for (const char* text : {"",
                           ":",
                           "9100",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:65536",
                           "127.0.0.1:0",
                           "127.0.0.1:-1",
                           "127.0.0.1:+1",
                           "127.0.0.1: 1",
                           "127.0.0.1:1x",
                           "127.0.0:1",
                           "localhost:9100",
                           ":9100",
                           "::1:9100",
                           "[::1]",
                           "[::1]9100",
                           "[127.0.0.1]:9100",
                           "[::1:9100",
                           "::1]:9100",
                           "[fe80::1%eth0]:9100",
                           "[]:1",
                           "127.0.0.1:9100 "}) {
    EXPECT_FALSE(wire::Endpoint::from(text)) << text;
  }
}

TEST(Endpoint, IsShownAsItIsRead) {
  for (const char* text : {"127.0.0.1:9100", "[::1]:9100", "[2001:db8::7]:1"}) {
    EXPECT_EQ(to_text(*wire::Endpoint::from(text)), text);
  }
}

wire::Endpoint v4(std::uint32_t address, std::uint16_t port = 0) {
  return {wire::IpAddress::v4(address), port};
}
constexpr std::uint32_t kLoopback = 0x7f00'0001;
const wire::Endpoint kAnyV6{};

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
