// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/board.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace esc::telemetry {
namespace {

using namespace std::chrono_literals;

bool wanted(const Board<int>& board) {
  pollfd fd{.fd = board.poll_fd(), .events = POLLIN, .revents = 0};
  return ::poll(&fd, 1, 0) > 0;
}

void serve_when_wanted(Board<int>& board, int value) {
  pollfd fd{.fd = board.poll_fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&fd, 1, 10'000), 1);
  board.serve([value] { return value; });
}

TEST(Board, NothingIsMadeForNobody) {
  Board<int> board;
  board.open();
  board.serve([] { return ADD_FAILURE() << "nobody asked", 1; });
  EXPECT_FALSE(wanted(board));
}

TEST(Board, WhoAsksGetsWhatIsMadeThen) {
  Board<int> board;
  board.open();
  for (const int value : {7, 8}) {
    Board<int>::Shared got;
    std::thread asker([&] { got = board.ask(10s); });
    serve_when_wanted(board, value);
    asker.join();
    ASSERT_NE(got, nullptr);
    EXPECT_EQ(*got, value);
    EXPECT_FALSE(wanted(board));
  }
}

// A value whose making began before the question would describe an earlier moment.
TEST(Board, WhoAsksWhileOneIsMadeGetsTheNext) {
  Board<int> board;
  board.open();
  Board<int>::Shared first;
  Board<int>::Shared second;
  std::thread early([&] { first = board.ask(10s); });
  std::thread late;
  pollfd fd{.fd = board.poll_fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&fd, 1, 10'000), 1);
  board.serve([&] {
    late = std::thread([&] { second = board.ask(10s); });
    EXPECT_EQ(::poll(&fd, 1, 10'000), 1);  // it waits
    return 1;
  });
  early.join();
  serve_when_wanted(board, 2);
  late.join();
  EXPECT_EQ(*first, 1);
  EXPECT_EQ(*second, 2);
}

TEST(Board, WhenNobodyServesTheLastOneIsTold) {
  Board<int> board;
  board.open();
  EXPECT_EQ(board.ask(0ms), nullptr);
  board.serve([] { return 5; });
  const auto again = board.ask(0ms);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(*again, 5);
}

TEST(Board, ClosedItTellsNothingAndHoldsNobody) {
  Board<int> board;
  EXPECT_EQ(board.ask(10s), nullptr) << "not open yet";
  board.open();
  Board<int>::Shared got = std::make_shared<const int>(1);
  std::thread asker([&] { got = board.ask(600s); });
  pollfd fd{.fd = board.poll_fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&fd, 1, 10'000), 1);
  board.close();
  asker.join();
  EXPECT_EQ(got, nullptr);
  board.serve([] { return ADD_FAILURE() << "it is closed", 1; });
}

}  // namespace
}  // namespace esc::telemetry
