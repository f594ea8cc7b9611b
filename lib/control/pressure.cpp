// SPDX-License-Identifier: BSD-3-Clause
#include "control/pressure.hpp"

#include <algorithm>

namespace esc::control {
namespace {

PressureLevel below(PressureLevel level) noexcept {
  return static_cast<PressureLevel>(static_cast<std::uint8_t>(level) - 1);
}

}  // namespace

std::optional<PressureChange> PressureMachine::evaluate(const PressureInputs& inputs,
                                                        std::uint64_t now) noexcept {
  now_ = std::max(now_, now);
  if (auto change = rise(inputs)) {
    calm_since_.reset();
    return change;
  }
  if (level_ == PressureLevel::kHealthy) return std::nullopt;
  if (!calm(inputs)) {
    calm_since_.reset();
    return std::nullopt;
  }
  if (!calm_since_) calm_since_ = now_;
  if (now_ - *calm_since_ < table_[level_].dwell_ticks) return std::nullopt;
  const PressureChange change = fall(inputs);
  calm_since_.reset();
  if (level_ != PressureLevel::kHealthy && calm(inputs)) calm_since_ = now_;
  return change;
}

std::optional<PressureChange> PressureMachine::rise(const PressureInputs& inputs) noexcept {
  for (auto to = PressureLevel::kEmergency; to > level_; to = below(to)) {
    const auto& enter = table_[to].enter;
    for (std::size_t i = 0; i < kPressureInputs; ++i) {
      if (inputs.permille[i] < enter[i]) continue;
      const PressureChange change{.at = now_,
                                  .permille = inputs.permille[i],
                                  .threshold_permille = enter[i],
                                  .from = level_,
                                  .to = to,
                                  .input = static_cast<PressureInput>(i)};
      level_ = to;
      return change;
    }
  }
  return std::nullopt;
}

bool PressureMachine::calm(const PressureInputs& inputs) const noexcept {
  const auto& leave = table_[level_].leave;
  for (std::size_t i = 0; i < kPressureInputs; ++i) {
    if (inputs.permille[i] >= leave[i]) return false;
  }
  return true;
}

PressureChange PressureMachine::fall(const PressureInputs& inputs) noexcept {
  const auto& leave = table_[level_].leave;
  // All inputs are below their thresholds; the one with the smallest gap is the nearest. Inputs
  // that never count come last.
  const auto gap = [&](std::size_t i) {
    return leave[i] == config::kNeverPermille ? 2 * config::kNeverPermille
                                              : leave[i] - inputs.permille[i];
  };
  std::size_t nearest = 0;
  for (std::size_t i = 1; i < kPressureInputs; ++i) {
    if (gap(i) < gap(nearest)) nearest = i;
  }
  const PressureLevel from = level_;
  level_ = below(level_);
  return {.at = now_,
          .permille = inputs.permille[nearest],
          .threshold_permille = leave[nearest],
          .from = from,
          .to = level_,
          .input = static_cast<PressureInput>(nearest)};
}

PressureLevel PressureMonitor::evaluate(const PressureInputs& inputs, std::uint64_t now) noexcept {
  now = std::max(now, last_);
  ticks_[static_cast<std::size_t>(machine_.level())].add(now - last_);
  last_ = now;
  for (std::size_t i = 0; i < kPressureInputs; ++i) inputs_[i].set(inputs.permille[i]);
  const auto change = machine_.evaluate(inputs, now);
  board_.show(action(machine_.table(), machine_.level(), inputs));
  if (change) {
    entered_[static_cast<std::size_t>(change->to)].add();
    history_.append(*change);
  }
  evaluations_.add();
  return machine_.level();
}

PressureInputs PressureMonitor::inputs() const noexcept {
  PressureInputs inputs;
  for (std::size_t i = 0; i < kPressureInputs; ++i) {
    inputs.permille[i] = static_cast<std::uint16_t>(inputs_[i].get());
  }
  return inputs;
}

}  // namespace esc::control
