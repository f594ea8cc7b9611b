// SPDX-License-Identifier: BSD-3-Clause
// A second implementation of the pressure levels, for comparison: it searches the whole history of
// samples, and carries nothing but the level from one evaluation to the next.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "base/pressure.hpp"
#include "config/pressure.hpp"
#include "control/pressure_table.hpp"

namespace esc::control::test {

/// One tick is one millisecond.
inline constexpr std::uint64_t kTicksPerSecond = 1'000;

inline std::uint64_t dwell(const config::PressureConfig& config, int level) {
  return config.dwell_ms[static_cast<std::size_t>(level - 1)];
}

class PressureModel {
 public:
  explicit PressureModel(const config::PressureConfig& config) : config_(config) {}

  struct State {
    int level = 0;
    std::size_t first = 0;  ///< only samples from this one on count as calm
    std::size_t samples = 0;
  };
  [[nodiscard]] State save() const { return {level_, first_, samples_.size()}; }
  void restore(const State& state) {
    level_ = state.level;
    first_ = state.first;
    samples_.resize(state.samples);
  }

  /// The level after one more sample.
  int step(const PressureInputs& inputs, std::uint64_t now) {
    samples_.push_back({now, inputs});
    if (highest_demanded() > level_) {
      level_ = highest_demanded();
      first_ = samples_.size();
    } else if (level_ > 0 && calm_for() >= dwell(config_, level_)) {
      --level_;
      first_ = samples_.size() - 1;
    }
    return level_;
  }

 private:
  struct Sample {
    std::uint64_t at;
    PressureInputs inputs;
  };

  [[nodiscard]] int highest_demanded() const {
    int highest = 0;
    for (std::size_t input = 0; input < kPressureInputs; ++input) {
      int reached = 0;
      for (const std::uint16_t enter : config_.thresholds[input].enter) {
        reached += samples_.back().inputs.permille[input] >= enter ? 1 : 0;
      }
      highest = std::max(highest, reached);
    }
    return highest;
  }

  [[nodiscard]] bool is_calm(const Sample& sample) const {
    int over = 0;
    for (std::size_t input = 0; input < kPressureInputs; ++input) {
      const auto raised = static_cast<std::size_t>(level_ - 1);
      const config::PressureThresholds& thresholds = config_.thresholds[input];
      if (thresholds.enter[raised] == config::kNeverPermille) continue;
      over += sample.inputs.permille[input] >= thresholds.leave[raised] ? 1 : 0;
    }
    return over == 0;
  }

  /// How long the samples up to the last one have been calm without a break; 0 if the last is not.
  [[nodiscard]] std::uint64_t calm_for() const {
    std::uint64_t longest = 0;
    for (std::size_t i = samples_.size(); i-- > first_ && is_calm(samples_[i]);) {
      longest = samples_.back().at - samples_[i].at;
    }
    return longest;
  }

  config::PressureConfig config_;
  std::vector<Sample> samples_;
  int level_ = 0;
  std::size_t first_ = 0;
};

/// Small thresholds for the ingest ring and the pool; the other inputs never count.
inline config::PressureConfig small_config() {
  config::PressureConfig config;
  for (config::PressureThresholds& never : config.thresholds) {
    never.enter.fill(config::kNeverPermille);
    never.leave.fill(config::kFullPermille);
  }
  config.thresholds[static_cast<std::size_t>(PressureInput::kIngestRing)] = {{20, 40, 60, 80},
                                                                             {10, 30, 50, 70}};
  config.thresholds[static_cast<std::size_t>(PressureInput::kPool)] = {
      {25, 50, 75, config::kNeverPermille}, {15, 15, 15, 70}};
  config.dwell_ms = {10, 10, 15, 5};
  return config;
}

/// Anything that the configuration allows.
inline config::PressureConfig random_config(std::mt19937_64& random) {
  config::PressureConfig config;
  const auto draw = [&random](std::uint64_t from, std::uint64_t to) {
    return static_cast<std::uint16_t>(from + random() % (to - from + 1));
  };
  for (config::PressureThresholds& input : config.thresholds) {
    std::uint16_t before = 1;
    for (std::uint16_t& enter : input.enter) {
      const std::uint16_t top = config::kNeverPermille;
      const std::uint16_t next = before + 1U < top ? draw(before + 1U, top) : top;
      // As often near the one before it as far from it.
      enter =
          random() % 2 == 0 ? next : std::min<std::uint16_t>(draw(before + 1U, before + 200U), top);
      before = enter;
    }
    std::uint16_t leave_before = 1;
    for (std::size_t i = 0; i < input.leave.size(); ++i) {
      input.leave[i] = draw(
          leave_before,
          std::max<std::uint16_t>(leave_before, static_cast<std::uint16_t>(input.enter[i] - 1)));
      leave_before = input.leave[i];
    }
  }
  for (std::uint32_t& ms : config.dwell_ms) ms = draw(1, 60);
  config.shed_below[0] = static_cast<std::uint8_t>(draw(0, 255));
  config.shed_below[1] = static_cast<std::uint8_t>(draw(config.shed_below[0], 255));
  config.defer_lossless = static_cast<config::DeferFrom>(draw(0, 2));
  config.defer_nic = static_cast<config::DeferFrom>(draw(0, 2));
  return config;
}

}  // namespace esc::control::test
