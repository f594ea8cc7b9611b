// SPDX-License-Identifier: BSD-3-Clause
// Pressure for people: what `escctl pressure` shows, and a line for the log at each change.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/pressure.hpp"
#include "control/pressure.hpp"
#include "telemetry/figure.hpp"

namespace esc::control {

/// What a pipeline's pressure has come to since the start.
struct PressureTotals {
  std::array<std::uint64_t, kPressureLevels> ticks{};    ///< TSC cycles in each level
  std::array<std::uint64_t, kPressureLevels> entered{};  ///< how often
  std::array<std::uint64_t, kPressureLevels> shed{};     ///< frames shed in each level
  std::uint64_t evaluations = 0;
  std::uint64_t changes = 0;
};

[[nodiscard]] constexpr auto figures_of(const PressureTotals* /*block*/) {
  using B = PressureTotals;
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "pressure",
      Figure{"level", "Time in each level", &B::ticks, Kind::kCounter, Unit::kCycles, "seconds_in",
             "level", kPressureLevelNames},
      Figure{"level_entered", "How often each level was entered", &B::entered, Kind::kCounter,
             Unit::kNone, "entered", "level", kPressureLevelNames},
      Figure{"frames_shed", "Frames shed in each level, dropped or made dead letters", &B::shed,
             Kind::kCounter, Unit::kNone, "frames_shed", "level", kPressureLevelNames},
      Figure{"evaluations", "How often the level was evaluated", &B::evaluations},
      Figure{"changes", "How often the level changed", &B::changes});
}
static_assert(telemetry::well_described<PressureTotals>());

/// One reading, plain values. Figures that change with every evaluation may come from two
/// successive ones.
struct PressureReading {
  PressureWord word;
  PressureInputs inputs;
  PressureTotals totals;
  std::vector<PressureChange> last_changes;  ///< oldest first
  telemetry::Clock clock;
};

/// Any thread. The caller, who knows the RX stages, fills in `totals.shed`.
[[nodiscard]] PressureReading read_pressure(const PressureMonitor& monitor,
                                            const telemetry::Clock& clock);

/// `config` as it is in force. docs/pressure.md, "escctl pressure"
[[nodiscard]] nlohmann::ordered_json to_json(const PressureReading& reading,
                                             const config::PressureConfig& config);

/// One line, without time and newline:
/// "pressure rises from healthy to degraded: worker_ring is at 712 per mille, degraded begins at
/// 700". ASCII.
[[nodiscard]] std::string to_text(const PressureChange& change);

}  // namespace esc::control
