// SPDX-License-Identifier: BSD-3-Clause
// Compares the machine with the model: every short history on a grid, and long random ones.
#include "control/pressure.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "pressure_model.hpp"

// With sanitizers histories are shorter by one step.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define ESC_SLOW 1
#else
#define ESC_SLOW 0
#endif

namespace esc::control {
namespace {

using namespace test;
using config::PressureConfig;

int number(PressureLevel level) {
  return static_cast<int>(level);
}

PressureInputs ring(std::uint16_t permille) {
  PressureInputs inputs;
  inputs[PressureInput::kIngestRing] = permille;
  return inputs;
}

/// Machine and model side by side, and what must hold of every change.
class Pair {
 public:
  explicit Pair(const PressureConfig& config)
      : config_(config), machine_(make_pressure_table(config, kTicksPerSecond)), model_(config) {}

  struct State {
    PressureMachine machine;
    PressureModel::State model;
    std::uint64_t now;
    std::uint64_t last_change;
  };
  [[nodiscard]] State save() const { return {machine_, model_.save(), now_, last_change_}; }
  void restore(const State& state) {
    machine_ = state.machine;
    model_.restore(state.model);
    now_ = state.now;
    last_change_ = state.last_change;
  }

  void step(const PressureInputs& inputs, std::uint64_t ticks) {
    now_ += ticks;
    const PressureLevel before = machine_.level();
    const auto change = machine_.evaluate(inputs, now_);
    ASSERT_EQ(number(machine_.level()), model_.step(inputs, now_));
    ASSERT_EQ(change.has_value(), machine_.level() != before);
    if (!change) return;
    ASSERT_EQ(change->at, now_);
    ASSERT_EQ(change->from, before);
    ASSERT_EQ(change->to, machine_.level());
    expect_cause(*change, inputs);
    if (!change->rises()) {
      // One level, and at most one change down per dwell.
      ASSERT_EQ(number(before) - number(change->to), 1);
      ASSERT_GE(now_ - last_change_, dwell(config_, number(before)));
    }
    last_change_ = now_;
  }

  /// Checks that without load the level is healthy again after the dwell of each level and one
  /// interval.
  void expect_return(std::uint64_t interval) {
    const std::uint64_t end = now_;
    std::uint64_t bound = interval;
    for (int level = number(machine_.level()); level > 0; --level) {
      bound += dwell(config_, level) + interval;
    }
    while (now_ + interval <= end + bound)
      ASSERT_NO_FATAL_FAILURE(step(PressureInputs{}, interval));
    ASSERT_EQ(machine_.level(), PressureLevel::kHealthy);
  }

  [[nodiscard]] PressureLevel level() const { return machine_.level(); }

 private:
  void expect_cause(const PressureChange& change, const PressureInputs& inputs) const {
    const auto at = static_cast<std::size_t>(change.input);
    ASSERT_EQ(change.permille, inputs.permille[at]);
    if (change.rises()) {
      const auto raised = static_cast<std::size_t>(number(change.to) - 1);
      ASSERT_EQ(change.threshold_permille, config_.thresholds[at].enter[raised]);
      ASSERT_GE(change.permille, change.threshold_permille);
      return;
    }
    const auto raised = static_cast<std::size_t>(number(change.from) - 1);
    ASSERT_EQ(change.threshold_permille, config_.thresholds[at].leave[raised]);
    ASSERT_NE(config_.thresholds[at].enter[raised], config::kNeverPermille);
    for (std::size_t i = 0; i < kPressureInputs; ++i) {
      if (config_.thresholds[i].enter[raised] == config::kNeverPermille) continue;
      ASSERT_LT(inputs.permille[i], config_.thresholds[i].leave[raised]);
      ASSERT_GE(config_.thresholds[i].leave[raised] - inputs.permille[i],
                change.threshold_permille - change.permille);
    }
  }

