// SPDX-License-Identifier: BSD-3-Clause
// Who waits to be accepted is not forgotten, since the kernel says so only once.
#include "tcp/acceptor.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tcp/tcp_fixture.hpp"

namespace esc::test {
namespace {

/// The kernel's sockets, but the first senders are gone again when they are to be accepted.
struct FlakySockets : tcp::EpollSockets {
  inline static int gone = 0;
  static tcp::Accepted accept(int listener) noexcept {
    if (gone == 0) return EpollSockets::accept(listener);
    --gone;
    tcp::Accepted accepted;
    accepted.gone = true;
    return accepted;
  }
};

TEST(Acceptor, TakesWhoWaitsBehindOneThatIsGone) {
  const tcp::Listener listener({wire::IpAddress::v4(INADDR_LOOPBACK), 0}, {});
  FlakySockets sockets;
  tcp::ConnectionTable table(4);
  tcp::ConnectionBoard board(4);
  telemetry::ConnectionCounters counters;
  tcp::Acceptor<FlakySockets> acceptor(sockets, {listener.fd()}, table, board, counters, 0);
  ASSERT_EQ(acceptor.watch_all(), 0U);
  const Sender a(listener.port());
  const Sender b(listener.port());
  bool knocked = false;
  for (const tcp::Ready& ready : sockets.news()) knocked = acceptor.note(ready.key) || knocked;
  ASSERT_TRUE(knocked);
  FlakySockets::gone = 9;
  const route::ConnectionRules rules;
  for (std::uint64_t now = 1; now <= 4; ++now) {
    EXPECT_TRUE(std::ranges::none_of(
        sockets.news(), [&](const tcp::Ready& ready) { return acceptor.note(ready.key); }));
    acceptor.poll(rules, now);
  }
  EXPECT_EQ(counters.accepted.get(), 2U);
  EXPECT_EQ(counters.accepts_failed.get(), 0U);
  EXPECT_EQ(table.size(), 2U);
}

}  // namespace
}  // namespace esc::test
