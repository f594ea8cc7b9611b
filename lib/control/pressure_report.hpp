// SPDX-License-Identifier: BSD-3-Clause
// Pressure for people: what `escctl pressure` shows, and a line for the log at each change.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/pressure.hpp"
#include "control/pressure.hpp"

namespace esc::control {

/// One reading, plain values. Figures that change with every evaluation may come from two
/// successive ones.
struct PressureReading {
  PressureWord word;
  PressureInputs inputs;
  std::array<std::uint64_t, kPressureLevels> ticks{};    ///< in each level
  std::array<std::uint64_t, kPressureLevels> entered{};  ///< how often
  std::array<std::uint64_t, kPressureLevels> shed{};     ///< frames shed in each level
  std::uint64_t evaluations = 0;
  std::uint64_t changes = 0;
  std::vector<PressureChange> last_changes;  ///< oldest first
  std::uint64_t now = 0;
  std::uint64_t ticks_per_second = 1;
};

/// Any thread. The caller, who knows the RX stages, fills in `shed`.
[[nodiscard]] PressureReading read_pressure(const PressureMonitor& monitor, std::uint64_t now,
                                            std::uint64_t ticks_per_second);

/// `config` as it is in force. docs/pressure.md, "escctl pressure"
[[nodiscard]] nlohmann::ordered_json to_json(const PressureReading& reading,
                                             const config::PressureConfig& config);

/// One line, without time and newline:
/// "pressure rises from healthy to degraded: worker_ring is at 712 per mille, degraded begins at
/// 700". ASCII.
[[nodiscard]] std::string to_text(const PressureChange& change);

}  // namespace esc::control
