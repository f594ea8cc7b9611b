// SPDX-License-Identifier: BSD-3-Clause
#include "control/pressure_table.hpp"

#include <algorithm>

namespace esc::control {
namespace {

using enum PressureLevel;

PressureLevel level_of(config::DeferFrom from) noexcept {
  switch (from) {
    case config::DeferFrom::kElevated:
      return kElevated;
    case config::DeferFrom::kDegraded:
      return kDegraded;
    case config::DeferFrom::kNever:
      break;
  }
  return kCritical;
}

/// From `low` at `begin` to `high` at `end`, rounded down; `high` from there on.
std::uint32_t on_line(std::uint32_t at, std::uint32_t begin, std::uint32_t end, std::uint32_t low,
                      std::uint32_t high) noexcept {
  if (at >= end) return high;
  return low + (high - low) * (at - begin) / (end - begin);
}

/// The cutoff that one input asks for, independent of the level.
std::uint32_t cutoff_for(std::uint32_t value, std::uint32_t critical_enter,
                         std::uint32_t emergency_enter, std::uint32_t critical_most,
                         std::uint32_t emergency_most) noexcept {
  constexpr std::uint32_t kFull = config::kFullPermille;
  const auto at_least_one = [](std::uint32_t most) { return std::min(most, 1U); };
  if (value < critical_enter) return 0;
  if (value < emergency_enter) {
    return on_line(value, critical_enter, std::min(emergency_enter, kFull),
                   at_least_one(critical_most), critical_most);
  }
  return on_line(value, emergency_enter, kFull,
                 std::max(critical_most, at_least_one(emergency_most)), emergency_most);
}

bool any_at_or_above(const PressureInputs& inputs,
                     const std::array<std::uint16_t, kPressureInputs>& thresholds) noexcept {
  for (std::size_t i = 0; i < kPressureInputs; ++i) {
    if (inputs.permille[i] >= thresholds[i]) return true;
  }
  return false;
}

bool defers(const PressureTable& table, PressureLevel from, PressureLevel level,
            const PressureInputs& inputs) noexcept {
  return level >= from && level < kCritical && any_at_or_above(inputs, table[from].leave);
}

}  // namespace

PressureTable make_pressure_table(const config::PressureConfig& config,
                                  std::uint64_t ticks_per_second) noexcept {
  PressureTable table;
  for (std::size_t raised = 0; raised + 1 < kPressureLevels; ++raised) {
    PressureTable::Level& level = table.levels[raised + 1];
    for (std::size_t i = 0; i < kPressureInputs; ++i) {
      level.enter[i] = config.thresholds[i].enter[raised];
      // An input that never causes a level does not keep it up either.
      level.leave[i] = level.enter[i] == config::kNeverPermille
                           ? config::kNeverPermille
                           : config.thresholds[i].leave[raised];
    }
    level.dwell_ticks = config.dwell_ms[raised] * (ticks_per_second / 1'000);
  }
  table.levels[static_cast<std::size_t>(kCritical)].shed_below = config.shed_below[0];
  table.levels[static_cast<std::size_t>(kEmergency)].shed_below = config.shed_below[1];
  table.defer_lossless_from = level_of(config.defer_lossless);
  table.defer_nic_from = level_of(config.defer_nic);
  table.keep_shed = config.keep_shed;
  // It does not overflow: for a clock of 10 GHz and a minute there is a factor of twenty million
  // left.
  table.worker_latency_full_ticks = config.worker_latency_full_us * ticks_per_second / 1'000'000;
  return table;
}

std::uint8_t cutoff(const PressureTable& table, PressureLevel level,
                    const PressureInputs& inputs) noexcept {
  if (level < kCritical) return 0;
  const PressureTable::Level& critical = table[kCritical];
  const PressureTable::Level& emergency = table[kEmergency];
  std::uint32_t most = 0;
  for (std::size_t i = 0; i < kPressureInputs; ++i) {
    most = std::max(most, cutoff_for(inputs.permille[i], critical.enter[i], emergency.enter[i],
                                     critical.shed_below, emergency.shed_below));
  }
  return static_cast<std::uint8_t>(std::min<std::uint32_t>(most, table[level].shed_below));
}

PressureWord action(const PressureTable& table, PressureLevel level,
                    const PressureInputs& inputs) noexcept {
  std::uint8_t flags = 0;
  if (defers(table, table.defer_lossless_from, level, inputs)) {
    flags |= PressureWord::kDeferLossless;
  }
  if (defers(table, table.defer_nic_from, level, inputs)) flags |= PressureWord::kDeferNic;
  if (table.keep_shed == config::KeepShed::kAlways ||
      (table.keep_shed == config::KeepShed::kCritical && level == kCritical)) {
    flags |= PressureWord::kKeepShed;
  }
  return {level, cutoff(table, level, inputs), flags};
}

}  // namespace esc::control
