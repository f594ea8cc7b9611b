// SPDX-License-Identifier: BSD-3-Clause
// Events of connections that wait for a worker.
#include <gtest/gtest.h>

#include <vector>

#include "dispatch/dispatch_fixture.hpp"

namespace esc::test {
namespace {

using route::Spread;

constexpr std::uint64_t kHoldCycles = 100;

class StreamHoldTest : public DispatchTest {
 protected:
  void make_two_workers(const Limits& limits) {
    make({{.topic = "stuck", .spread = Spread::kWorker, .worker = 0},
          {.topic = "fine", .spread = Spread::kWorker, .worker = 1}},
         2, 4, limits);
  }
  /// The numbers of what the worker gets.
  std::vector<std::uint64_t> numbers(std::size_t worker, std::size_t most = SIZE_MAX) {
    std::vector<std::uint64_t> all;
    for (const event::WorkItem& item : take(worker, most)) all.push_back(item.event.sequence);
    return all;
  }
};

TEST_F(StreamHoldTest, WaitsWithoutABoundOnTimeAndHoldsUpNobody) {
  make_two_workers({.hold = 8, .hold_cycles = kHoldCycles, .lossless = false, .stream_cells = 200});
  std::vector<std::uint64_t> fine;
  for (std::uint64_t i = 0; i < 204; ++i) {
    give_of(3, "stuck", i);
    give_of(5, "fine", i);
    (void)stage_->poll(1 + i * kHoldCycles);
    for (const std::uint64_t number : numbers(1)) fine.push_back(number);
    expect_balanced();
  }
  EXPECT_EQ(fine.size(), 204U);
  EXPECT_EQ(counters_.events_held.get(), 200U);
  EXPECT_EQ(held_board_.get(3), 200U);
  EXPECT_EQ(held_board_.get(5), 0U);
  // Whoever has waited too long elsewhere finds the worker stopped.
  EXPECT_EQ(counters_.workers_stopped.get(), 1U);
  give("stuck");
  (void)stage_->poll(300 * kHoldCycles);
  EXPECT_EQ(dropped(FrameDrop::kHoldExpired), 1U);
  // It moves again: everything comes, in order.
  std::vector<std::uint64_t> stuck;
  for (std::uint64_t now = 301 * kHoldCycles; stuck.size() < 204; ++now) {
    for (const std::uint64_t number : numbers(0)) stuck.push_back(number);
    (void)stage_->poll(now);
    expect_balanced();
    ASSERT_LT(now, 400 * kHoldCycles);
  }
  for (std::uint64_t i = 0; i < 204; ++i) EXPECT_EQ(stuck[i], i);
  EXPECT_EQ(held_board_.get(3), 0U);
  EXPECT_EQ(counters_.workers_stopped.get(), 0U);
  EXPECT_EQ(dropped(FrameDrop::kHoldExpired), 1U);
}

TEST_F(StreamHoldTest, TakesTurnsWithTheOthersThatWait) {
  make_two_workers({.hold = 8, .lossless = false, .stream_cells = 8});
  for (std::uint64_t i = 0; i < 4; ++i) give_of(1, "stuck", i);
  for (std::uint64_t i = 0; i < 4; ++i) {
    give_of(1, "stuck", 10 + i);
    give("stuck", 20 + i);
  }
  (void)stage_->poll(1);
  EXPECT_EQ(counters_.events_held.get(), 8U);
  EXPECT_EQ(numbers(0), (std::vector<std::uint64_t>{0, 1, 2, 3}));
  (void)stage_->poll(2);
  EXPECT_EQ(numbers(0), (std::vector<std::uint64_t>{10, 20, 11, 21}));
  (void)stage_->poll(3);
  EXPECT_EQ(numbers(0), (std::vector<std::uint64_t>{12, 22, 13, 23}));
  EXPECT_EQ(counters_.events_held.get(), 0U);
}

// However old the events are that wait, a worker that takes some has not stopped: the others wait
// for it as ever.
TEST_F(StreamHoldTest, ALongQueueIsNoStoppedWorker) {
  make_two_workers({.hold = 8, .hold_cycles = kHoldCycles, .lossless = false, .stream_cells = 200});
  for (std::uint64_t i = 0; i < 200; ++i) give_of(3, "stuck", i);
  std::uint64_t now = 1;
  for (int i = 0; i < 10; ++i) (void)stage_->poll(now);
  std::uint64_t taken = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    taken += numbers(0, 4).size();
    now += kHoldCycles / 2;
    if (i % 2 == 0) give("stuck", 1'000 + i);
    (void)stage_->poll(now);
    EXPECT_EQ(counters_.workers_stopped.get(), 0U);
    expect_balanced();
  }
  EXPECT_EQ(dropped(FrameDrop::kHoldExpired), 0U);
  EXPECT_EQ(taken, 160U);
  // Nothing moves any more.
  for (int i = 0; i < 3; ++i) (void)stage_->poll(now += kHoldCycles);
  EXPECT_EQ(counters_.workers_stopped.get(), 1U);
}

// More than the credits allow would have to come: then the event is not lost but stays in front.
TEST_F(StreamHoldTest, WithoutACellTheEventStaysInTheInput) {
  make_two_workers({.hold = 8, .hold_cycles = kHoldCycles, .lossless = false, .stream_cells = 2});
  for (std::uint64_t i = 0; i < 7; ++i) give_of(1, "stuck", i);
  for (std::uint64_t now = 1; now < 1'000; ++now) (void)stage_->poll(now);
  EXPECT_EQ(counters_.events_held.get(), 2U);
  EXPECT_EQ(ingest_->size(), 1U);
  EXPECT_TRUE(stage_->blocked());
  EXPECT_EQ(numbers(0).size(), 4U);
  (void)stage_->poll(1'000);
  EXPECT_EQ(numbers(0), (std::vector<std::uint64_t>{4, 5, 6}));
}

TEST_F(StreamHoldTest, RoutesThatDoNotWaitDoAsTheySay) {
  make({{.topic = "shed", .on_full = route::OnFull::kShed},
        {.topic = "letter", .on_full = route::OnFull::kDeadLetter}},
       1, 4, {.hold = 8, .lossless = true, .keeps = true, .stream_cells = 8});
  for (std::uint64_t i = 0; i < 4; ++i) give_of(1, "shed", i);
  give_of(1, "shed", 4);
  give_of(1, "letter", 5);
  (void)stage_->poll(1);
  EXPECT_EQ(dropped(FrameDrop::kWorkerFull), 1U);
  EXPECT_EQ(counters_.dead_lettered.get(), 1U);
  EXPECT_EQ(counters_.events_held.get(), 0U);
  EXPECT_EQ(held_board_.get(1), 0U);
  expect_balanced();
}

TEST_F(StreamHoldTest, ADrainThatTookTooLongGivesThemUp) {
  make_two_workers({.hold = 8, .lossless = false, .stream_cells = 8});
  for (std::uint64_t i = 0; i < 9; ++i) give_of(2, "stuck", i);
  give("stuck", 9);
  (void)stage_->poll(1);
  EXPECT_EQ(held_board_.get(2), 5U);
  EXPECT_EQ(discard(), 6U);
  EXPECT_EQ(held_board_.get(2), 0U);
  EXPECT_EQ(counters_.events_held.get(), 0U);
}

}  // namespace
}  // namespace esc::test