  PressureConfig config_;
  PressureMachine machine_;
  PressureModel model_;
  std::uint64_t now_ = 0;
  std::uint64_t last_change_ = 0;
};

struct Grid {
  std::vector<PressureInputs> inputs;
  std::vector<std::uint64_t> steps;
};

/// Every history of `length` samples, depth first; after each of up to `returns` samples the load
/// ends.
void explore(Pair& pair, const Grid& grid, int length, int returns, std::uint64_t& histories) {
  const Pair::State here = pair.save();
  if (returns >= 0) {
    ASSERT_NO_FATAL_FAILURE(pair.expect_return(grid.steps.front()));
    pair.restore(here);
    ASSERT_NO_FATAL_FAILURE(pair.expect_return(grid.steps.back()));
    pair.restore(here);
  }
  if (length == 0) {
    ++histories;
    return;
  }
  for (const PressureInputs& inputs : grid.inputs) {
    for (const std::uint64_t step : grid.steps) {
      ASSERT_NO_FATAL_FAILURE(pair.step(inputs, step));
      ASSERT_NO_FATAL_FAILURE(explore(pair, grid, length - 1, returns - 1, histories));
      pair.restore(here);
    }
  }
}

// Just below, at and between the thresholds; steps shorter than, half of and as long as a dwell.
TEST(PressureMachine, AgreesWithTheModelOnEveryShortHistoryOfOneInput) {
  const Grid grid{{ring(9), ring(30), ring(40), ring(69), ring(80)}, {1, 5, 10}};
  const int length = ESC_SLOW != 0 ? 5 : 6;
  Pair pair(small_config());
  std::uint64_t histories = 0;
  explore(pair, grid, length, 4, histories);
  EXPECT_EQ(histories, ESC_SLOW != 0 ? 759'375U : 11'390'625U);
}

TEST(PressureMachine, AgreesWithTheModelOnEveryShortHistoryOfTwoInputs) {
  Grid grid{{}, {4, 10}};
  constexpr std::array<std::uint16_t, 3> kInRing = {9, 45, 85};
  constexpr std::array<std::uint16_t, 3> kInPool = {14, 15, 75};
  for (const std::uint16_t in_ring : kInRing) {
    for (const std::uint16_t in_pool : kInPool) {
      PressureInputs inputs = ring(in_ring);
      inputs[PressureInput::kPool] = in_pool;
      grid.inputs.push_back(inputs);
    }
  }
  const int length = ESC_SLOW != 0 ? 4 : 5;
  Pair pair(small_config());
  std::uint64_t histories = 0;
  explore(pair, grid, length, 3, histories);
  EXPECT_EQ(histories, ESC_SLOW != 0 ? 104'976U : 1'889'568U);
}

TEST(PressureMachine, AgreesWithTheModelOnLongHistoriesUnderAnyConfiguration) {
  std::array<int, kPressureLevels> seen{};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    const PressureConfig config = random_config(random);
    Pair pair(config);
    for (int phase = 0; phase < 40; ++phase) {
      // Each phase has its own fill level and pace: quiet for whole dwells, or wild.
      const std::uint64_t top = 1 + random() % 1'000;
      const std::uint64_t longest = 1 + random() % 30;
      for (int i = 0; i < 60; ++i) {
        PressureInputs inputs;
        for (std::uint16_t& permille : inputs.permille) {
          permille = static_cast<std::uint16_t>(random() % 4 == 0 ? random() % (top + 1) : 0);
        }
        ASSERT_NO_FATAL_FAILURE(pair.step(inputs, random() % (longest + 1))) << seed;
        ++seen[static_cast<std::size_t>(pair.level())];
      }
    }
    ASSERT_NO_FATAL_FAILURE(pair.expect_return(1 + random() % 20)) << seed;
  }
  for (std::size_t i = 0; i < kPressureLevels; ++i) EXPECT_GT(seen[i], 1'000) << i;
}

// The input is below every leave threshold and above every enter threshold by turns. Once the level
// is up it stays there as long as the calm is shorter than the dwell. Otherwise it falls at most
// once in each dwell.
TEST(PressureMachine, DoesNotFlapOnAnOscillatingInput) {
  PressureConfig config = small_config();
  config.dwell_ms = {20, 20, 20, 20};
  for (std::uint64_t half_period = 1; half_period <= 60; ++half_period) {
    PressureMachine machine(make_pressure_table(config, kTicksPerSecond));
    int falls = 0;
    constexpr std::uint64_t kEnd = 10'000;
    for (std::uint64_t now = 0; now < kEnd; ++now) {
      const bool high = (now / half_period) % 2 == 0;
      const auto change = machine.evaluate(ring(high ? 1'000 : 0), now);
      falls += change && !change->rises() ? 1 : 0;
    }
    if (half_period <= 20) {
      EXPECT_EQ(falls, 0) << half_period;
    } else {
      EXPECT_GT(falls, 0) << half_period;
      EXPECT_LE(falls, static_cast<int>(kEnd / 20)) << half_period;
    }
  }
}

// For each default threshold: an input that swings between entering a level and holding it, or that
// is below the leave threshold for less than the dwell, changes the level once.
TEST(PressureMachine, DoesNotFlapAroundAnyThresholdOfTheDefaults) {
  const PressureConfig config;
  for (std::size_t input = 0; input < kPressureInputs; ++input) {
    for (std::size_t raised = 0; raised < config.dwell_ms.size(); ++raised) {
      const std::uint16_t enter = config.thresholds[input].enter[raised];
      if (enter == config::kNeverPermille) continue;
      const std::uint16_t leave = config.thresholds[input].leave[raised];
      const std::uint64_t dwell_ticks = config.dwell_ms[raised];
      for (const std::uint64_t half_period : {std::uint64_t{1}, std::uint64_t{7}, dwell_ticks}) {
        for (const int low : {leave + 0, leave - 1, 0}) {
          PressureMachine machine(make_pressure_table(config, kTicksPerSecond));
          int changes = 0;
          for (std::uint64_t now = 0; now < 20 * dwell_ticks; ++now) {
            PressureInputs inputs;
            inputs.permille[input] =
                (now / half_period) % 2 == 0 ? enter : static_cast<std::uint16_t>(low);
            changes += machine.evaluate(inputs, now) ? 1 : 0;
          }
          EXPECT_EQ(changes, 1) << input << " at " << raised << ", " << half_period << ", " << low;
          EXPECT_EQ(number(machine.level()), static_cast<int>(raised) + 1);
        }
      }
    }
  }
}

// With the defaults, from any level, however seldom a sleeping lcore evaluates it.
TEST(PressureMachine, TheDefaultsAreHealthyWithinASecondOfTheLoadsEnd) {
  constexpr std::array<std::uint16_t, 5> kFull = {600, 700, 800, 900, 1000};
  for (const std::uint16_t permille : kFull) {
    for (std::uint64_t interval = 1; interval <= 100; ++interval) {
      PressureMachine machine(make_pressure_table({}, kTicksPerSecond));
      ASSERT_TRUE(machine.evaluate(ring(permille), 0).has_value());
      for (std::uint64_t now = interval; now < kTicksPerSecond; now += interval) {
        (void)machine.evaluate({}, now);
      }
      EXPECT_EQ(machine.level(), PressureLevel::kHealthy) << permille << " every " << interval;
    }
  }
}

TEST(PressureMachine, RisesOverSeveralLevelsAtOnceAndFallsOneByOne) {
  PressureMachine machine(make_pressure_table(small_config(), kTicksPerSecond));
  EXPECT_EQ(machine.evaluate(ring(19), 0), std::nullopt);
  EXPECT_EQ(machine.evaluate(ring(85), 1),
            (PressureChange{1, 85, 80, PressureLevel::kHealthy, PressureLevel::kEmergency,
                            PressureInput::kIngestRing}));
  EXPECT_EQ(machine.evaluate(ring(69), 2), std::nullopt);
  EXPECT_EQ(machine.evaluate(ring(69), 6), std::nullopt);
  EXPECT_EQ(machine.evaluate(ring(69), 7),
            (PressureChange{7, 69, 70, PressureLevel::kEmergency, PressureLevel::kCritical,
                            PressureInput::kIngestRing}));
  EXPECT_EQ(machine.evaluate(ring(50), 40), std::nullopt);  // not below 50
  EXPECT_EQ(machine.level(), PressureLevel::kCritical);
}

TEST(PressureMachine, WhatNeverCausesALevelDoesNotHoldIt) {
  PressureMachine machine(make_pressure_table(small_config(), kTicksPerSecond));
  PressureInputs inputs = ring(80);
  inputs[PressureInput::kPool] = 74;
  inputs[PressureInput::kWorkerLatency] = 1'000;
  EXPECT_TRUE(machine.evaluate(inputs, 0).has_value());
  inputs[PressureInput::kIngestRing] = 0;
  EXPECT_FALSE(machine.evaluate(inputs, 1).has_value());
  EXPECT_TRUE(machine.evaluate(inputs, 6).has_value());
  EXPECT_EQ(machine.level(), PressureLevel::kCritical);  // which the pool may hold
  EXPECT_FALSE(machine.evaluate(inputs, 100).has_value());
}

TEST(PressureMachine, AClockThatGoesBackStandsStill) {
  PressureMachine machine(make_pressure_table(small_config(), kTicksPerSecond));
  EXPECT_TRUE(machine.evaluate(ring(20), 100).has_value());
  EXPECT_FALSE(machine.evaluate(ring(0), 100).has_value());
  EXPECT_FALSE(machine.evaluate(ring(0), 50).has_value());
  EXPECT_FALSE(machine.evaluate(ring(0), 109).has_value());
  EXPECT_TRUE(machine.evaluate(ring(0), 110).has_value());
}

TEST(PressureMachine, OtherThresholdsHoldFromTheNextEvaluation) {
  PressureConfig config = small_config();
  PressureMachine machine(make_pressure_table(config, kTicksPerSecond));
  EXPECT_TRUE(machine.evaluate(ring(40), 0).has_value());
  EXPECT_FALSE(machine.evaluate(ring(29), 1).has_value());
  auto& thresholds = config.thresholds[static_cast<std::size_t>(PressureInput::kIngestRing)];
  thresholds = {{30, 50, 70, 90}, {25, 45, 65, 85}};
  machine.use(make_pressure_table(config, kTicksPerSecond));
  EXPECT_EQ(machine.level(), PressureLevel::kDegraded);
  EXPECT_FALSE(machine.evaluate(ring(44), 12).has_value());  // calm anew, from here on
  EXPECT_FALSE(machine.evaluate(ring(44), 21).has_value());
  EXPECT_TRUE(machine.evaluate(ring(44), 22).has_value());
  EXPECT_EQ(machine.level(), PressureLevel::kElevated);
}

}  // namespace
}  // namespace esc::control
