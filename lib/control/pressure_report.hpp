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

/// A pipeline's pressure at one look.
struct PressureNow {
  std::uint64_t level = 0;
  std::uint64_t shed_below = 0;
  std::uint64_t defers_lossless = 0;
  std::uint64_t defers_nic = 0;
  std::array<std::uint64_t, kPressureInputs> inputs{};  ///< in per mille
};

[[nodiscard]] constexpr auto figures_of(const PressureNow* /*block*/) {
  using B = PressureNow;
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "pressure",
      Figure{"level", "1: this is the level of pressure now", &B::level, Kind::kOneOf, Unit::kNone,
             "level", "level", kPressureLevelNames},
      Figure{"shed_below", "The lowest priority that is kept now", &B::shed_below, Kind::kGauge,
             Unit::kNone, "shed_below_now"},
      Figure{"defers_lossless", "1: ports that cannot lose packets are left unpolled now",
             &B::defers_lossless, Kind::kFlag, Unit::kNone, "defers_lossless_ports"},
      Figure{"defers_nic", "1: other ports are left unpolled now while they have room",
             &B::defers_nic, Kind::kFlag, Unit::kNone, "defers_nic_ports"},
      Figure{"input", "An input of the pressure; 1: full", &B::inputs, Kind::kGauge,
             Unit::kPermille, "inputs", "input", kPressureInputNames});
}
static_assert(telemetry::well_described<PressureNow>());

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
  PressureNow now;
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
