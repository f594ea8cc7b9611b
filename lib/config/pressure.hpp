// SPDX-License-Identifier: BSD-3-Clause
// The settings of [pressure]: thresholds, dwell and actions of the levels. Plain values, so that
// lib/control does not depend on the format of the file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/pressure.hpp"

namespace esc::config {

/// One figure for each of elevated, degraded, critical, emergency.
template <class T>
using PerRaisedLevel = std::array<T, kPressureLevels - 1>;

inline constexpr std::uint16_t kFullPermille = 1'000;
/// An enter threshold that no input reaches: the input neither causes the level nor keeps it.
inline constexpr std::uint16_t kNeverPermille = 1'001;

struct PressureThresholds {
  PerRaisedLevel<std::uint16_t> enter{};  ///< at or above: the level is entered
  PerRaisedLevel<std::uint16_t> leave{};  ///< every input below its own: the level may be left

  friend bool operator==(const PressureThresholds&, const PressureThresholds&) = default;
};

/// From which level on ports are left alone. From `critical` on every port is polled.
enum class DeferFrom : std::uint8_t { kNever, kElevated, kDegraded };

/// At which levels shed events become dead letters, if those are kept.
enum class KeepShed : std::uint8_t { kNever, kCritical, kAlways };

struct PressureConfig {
  // By PressureInput. By default latency and dead letters only make ports wait, and never cause
  // shedding.
  std::array<PressureThresholds, kPressureInputs> thresholds = {{
      {{600, 700, 800, 900}, {580, 650, 750, 850}},
      {{500, 700, 850, 950}, {350, 550, 700, 850}},
      {{700, 800, 900, 950}, {600, 700, 800, 900}},
      {{250, 500, kNeverPermille, kNeverPermille}, {125, 250, 500, 500}},
      {{500, 750, kNeverPermille, kNeverPermille}, {250, 500, 750, 750}},
  }};
  PerRaisedLevel<std::uint32_t> dwell_ms = {100, 100, 100, 100};
  std::uint32_t worker_latency_full_us = 1'000'000;  ///< the age that counts as 1000 per mille
  DeferFrom defer_lossless = DeferFrom::kElevated;
  DeferFrom defer_nic = DeferFrom::kDegraded;
  /// The highest cutoff at critical and at emergency: events with a priority at or above it are
  /// never shed.
  std::array<std::uint8_t, 2> shed_below = {128, 255};
  KeepShed keep_shed = KeepShed::kNever;

  friend bool operator==(const PressureConfig&, const PressureConfig&) = default;
};

}  // namespace esc::config
