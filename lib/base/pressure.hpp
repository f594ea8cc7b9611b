// SPDX-License-Identifier: BSD-3-Clause
// The names of the pressure levels and of what drives them: a contract, like the ledger's names.
// docs/pressure.md
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace esc {

/// In rising order.
enum class PressureLevel : std::uint8_t {
  kHealthy,
  kElevated,
  kDegraded,
  kCritical,
  kEmergency,
  kCount
};

inline constexpr std::size_t kPressureLevels = static_cast<std::size_t>(PressureLevel::kCount);

inline constexpr std::array<std::string_view, kPressureLevels> kPressureLevelNames = {
    "healthy", "elevated", "degraded", "critical", "emergency"};

/// The inputs from which the level is computed, each in per mille of its maximum.
enum class PressureInput : std::uint8_t {
  kIngestRing,  ///< cells of the ring from the RX lcores to the dispatcher
  /// Cells in use of a worker's ring: the emptiest of the workers that make progress.
  kWorkerRing,
  kPool,  ///< mbufs in use of the pool that has the fewest left
  /// Age of a worker's oldest event: the smallest among the workers that make progress.
  kWorkerLatency,
  kDeadLetters,  ///< dead letters that wait for the disk
  kCount
};

inline constexpr std::size_t kPressureInputs = static_cast<std::size_t>(PressureInput::kCount);

inline constexpr std::array<std::string_view, kPressureInputs> kPressureInputNames = {
    "ingest_ring", "worker_ring", "pool", "worker_latency", "dead_letters"};

[[nodiscard]] constexpr std::string_view name(PressureLevel level) noexcept {
  return kPressureLevelNames[static_cast<std::size_t>(level)];
}
[[nodiscard]] constexpr std::string_view name(PressureInput input) noexcept {
  return kPressureInputNames[static_cast<std::size_t>(input)];
}

}  // namespace esc
