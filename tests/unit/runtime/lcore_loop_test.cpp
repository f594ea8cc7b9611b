// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/lcore_loop.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "runtime/watchdog.hpp"

namespace esc::runtime {
namespace {

// Busy, because these tests do not depend on the clock.
constexpr IdlePolicy kBusy{.adaptive = false, .tsc_hz = 1'000'000'000, .sleep_max_us = 10};

/// Writes its name whenever it is polled; stops the loop after so many polls.
struct Recorder {
  std::string* log;
  char name;
  std::atomic<bool>* stop;
  unsigned stops_after = UINT32_MAX;
  unsigned polls = 0;
  unsigned housekeepings = 0;
  std::vector<std::uint64_t> times{};

  std::size_t poll(std::uint64_t now) noexcept {
    log->push_back(name);
    times.push_back(now);
    if (++polls == stops_after) stop->store(true, std::memory_order_release);
    return 1;
  }
  void housekeep(std::uint64_t) noexcept { ++housekeepings; }
  [[nodiscard]] static bool blocked() noexcept { return false; }
};
struct OtherRecorder : Recorder {};

TEST(LcoreLoop, PollsItsStagesInOrderUntilItIsStopped) {
  std::string log;
  std::atomic<bool> stop{false};
  OtherRecorder first{{&log, 'a', &stop}};
  Recorder second{&log, 'b', &stop};
  Recorder third{&log, 'c', &stop, 3};
  const StageLists<OtherRecorder, Recorder> lists{{&first}, {&second, &third}};
  LcoreStatus status;
  run_lcore(lists, kBusy, stop, status);
  EXPECT_EQ(log, "abcabcabc");
  EXPECT_EQ(status.rounds.get(), 3U);
  EXPECT_EQ(status.stage.get(), 2U);
  EXPECT_EQ(status.running.get(), 0U);
  EXPECT_EQ(status.sleeps.get(), 0U);
  EXPECT_GT(status.work_cycles.get(), 0U);
  EXPECT_GE(status.work_cycles.get(), status.longest_round_cycles.get());
  // All stages of one round get the same time, and the next round gets a later one.
  EXPECT_EQ(first.times, third.times);
  EXPECT_LT(first.times[0], first.times[1]);
  EXPECT_EQ(status.heartbeat_tsc.get(), first.times[2]);
}

TEST(LcoreLoop, NoStagesOfAKindIsFine) {
  std::string log;
  std::atomic<bool> stop{false};
  Recorder only{&log, 'x', &stop, 2};
  const StageLists<OtherRecorder, Recorder> lists{{}, {&only}};
  LcoreStatus status;
  run_lcore(lists, kBusy, stop, status);
  EXPECT_EQ(log, "xx");
}

TEST(LcoreLoop, StoppedBeforeItBeginsItDoesNothing) {
  std::string log;
  std::atomic<bool> stop{true};
  Recorder never{&log, 'x', &stop};
  LcoreStatus status;
  run_lcore(StageLists<Recorder>{{&never}}, kBusy, stop, status);
  EXPECT_EQ(log, "");
  EXPECT_EQ(status.rounds.get(), 0U);
  EXPECT_EQ(status.running.get(), 0U);
}

TEST(LcoreLoop, HousekeepingComesEvery256Rounds) {
  std::string log;
  std::atomic<bool> stop{false};
  Recorder one{&log, 'a', &stop};
  Recorder two{&log, 'b', &stop, 1023};
  LcoreStatus status;
  run_lcore(StageLists<Recorder>{{&one, &two}}, kBusy, stop, status);
  EXPECT_EQ(one.housekeepings, 3U);
  EXPECT_EQ(two.housekeepings, 3U);
  EXPECT_EQ(status.rounds.get(), 1023U);
}

/// Has work for some rounds only.
struct SometimesIdle {
  std::atomic<bool>* stop;
  unsigned polls = 0;
  std::size_t poll(std::uint64_t) noexcept {
    if (++polls == 100) stop->store(true, std::memory_order_release);
    return 0;
  }
  void housekeep(std::uint64_t) noexcept {}
  [[nodiscard]] static bool blocked() noexcept { return false; }
};

TEST(LcoreLoop, IdleRoundsAreNoWork) {
  std::atomic<bool> stop{false};
  SometimesIdle stage{&stop};
  LcoreStatus status;
  run_lcore(StageLists<SometimesIdle>{{&stage}}, kBusy, stop, status);
  EXPECT_EQ(status.work_cycles.get(), 0U);
  EXPECT_EQ(status.rounds.get(), 100U);
}

/// Looks at the status from inside a poll, as the watchdog might at any moment.
struct Inspector {
  const LcoreStatus* status;
  std::atomic<bool>* stop;
  std::uint64_t running = 0;
  std::uint64_t heartbeat = 0;
  std::uint64_t told = 0;
  std::size_t poll(std::uint64_t now) noexcept {
    running = status->running.get();
    heartbeat = status->heartbeat_tsc.get();
    told = now;
    stop->store(true, std::memory_order_release);
    return 1;
  }
  void housekeep(std::uint64_t) noexcept {}
  [[nodiscard]] static bool blocked() noexcept { return false; }
};

TEST(LcoreLoop, RunsWithAFreshHeartbeatInItsFirstRound) {
  std::atomic<bool> stop{false};
  LcoreStatus status;
  Inspector stage{&status, &stop};
  run_lcore(StageLists<Inspector>{{&stage}}, kBusy, stop, status);
  EXPECT_EQ(stage.running, 1U);
  EXPECT_EQ(stage.heartbeat, stage.told);
  EXPECT_NE(stage.heartbeat, 0U);
}

/// Hangs in its third poll until it is let go.
struct Hanging {
  std::atomic<bool> let_go{false};
  std::atomic<bool> hangs{false};
  unsigned polls = 0;
  std::size_t poll(std::uint64_t) noexcept {
    if (++polls == 3) {
      hangs.store(true, std::memory_order_release);
      while (!let_go.load(std::memory_order_acquire)) std::this_thread::yield();
    }
    return 1;
  }
  void housekeep(std::uint64_t) noexcept {}
  [[nodiscard]] static bool blocked() noexcept { return false; }
};

TEST(LcoreLoopThreaded, TheWatchdogSeesAStageHangAndComeBack) {
  std::atomic<bool> stop{false};
  std::array<LcoreStatus, 1> status;
  Hanging stage;
  std::string log;
  OtherRecorder other{{&log, 'a', &stop}};
  Watchdog watchdog(status, 1);
  std::thread lcore([&] {
    run_lcore(StageLists<OtherRecorder, Hanging>{{&other}, {&stage}}, kBusy, stop, status[0]);
  });
  while (!stage.hangs.load(std::memory_order_acquire)) std::this_thread::yield();
  // The heartbeat stands still now: one cycle later is a stall.
  const std::uint64_t beat = status[0].heartbeat_tsc.get();
  EXPECT_TRUE(watchdog.check(beat).empty());
  const auto hung = watchdog.check(beat + 1);
  ASSERT_EQ(hung.size(), 1U);
  EXPECT_TRUE(hung[0].stalled);
  EXPECT_EQ(hung[0].stage, 1U);
  EXPECT_EQ(hung[0].for_cycles, 1U);
  stage.let_go.store(true, std::memory_order_release);
  while (status[0].heartbeat_tsc.get() == beat) std::this_thread::yield();
  const auto back = watchdog.check(beat + 1);
  ASSERT_EQ(back.size(), 1U);
  EXPECT_FALSE(back[0].stalled);
  stop.store(true, std::memory_order_release);
  lcore.join();
  EXPECT_GE(status[0].longest_round_cycles.get(), 1U);
  EXPECT_EQ(status[0].running.get(), 0U);
}

/// The watchdog checks without a pause from start to stop. An lcore that has no heartbeat yet must
/// not be taken for one that stands still.
TEST(LcoreLoopThreaded, StartingIsNotAStall) {
  constexpr std::uint64_t kNever = std::uint64_t{1} << 40;
  for (int round = 0; round < 200; ++round) {
    std::atomic<bool> stop{false};
    std::array<LcoreStatus, 1> status;
    SometimesIdle stage{&stop};
    Watchdog watchdog(status, kNever);
    std::thread lcore(
        [&] { run_lcore(StageLists<SometimesIdle>{{&stage}}, kBusy, stop, status[0]); });
    while (!stop.load(std::memory_order_acquire)) ASSERT_TRUE(watchdog.check(rte_rdtsc()).empty());
    lcore.join();
    EXPECT_EQ(watchdog.stalls(), 0U);
  }
}

}  // namespace
}  // namespace esc::runtime
