// SPDX-License-Identifier: BSD-3-Clause
// [pressure]: what is accepted, and each mistake with its exact text.
#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;

Texts with_pressure(const std::string& lines) {
  return problems("[pressure]\n" + lines + std::string(kMinimal));
}

using Four = PerRaisedLevel<std::uint16_t>;

const PressureThresholds& of(const Config& config, PressureInput input) {
  return config.pressure.thresholds[static_cast<std::size_t>(input)];
}

TEST(Pressure, EveryKeyReachesItsField) {
  const Config config = loaded(R"([pressure]
ingest_ring_enter_permille = [11, 12, 13, 14]
ingest_ring_leave_permille = [1, 2, 3, 4]
worker_ring_enter_permille = [21, 22, 23, 1001]
worker_ring_leave_permille = [5, 6, 7, 8]
pool_enter_permille = [31, 32, 1001, 1001]
pool_leave_permille = [9, 10, 11, 12]
worker_latency_enter_permille = [1001, 1001, 1001, 1001]
worker_latency_leave_permille = [13, 13, 13, 13]
worker_latency_full_us = 2500
dwell_ms = [400, 300, 200, 100]
defer_lossless = "never"
defer_nic = "elevated"
shed_below = [7, 9]
)" + std::string(kMinimal));
  EXPECT_EQ(of(config, PressureInput::kIngestRing).enter, (Four{11, 12, 13, 14}));
  EXPECT_EQ(of(config, PressureInput::kIngestRing).leave, (Four{1, 2, 3, 4}));
  EXPECT_EQ(of(config, PressureInput::kWorkerRing).enter, (Four{21, 22, 23, 1001}));
  EXPECT_EQ(of(config, PressureInput::kWorkerRing).leave, (Four{5, 6, 7, 8}));
  EXPECT_EQ(of(config, PressureInput::kPool).enter, (Four{31, 32, 1001, 1001}));
  EXPECT_EQ(of(config, PressureInput::kPool).leave, (Four{9, 10, 11, 12}));
  EXPECT_EQ(of(config, PressureInput::kWorkerLatency).enter, (Four{1001, 1001, 1001, 1001}));
  EXPECT_EQ(of(config, PressureInput::kWorkerLatency).leave, (Four{13, 13, 13, 13}));
  EXPECT_EQ(config.pressure.worker_latency_full_us, 2500U);
  EXPECT_EQ(config.pressure.dwell_ms, (PerRaisedLevel<std::uint32_t>{400, 300, 200, 100}));
  EXPECT_EQ(config.pressure.defer_lossless, DeferFrom::kNever);
  EXPECT_EQ(config.pressure.defer_nic, DeferFrom::kElevated);
  EXPECT_EQ(config.pressure.shed_below, (std::array<std::uint8_t, 2>{7, 9}));
}

// The rules for the file hold for the defaults too.
TEST(Pressure, DefaultsObeyTheRules) {
  const PressureConfig defaults;
  for (const PressureThresholds& input : defaults.thresholds) {
    for (std::size_t i = 0; i < input.enter.size(); ++i) {
      EXPECT_GE(input.leave[i], 1U);
      EXPECT_LT(input.leave[i], input.enter[i]);
      EXPECT_LE(input.enter[i], kNeverPermille);
      if (i == 0) continue;
      EXPECT_TRUE(input.enter[i] > input.enter[i - 1] || input.enter[i - 1] == kNeverPermille);
      EXPECT_GE(input.leave[i], input.leave[i - 1]);
    }
  }
  EXPECT_LE(defaults.shed_below[0], defaults.shed_below[1]);
}

TEST(Pressure, EnterThresholdsRise) {
  EXPECT_EQ(with_pressure("ingest_ring_enter_permille = [600, 700, 700, 900]\n"
                          "ingest_ring_leave_permille = [1, 1, 1, 1]\n"),
            Texts{"t.toml:2:41: 'ingest_ring_enter_permille[2]' is 700, not above the one before "
                  "it, 700; give them for elevated, degraded, critical and emergency, in this "
                  "order"});
  EXPECT_EQ(with_pressure("pool_enter_permille = [1001, 1001, 900, 950]\n"),
            Texts{"t.toml:2:36: 'pool_enter_permille[2]' is 900, not above the one before it, "
                  "1001; give them for elevated, degraded, critical and emergency, in this order"});
}

TEST(Pressure, LeaveThresholdsDoNotFall) {
  EXPECT_EQ(
      with_pressure("pool_leave_permille = [600, 600, 599, 600]\n"),
      Texts{"t.toml:2:34: 'pool_leave_permille[2]' is 599, below the one before it, 600; give "
            "them for elevated, degraded, critical and emergency, in this order"});
}

TEST(Pressure, LevelsAreLeftAtLessThanTheyAreEnteredAt) {
  EXPECT_EQ(with_pressure("worker_ring_leave_permille = [350, 700, 700, 850]\n"),
            Texts{"t.toml:2:36: 'worker_ring_leave_permille[1]' is 700, not below "
                  "'worker_ring_enter_permille[1]', 700; leave each level at less than it is "
                  "entered at, or the level flaps"});
  EXPECT_EQ(with_pressure("worker_ring_enter_permille = [350, 700, 850, 950]\n"),
            Texts{"t.toml:2:31: 'worker_ring_enter_permille[0]' is 350, not above "
                  "'worker_ring_leave_permille[0]', 350; leave each level at less than it is "
                  "entered at, or the level flaps"});
}

TEST(Pressure, EmergencyShedsWhatCriticalSheds) {
  EXPECT_EQ(with_pressure("shed_below = [9, 8]\n"),
            Texts{"t.toml:2:18: 'shed_below[1]' is 8, below the one before it, 9; emergency sheds "
                  "at least what critical sheds"});
  EXPECT_EQ(with_pressure("shed_below = [9, 9]\n"), Texts{});
}

TEST(Pressure, FourNumbersEach) {
  EXPECT_EQ(with_pressure("dwell_ms = [1, 2, 3]\n"),
            Texts{"t.toml:2:12: 'dwell_ms' has 3 entries; give 4"});
  EXPECT_EQ(with_pressure("pool_enter_permille = 500\n"),
            Texts{"t.toml:2:23: 'pool_enter_permille' must be an array of integers, not an "
                  "integer; write for example: pool_enter_permille = [800, 850, 900, 950]"});
}

}  // namespace
}  // namespace esc::config
