// SPDX-License-Identifier: BSD-3-Clause
// The pressure levels and the inputs from which they are computed (docs/pressure.md). Programs rely
// on their names, as on the ledger's: never rename one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/named.hpp"

namespace esc {

/// The levels, from the lowest to the highest.
enum class PressureLevel : std::uint8_t {
  kHealthy,
  kElevated,
  kDegraded,
  kCritical,
  kEmergency,
  kCount
};

inline constexpr std::size_t kPressureLevels = static_cast<std::size_t>(PressureLevel::kCount);

inline constexpr NamedTable<PressureLevel> kPressureLevelRows = {{
    {PressureLevel::kHealthy, "healthy", "nothing is near its bound"},
    {PressureLevel::kElevated, "elevated", "ports that cannot lose packets are left alone"},
    {PressureLevel::kDegraded, "degraded", "NIC rings under half full are left alone as well"},
    {PressureLevel::kCritical, "critical", "every port is polled; low priorities are shed"},
    {PressureLevel::kEmergency, "emergency",
     "every port is polled; all but the highest may be shed"},
}};
static_assert(well_named(kPressureLevelRows));

inline constexpr auto kPressureLevelNames = names_of(kPressureLevelRows);

/// The inputs from which the level is computed, each in per mille of its maximum.
enum class PressureInput : std::uint8_t {
  kIngestRing,
  kWorkerRing,
  kPool,
  kWorkerLatency,
  kDeadLetters,
  kCount
};

inline constexpr std::size_t kPressureInputs = static_cast<std::size_t>(PressureInput::kCount);

inline constexpr NamedTable<PressureInput> kPressureInputRows = {{
    {PressureInput::kIngestRing, "ingest_ring",
     "cells in use in the ring from the RX lcores to the dispatcher"},
    {PressureInput::kWorkerRing, "worker_ring",
     "cells in use in a worker's ring and in the queue before it: the emptiest of the workers that "
     "make progress"},
    {PressureInput::kPool, "pool",
     "mbufs on their way, as a share of those that a pool has for that: the fullest pool"},
    {PressureInput::kWorkerLatency, "worker_latency",
     "age of a worker's oldest event: the smallest among the workers that make progress"},
    {PressureInput::kDeadLetters, "dead_letters", "dead letters that wait for the disk"},
}};
static_assert(well_named(kPressureInputRows));

inline constexpr auto kPressureInputNames = names_of(kPressureInputRows);

[[nodiscard]] constexpr std::string_view name(PressureLevel level) noexcept {
  return kPressureLevelNames[static_cast<std::size_t>(level)];
}
[[nodiscard]] constexpr std::string_view name(PressureInput input) noexcept {
  return kPressureInputNames[static_cast<std::size_t>(input)];
}

}  // namespace esc
