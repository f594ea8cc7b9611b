// SPDX-License-Identifier: BSD-3-Clause
// What each level does: the cutoff, the flags, and the word in which they are published.
#include "control/pressure_table.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>

#include "pressure_model.hpp"
#include "telemetry/shed_counters.hpp"

namespace esc::control {
namespace {

using namespace test;
using config::DeferFrom;
using config::PressureConfig;
using enum PressureLevel;

PressureInputs one(std::size_t input, std::uint16_t permille) {
  PressureInputs inputs;
  inputs.permille[input] = permille;
  return inputs;
}

PressureTable table_of(const PressureConfig& config) {
  return make_pressure_table(config, kTicksPerSecond);
}

TEST(Permille, RoundsDownAndOnlyFullIsFull) {
  EXPECT_EQ(permille(0, 0), 0);
  EXPECT_EQ(permille(5, 0), 0);
  EXPECT_EQ(permille(0, 64), 0);
  EXPECT_EQ(permille(63, 64), 984);
  EXPECT_EQ(permille(64, 64), 1'000);
  EXPECT_EQ(permille(65, 64), 1'000);
  EXPECT_EQ(permille(65'535, 65'536), 999);
  EXPECT_EQ(permille(1, 3), 333);
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(permille(kMost - 1, kMost), 999);
  EXPECT_EQ(permille(kMost / 2, kMost), 499);
  EXPECT_EQ(permille(kMost, kMost), 1'000);
}

TEST(PressureTable, TakesEveryValueOfTheConfiguration) {
  std::mt19937_64 random(7);
  PressureConfig config = random_config(random);
  config.dwell_ms = {1, 22, 333, 60'000};
  config.worker_latency_full_us = 60'000'000;
  config.defer_lossless = DeferFrom::kDegraded;
  config.defer_nic = DeferFrom::kElevated;
  const PressureTable table = make_pressure_table(config, 3'000'000'000);
  for (std::size_t raised = 0; raised < 4; ++raised) {
    const PressureTable::Level& level = table.levels[raised + 1];
    for (std::size_t i = 0; i < kPressureInputs; ++i) {
      EXPECT_EQ(level.enter[i], config.thresholds[i].enter[raised]);
      EXPECT_EQ(level.leave[i], level.enter[i] == config::kNeverPermille
                                    ? config::kNeverPermille
                                    : config.thresholds[i].leave[raised]);
    }
    EXPECT_EQ(level.dwell_ticks, config.dwell_ms[raised] * std::uint64_t{3'000'000});
  }
  EXPECT_EQ(table[kCritical].shed_below, config.shed_below[0]);
  EXPECT_EQ(table[kEmergency].shed_below, config.shed_below[1]);
  EXPECT_EQ(table[kDegraded].shed_below, 0);
  EXPECT_EQ(table.defer_lossless_from, kDegraded);
  EXPECT_EQ(table.defer_nic_from, kElevated);
  EXPECT_EQ(table.worker_latency_full_ticks, 180'000'000'000U);
  EXPECT_EQ(table_of({}).defer_nic_from, kDegraded);
  config.defer_nic = DeferFrom::kNever;
  EXPECT_EQ(table_of(config).defer_nic_from, kCritical);
}

// --- The cutoff ------------------------------------------------------------------------------

/// The largest whole number that, at `at`, is not above the line from (begin, low) to (end, high).
int on_line(int at, int begin, int end, int low, int high) {
  int found = low;
  while (found < high && (found + 1 - low) * (end - begin) <= (high - low) * (at - begin)) ++found;
  return found;
}

int expected_for(const PressureConfig& config, std::size_t input, int value) {
  const int critical = config.thresholds[input].enter[2];
  const int emergency = config.thresholds[input].enter[3];
  const int some = config.shed_below[0];
  const int most = config.shed_below[1];
  if (value < critical) return 0;
  if (value >= emergency) {
    return value == 1'000
               ? most
               : on_line(value, emergency, 1'000, some > 0 || most == 0 ? some : 1, most);
  }
  const int end = emergency > 1'000 ? 1'000 : emergency;
  return value >= end ? some : on_line(value, critical, end, some > 0 ? 1 : 0, some);
}

TEST(Cutoff, IsTheLineForEveryFullnessOfEachInput) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::mt19937_64 random(seed);
    PressureConfig config = seed == 0 ? PressureConfig{} : random_config(random);
    // Random configurations rarely shed nothing at critical, or nothing at all, so such ones are
    // made here.
    if (seed % 4 == 1) config.shed_below[0] = 0;
    if (seed % 8 == 1) config.shed_below[1] = 0;
    const PressureTable table = table_of(config);
    for (std::size_t input = 0; input < kPressureInputs; ++input) {
      for (std::uint16_t value = 0; value <= 1'000; ++value) {
        const PressureInputs inputs = one(input, value);
        const int expected = expected_for(config, input, value);
        ASSERT_EQ(cutoff(table, kEmergency, inputs), expected) << seed << ' ' << value;
        ASSERT_EQ(cutoff(table, kCritical, inputs), std::min<int>(expected, config.shed_below[0]));
        for (const PressureLevel level : {kHealthy, kElevated, kDegraded}) {
          ASSERT_EQ(cutoff(table, level, inputs), 0);
        }
      }
    }
  }
}

TEST(Cutoff, OfTheDefaults) {
  const PressureTable table = table_of({});
  const auto at = [&](PressureLevel level, std::uint16_t permille) {
    return int{cutoff(table, level, one(0, permille))};
  };
  EXPECT_EQ(at(kCritical, 799), 0);
  EXPECT_EQ(at(kCritical, 800), 1);
  EXPECT_EQ(at(kCritical, 850), 64);
  EXPECT_EQ(at(kCritical, 899), 126);
  EXPECT_EQ(at(kEmergency, 900), 128);
  EXPECT_EQ(at(kEmergency, 950), 191);
  EXPECT_EQ(at(kEmergency, 999), 253);
  EXPECT_EQ(at(kEmergency, 1'000), 255);
  EXPECT_EQ(at(kEmergency, 850), 64);  // on the way down no more than at critical
}

TEST(Cutoff, TheFullestInputDecides) {
  PressureInputs inputs = one(0, 850);
  inputs[PressureInput::kPool] = 950;  // 64 by the ring, 128 by the pool
  EXPECT_EQ(cutoff(table_of({}), kEmergency, inputs), 128);
}

TEST(Cutoff, NeverFallsWhenAnInputOrTheLevelRises) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    const PressureTable table = table_of(random_config(random));
    PressureInputs inputs;
    for (std::uint16_t& permille : inputs.permille)
      permille = static_cast<std::uint16_t>(random() % 1'001);
    for (int i = 0; i < 200; ++i) {
      PressureInputs higher = inputs;
      std::uint16_t& raised = higher.permille[random() % kPressureInputs];
      raised = static_cast<std::uint16_t>(raised + random() % (1'001U - raised));
      int before = 0;
      for (const PressureLevel level : {kHealthy, kElevated, kDegraded, kCritical, kEmergency}) {
        const int now = cutoff(table, level, higher);
        ASSERT_GE(now, int{cutoff(table, level, inputs)});
        ASSERT_GE(now, before);
        ASSERT_LE(now, int{table[level].shed_below});
        before = now;
      }
      if (random() % 8 != 0)
        inputs = higher;
      else
        inputs = PressureInputs{};
    }
  }
}

// --- Deferring -------------------------------------------------------------------------------

TEST(Action, PortsAreLeftAloneUpToDegradedAndWhileThePressureLasts) {
  const PressureTable table = table_of({});  // lossless from elevated, left at 580; NIC from
                                             // degraded, left at 650
  struct Case {
    PressureLevel level;
    std::uint16_t permille;
    bool lossless;
    bool nic;
  };
  for (const Case& c : {Case{kHealthy, 1'000, false, false}, Case{kElevated, 579, false, false},
                        Case{kElevated, 580, true, false}, Case{kElevated, 1'000, true, false},
                        Case{kDegraded, 579, false, false}, Case{kDegraded, 649, true, false},
                        Case{kDegraded, 650, true, true}, Case{kCritical, 1'000, false, false},
                        Case{kEmergency, 1'000, false, false}}) {
    const PressureWord word = action(table, c.level, one(0, c.permille));
    EXPECT_EQ(word.has(PressureWord::kDeferLossless), c.lossless) << name(c.level) << c.permille;
    EXPECT_EQ(word.has(PressureWord::kDeferNic), c.nic) << name(c.level) << c.permille;
    EXPECT_EQ(word.level(), c.level);
    EXPECT_EQ(word.cutoff(), cutoff(table, c.level, one(0, c.permille)));
  }
}

TEST(Action, FollowsTheConfigurationAtEveryLevel) {
  for (const DeferFrom from : {DeferFrom::kNever, DeferFrom::kElevated, DeferFrom::kDegraded}) {
    for (const bool nic : {false, true}) {
      PressureConfig config;
      config.defer_lossless = nic ? DeferFrom::kNever : from;
      config.defer_nic = nic ? from : DeferFrom::kNever;
      for (const PressureLevel level : {kHealthy, kElevated, kDegraded, kCritical, kEmergency}) {
        const bool expected = (level == kElevated && from == DeferFrom::kElevated) ||
                              (level == kDegraded && from != DeferFrom::kNever);
        for (std::size_t input = 0; input < kPressureInputs; ++input) {
          const PressureWord word = action(table_of(config), level, one(input, 1'000));
          EXPECT_EQ(word.has(PressureWord::kDeferLossless), expected && !nic);
          EXPECT_EQ(word.has(PressureWord::kDeferNic), expected && nic);
        }
      }
    }
  }
}

TEST(Action, KeepsWhatIsShedWhereTheConfigurationSaysSo) {
  using config::KeepShed;
  for (const KeepShed keep : {KeepShed::kNever, KeepShed::kCritical, KeepShed::kAlways}) {
    PressureConfig config;
    config.keep_shed = keep;
    for (const PressureLevel level : {kCritical, kEmergency}) {
      const PressureWord word = action(table_of(config), level, one(0, 1'000));
      EXPECT_EQ(word.has(PressureWord::kKeepShed),
                keep == KeepShed::kAlways || (keep == KeepShed::kCritical && level == kCritical));
    }
  }
}

// --- The word --------------------------------------------------------------------------------

TEST(PressureWord, HoldsEveryCombination) {
  std::set<std::uint32_t> packed;
  for (std::size_t level = 0; level < kPressureLevels; ++level) {
    for (unsigned cutoff = 0; cutoff <= 255; ++cutoff) {
      for (unsigned flags = 0; flags < 4; ++flags) {
        const PressureWord word(static_cast<PressureLevel>(level),
                                static_cast<std::uint8_t>(cutoff),
                                static_cast<std::uint8_t>(flags));
        ASSERT_TRUE(packed.insert(word.packed()).second);
        PressureBoard board;
        board.show(word);
        const PressureWord back = board.read();
        ASSERT_EQ(back, word);
        ASSERT_EQ(static_cast<std::size_t>(back.level()), level);
        ASSERT_EQ(back.cutoff(), cutoff);
        ASSERT_EQ(back.has(PressureWord::kDeferLossless), (flags & 1U) != 0);
        ASSERT_EQ(back.has(PressureWord::kDeferNic), (flags & 2U) != 0);
      }
    }
  }
}

TEST(PressureWord, ShedsWhatIsBelowTheCutoffAndNeverTheHighest) {
  for (unsigned cutoff = 0; cutoff <= 255; ++cutoff) {
    const PressureWord word(kEmergency, static_cast<std::uint8_t>(cutoff), 0);
    for (unsigned priority = 0; priority <= 255; ++priority) {
      ASSERT_EQ(word.sheds(static_cast<std::uint8_t>(priority)), priority < cutoff);
    }
    ASSERT_FALSE(word.sheds(255));
  }
}

TEST(PressureWord, ANewBoardIsHealthyAndShedsNothing) {
  const PressureWord word = PressureBoard{}.read();
  EXPECT_EQ(word.level(), kHealthy);
  EXPECT_EQ(word.cutoff(), 0);
  EXPECT_EQ(word, PressureWord{});
}

TEST(ShedCounters, CountByLevel) {
  telemetry::ShedCounters shed;
  shed.add(kCritical, 3);
  shed.add(kEmergency);
  EXPECT_EQ(shed.get(kCritical), 3U);
  EXPECT_EQ(shed.get(kEmergency), 1U);
  EXPECT_EQ(shed.get(kHealthy), 0U);
}

}  // namespace
}  // namespace esc::control
