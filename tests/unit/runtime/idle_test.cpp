#include "runtime/idle.hpp"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <vector>

namespace {
// Stands in for libc's: what Idle asks the kernel for, without waiting for it.
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
};

TEST_F(IdleTest, SpinsBeforeItSleeps) {
  Idle idle({.adaptive = true, .tsc_hz = kHz, .sleep_max_us = 200});
  EXPECT_FALSE(idle.idle(kStart));
  EXPECT_FALSE(idle.idle(kStart + 1));
  EXPECT_FALSE(idle.idle(kStart + kSpin - 1));
  EXPECT_TRUE(naps_ns.empty());
  EXPECT_TRUE(idle.idle(kStart + kSpin));
  EXPECT_EQ(naps_ns, (std::vector<long>{10'000}));
}

TEST_F(IdleTest, NapsDoubleUpToTheirLimit) {
  Idle idle({.adaptive = true, .tsc_hz = kHz, .sleep_max_us = 100});
  EXPECT_FALSE(idle.idle(kStart));
  for (std::uint64_t i = 0; i < 6; ++i) EXPECT_TRUE(idle.idle(kStart + kSpin + i));
  EXPECT_EQ(naps_ns, (std::vector<long>{10'000, 20'000, 40'000, 80'000, 100'000, 100'000}));
}

TEST_F(IdleTest, NoNapIsLongerThanTheShortestLimit) {
  Idle idle({.adaptive = true, .tsc_hz = kHz, .sleep_max_us = 10});
  EXPECT_FALSE(idle.idle(kStart));
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_TRUE(idle.idle(kStart + kSpin + i));
  EXPECT_EQ(naps_ns, (std::vector<long>{10'000, 10'000, 10'000}));
}

TEST_F(IdleTest, WorkStartsItAllOver) {
  Idle idle({.adaptive = true, .tsc_hz = kHz, .sleep_max_us = 200});
  EXPECT_FALSE(idle.idle(kStart));
  EXPECT_TRUE(idle.idle(kStart + kSpin));
  EXPECT_TRUE(idle.idle(kStart + kSpin + 1));
  idle.worked();
  EXPECT_FALSE(idle.idle(kStart + 10 * kSpin));
  EXPECT_FALSE(idle.idle(kStart + 11 * kSpin - 1));
  EXPECT_TRUE(idle.idle(kStart + 11 * kSpin));
  EXPECT_EQ(naps_ns, (std::vector<long>{10'000, 20'000, 10'000}));
}

TEST_F(IdleTest, BusyNeverSleeps) {
  Idle idle({.adaptive = false, .tsc_hz = kHz, .sleep_max_us = 200});
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_FALSE(idle.idle(kStart + i * kSpin));
  EXPECT_TRUE(naps_ns.empty());
}

}  // namespace
}  // namespace esc::runtime
