// SPDX-License-Identifier: BSD-3-Clause
// What is shown of each connection.
#include "tcp/connection_board.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "wire/frame.hpp"

namespace esc::test {
namespace {

const intake::StreamPeer kPeer{wire::IpAddress::v4(0x0a000001), 4711};

wire::SessionCursor session_of(std::uint64_t producer) {
  wire::Session session{};
  session.producer = producer;
  wire::SessionCursor cursor;
  cursor.begin(session);
  return cursor;
}

TEST(ConnectionBoard, ShowsWhoIsThereAndNobodyElse) {
  tcp::ConnectionBoard board(4);
  EXPECT_FALSE(board.read(2, 1));
  board.open(2, kPeer, 100);
  board.heard(2, 500, 120);
  board.heard(2, 7, 130);
  board.took(2, 3);
  board.refused(2, FrameDrop::kTopicNotUtf8, 2);
  board.numbered(2, session_of(9));
  const auto view = board.read(2, 200);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->slot, 2U);
  EXPECT_EQ(view->peer.address, kPeer.address);
  EXPECT_EQ(view->peer.port, 4711);
  EXPECT_EQ(view->accepted_tsc, 100U);
  EXPECT_EQ(view->heard_tsc, 130U);
  EXPECT_EQ(view->bytes, 507U);
  EXPECT_EQ(view->events, 3U);
  EXPECT_EQ(view->refused[static_cast<std::size_t>(FrameDrop::kTopicNotUtf8)], 2U);
  EXPECT_EQ(view->producer, std::optional<std::uint64_t>(9));
  EXPECT_FALSE(view->paused);
  EXPECT_FALSE(board.read(1, 200));
  board.close(2);
  EXPECT_FALSE(board.read(2, 200));
  // Whoever comes next begins anew.
  board.open(2, {}, 300);
  const auto next = board.read(2, 301);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->peer.address, std::nullopt);
  EXPECT_EQ(next->bytes + next->events, 0U);
  EXPECT_EQ(next->refused[static_cast<std::size_t>(FrameDrop::kTopicNotUtf8)], 0U);
  EXPECT_EQ(next->producer, std::nullopt);
}

TEST(ConnectionBoard, AddsUpTheTimeInWhichAConnectionWaited) {
  tcp::ConnectionBoard board(1);
  board.open(0, kPeer, 10);
  board.go_on(0, 20);
  EXPECT_EQ(board.read(0, 30)->paused_cycles, 0U);
  board.pause(0, 100);
  board.pause(0, 150);
  EXPECT_TRUE(board.read(0, 160)->paused);
  EXPECT_EQ(board.read(0, 160)->paused_cycles, 60U);
  board.go_on(0, 200);
  EXPECT_FALSE(board.read(0, 900)->paused);
  EXPECT_EQ(board.read(0, 900)->paused_cycles, 100U);
  board.pause(0, 1'000);
  EXPECT_EQ(board.read(0, 1'001)->paused_cycles, 101U);
}

}  // namespace
}  // namespace esc::test
