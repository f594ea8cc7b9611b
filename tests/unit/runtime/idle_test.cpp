// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/idle.hpp"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <atomic>
#include <vector>

#include "runtime/lcore_loop.hpp"

namespace {
// The naps that Idle asks for. The test replaces libc's function, so none of them takes time.
std::vector<long> naps_ns;
}  // namespace

extern "C" int nanosleep(const timespec* time, timespec* /*remaining*/) {
  naps_ns.push_back(time->tv_sec * 1'000'000'000 + time->tv_nsec);
  return 0;
}

namespace esc::runtime {
namespace {

constexpr std::uint64_t kHz = 1'000'000'000;  // a cycle is a nanosecond
constexpr std::uint64_t kSpin = Idle::kSpinUs * 1000;
constexpr std::uint64_t kStart = 1'000'000;

class IdleTest : public testing::Test {
 protected:
  IdleTest() { naps_ns.clear(); }

  static bool round(Idle& idle, std::uint64_t now, bool blocked = false) {
    return idle.idle(
        now, [blocked] { return blocked; }, [] {});
  }
};

TEST_F(IdleTest, SpinsBeforeItSleeps) {
  Idle idle({.adaptive = true, .tsc_hz = kHz, .sleep_max_us = 200});
  EXPECT_FALSE(round(idle, kStart));
  EXPECT_FALSE(round(idle, kStart + 1));
  EXPECT_FALSE(round(idle, kStart + kSpin - 1));
  EXPECT_TRUE(naps_ns.empty());
  EXPECT_TRUE(round(idle, kStart + kSpin));
  EXPECT_EQ(naps_ns, (std::vector<long>{10'000}));
}

TEST_F(IdleTest, NapsDoubleUpToTheirLimit) {
  Idle idle({.adaptive = true, .tsc_hz = kHz, .sleep_max_us = 100});
  EXPECT_FALSE(round(idle, kStart));
  for (std::uint64_t i = 0; i < 6; ++i) EXPECT_TRUE(round(idle, kStart + kSpin + i));
  EXPECT_EQ(naps_ns, (std::vector<long>{10'000, 20'000, 40'000, 80'000, 100'000, 100'000}));
}

TEST_F(IdleTest, NoNapIsLongerThanTheShortestLimit) {
  Idle idle({.adaptive = true, .tsc_hz = kHz, .sleep_max_us = 10});
  EXPECT_FALSE(round(idle, kStart));
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_TRUE(round(idle, kStart + kSpin + i));
  EXPECT_EQ(naps_ns, (std::vector<long>{10'000, 10'000, 10'000}));
}

TEST_F(IdleTest, WorkStartsItAllOver) {
  Idle idle({.adaptive = true, .tsc_hz = kHz, .sleep_max_us = 200});
  EXPECT_FALSE(round(idle, kStart));
  EXPECT_TRUE(round(idle, kStart + kSpin));
  EXPECT_TRUE(round(idle, kStart + kSpin + 1));
  idle.worked();
  EXPECT_FALSE(round(idle, kStart + 10 * kSpin));
  EXPECT_FALSE(round(idle, kStart + 11 * kSpin - 1));
  EXPECT_TRUE(round(idle, kStart + 11 * kSpin));
  EXPECT_EQ(naps_ns, (std::vector<long>{10'000, 20'000, 10'000}));
}

constexpr std::uint64_t kBlockedSpin = Idle::kBlockedSpinUs * 1000;

TEST_F(IdleTest, BlockedPausesForLongerAndThenNapsBriefly) {
  Idle idle({.adaptive = true, .tsc_hz = kHz, .sleep_max_us = 4000});
  const std::uint64_t first = kStart + kSpin;
  EXPECT_FALSE(round(idle, kStart, true));
  EXPECT_FALSE(round(idle, first, true));
  EXPECT_FALSE(round(idle, first + kBlockedSpin - 1, true));
  EXPECT_TRUE(naps_ns.empty());
  for (std::uint64_t i = 0; i < 6; ++i) EXPECT_TRUE(round(idle, first + kBlockedSpin + i, true));
  EXPECT_EQ(naps_ns, std::vector<long>(6, 50'000));
}

TEST_F(IdleTest, BlockedNapsAreNoLongerThanIdleOnesMayBe) {
  Idle idle({.adaptive = true, .tsc_hz = kHz, .sleep_max_us = 20});
  EXPECT_FALSE(round(idle, kStart, true));
  EXPECT_FALSE(round(idle, kStart + kSpin, true));
  EXPECT_TRUE(round(idle, kStart + kSpin + kBlockedSpin, true));
  EXPECT_EQ(naps_ns, (std::vector<long>{20'000}));
}

// An lcore that has slept long finds that a stage waits for another lcore. It must not sleep on.
TEST_F(IdleTest, FoundBlockedAfterLongNapsItPauses) {
  Idle idle({.adaptive = true, .tsc_hz = kHz, .sleep_max_us = 4000});
  EXPECT_FALSE(round(idle, kStart));
  for (std::uint64_t i = 0; i < 12; ++i) EXPECT_TRUE(round(idle, kStart + kSpin + i));
  EXPECT_EQ(naps_ns.back(), 4'000'000);
  naps_ns.clear();
  const std::uint64_t found = kStart + 100 * kSpin;
  EXPECT_FALSE(round(idle, found, true));
  EXPECT_FALSE(round(idle, found + kBlockedSpin - 1, true));
  EXPECT_TRUE(round(idle, found + kBlockedSpin, true));
  // Idle again: it begins with the shortest nap.
  EXPECT_TRUE(round(idle, found + kBlockedSpin + 1));
  EXPECT_TRUE(round(idle, found + kBlockedSpin + 2));
  // Blocked again: a new wait begins.
  EXPECT_FALSE(round(idle, found + kBlockedSpin + 3, true));
  EXPECT_EQ(naps_ns, (std::vector<long>{50'000, 10'000, 20'000}));
}

TEST_F(IdleTest, WorkEndsAWait) {
  Idle idle({.adaptive = true, .tsc_hz = kHz, .sleep_max_us = 4000});
  EXPECT_FALSE(round(idle, kStart, true));
  EXPECT_FALSE(round(idle, kStart + kSpin, true));
  idle.worked();
  const std::uint64_t again = kStart + 10 * kBlockedSpin;
  EXPECT_FALSE(round(idle, again, true));
  EXPECT_FALSE(round(idle, again + kSpin, true));
  EXPECT_FALSE(round(idle, again + kSpin + kBlockedSpin - 1, true));
  EXPECT_TRUE(round(idle, again + kSpin + kBlockedSpin, true));
}

TEST_F(IdleTest, BusyAsksNobodyWhetherItIsBlocked) {
  Idle idle({.adaptive = false, .tsc_hz = kHz, .sleep_max_us = 200});
  bool asked = false;
  for (std::uint64_t i = 0; i < 100; ++i) {
    EXPECT_FALSE(idle.idle(
        kStart + i * kSpin, [&asked] { return asked = true; }, [] {}));
  }
  EXPECT_FALSE(asked);
}

/// Never has work; is blocked in its first rounds.
struct Waiting {
  std::atomic<bool>* stop;
  unsigned blocked_rounds;
  unsigned rounds;
  unsigned polls = 0;
  std::size_t poll(std::uint64_t) noexcept {
    if (++polls == rounds) stop->store(true, std::memory_order_release);
    return 0;
  }
  void housekeep(std::uint64_t) noexcept {}
  [[nodiscard]] bool blocked() const noexcept { return polls <= blocked_rounds; }
};
struct OtherWaiting : Waiting {};

// It does not matter which stage it is.
TEST_F(IdleTest, AnLcoreIsBlockedWhileOneOfItsStagesIs) {
  std::atomic<bool> stop{false};
  Waiting idle{&stop, 0, 7};
  OtherWaiting first{{&stop, 2, 100}};
  OtherWaiting second{{&stop, 4, 100}};
  LcoreStatus status;
  // With a clock of 0 Hz every wait is over at once.
  run_lcore(StageLists<Waiting, OtherWaiting>{{&idle}, {&first, &second}},
            {.adaptive = true, .tsc_hz = 0, .sleep_max_us = 4000}, stop, status);
  EXPECT_EQ(naps_ns, (std::vector<long>{50'000, 50'000, 50'000, 50'000, 10'000, 20'000, 40'000}));
  EXPECT_EQ(status.sleeps.get(), 7U);
  EXPECT_EQ(status.work_cycles.get(), 0U);
}

TEST_F(IdleTest, BusyNeverSleeps) {
  Idle idle({.adaptive = false, .tsc_hz = kHz, .sleep_max_us = 200});
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_FALSE(round(idle, kStart + i * kSpin));
  EXPECT_TRUE(naps_ns.empty());
}

}  // namespace
}  // namespace esc::runtime
