// SPDX-License-Identifier: BSD-3-Clause
// The ledger: where every packet and every frame went. Schema and equations: docs/architecture.md,
// "The ledger".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/reasons.hpp"
#include "telemetry/stage_counters.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::telemetry {

/// What the port says about packets that never reached us.
struct PortLosses {
  std::uint64_t imissed = 0;
  std::uint64_t rx_nombuf = 0;
  std::uint64_t ierrors = 0;

  friend bool operator==(const PortLosses&, const PortLosses&) = default;
};

/// Plain sums, taken at one moment. in_flight is measured (ring depths and what stages hold), never
/// derived: so a frame that was lost on the way makes the ledger unbalanced instead of hiding in
/// it.
struct Ledger {
  struct Frames {
    std::uint64_t received = 0;
    std::uint64_t delivered = 0;
    std::uint64_t control = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t duplicate_by_key = 0;     ///< of `duplicate`, like the next one
    std::uint64_t duplicate_by_replay = 0;  ///< the others by their numbers
    std::uint64_t stale = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(DeadReason::kCount)> dead_lettered{};
    std::array<std::uint64_t, static_cast<std::size_t>(FrameDrop::kCount)> dropped{};
    std::uint64_t in_flight = 0;

    friend bool operator==(const Frames&, const Frames&) = default;
  } frames;
  struct Packets {
    std::uint64_t received = 0;
    std::uint64_t datagrams = 0;
    std::uint64_t reassembled = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(NonEvent::kCount)> non_event{};
    std::array<std::uint64_t, static_cast<std::size_t>(PacketDrop::kCount)> dropped{};
    std::uint64_t in_flight = 0;
    PortLosses losses;

    friend bool operator==(const Packets&, const Packets&) = default;
  } packets;

  friend bool operator==(const Ledger&, const Ledger&) = default;

  [[nodiscard]] std::uint64_t frames_accounted() const noexcept;   ///< every category but in_flight
  [[nodiscard]] std::uint64_t packets_accounted() const noexcept;  ///< every category but in_flight
  [[nodiscard]] std::uint64_t frames_dropped() const noexcept;
  [[nodiscard]] std::uint64_t frames_dead_lettered() const noexcept;  ///< durable ones
  [[nodiscard]] std::uint64_t packets_dropped() const noexcept;

  /// Both equations hold exactly. True at any quiescent moment; a moving appliance is read counter
  /// by counter, so there a difference of what moved meanwhile is no fault: see within().
  [[nodiscard]] bool balanced() const noexcept;

  /// For a moving appliance, read with collect(), which reads each category before the receipts
  /// that feed it: what is not yet accounted for is in flight, so it cannot be negative, nor more
  /// than the appliance has room for.
  [[nodiscard]] bool within(std::uint64_t frame_room, std::uint64_t packet_room) const noexcept;
};

/// The blocks of those whose ledger it is.
struct LedgerBlocks {
  std::vector<const SettledCounters*> settled;
  std::vector<const WorkerCounters*> workers;
  std::vector<const DispatchCounters*> dispatchers;
  std::vector<const FrameCounters*> frames;
  std::vector<const PacketCounters*> packets;
};

/// Adds up the blocks, most downstream first. in_flight is left to the caller, who knows the rings.
[[nodiscard]] Ledger collect(const LedgerBlocks& blocks);

/// The frozen schema. Reasons that never happened are left out, so that what is there means
/// something.
[[nodiscard]] nlohmann::ordered_json to_json(const Ledger& ledger, bool balanced);

}  // namespace esc::telemetry
