// SPDX-License-Identifier: BSD-3-Clause
// The ledger: where every packet and every frame went. Schema and equations: docs/architecture.md,
// "The ledger".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/reasons.hpp"
#include "telemetry/connection_counters.hpp"
#include "telemetry/figure.hpp"
#include "telemetry/stage_counters.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::telemetry {

/// Packets that never reached the appliance, as the port counts them.
struct PortLosses {
  std::uint64_t imissed = 0;
  std::uint64_t rx_nombuf = 0;
  std::uint64_t ierrors = 0;

  PortLosses& operator+=(const PortLosses& other) noexcept {
    imissed += other.imissed;
    rx_nombuf += other.rx_nombuf;
    ierrors += other.ierrors;
    return *this;
  }
  friend bool operator==(const PortLosses&, const PortLosses&) = default;
};

[[nodiscard]] constexpr auto figures_of(const PortLosses* /*block*/) {
  using B = PortLosses;
  return describe("ports",
                  Figure{"imissed", "Packets lost because a descriptor ring was full", &B::imissed},
                  Figure{"rx_nombuf", "Packets lost because a pool ran dry", &B::rx_nombuf},
                  Figure{"ierrors", "Packets that a port refused", &B::ierrors});
}
static_assert(well_described<PortLosses>());

/// Where every frame went: plain sums, taken at one moment. in_flight is measured (what is in the
/// rings and what the stages hold), never computed as the difference of the others: a frame that
/// was lost on the way therefore makes the ledger unbalanced and does not go unnoticed.
struct FrameLedger {
  std::uint64_t received = 0;
  std::uint64_t delivered = 0;
  std::uint64_t control = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(DuplicateBy::kCount)> duplicate{};
  std::uint64_t stale = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(DeadReason::kCount)> dead_lettered{};
  std::array<std::uint64_t, static_cast<std::size_t>(FrameDrop::kCount)> dropped{};
  std::uint64_t in_flight = 0;

  friend bool operator==(const FrameLedger&, const FrameLedger&) = default;
};

[[nodiscard]] constexpr auto figures_of(const FrameLedger* /*block*/) {
  using B = FrameLedger;
  constexpr auto kNoUnit = Unit::kNone;
  return describe(
      "frames", Figure{"received", "Frames received", &B::received},
      Figure{"delivered", "Frames that a handler took", &B::delivered},
      Figure{"control", "Session frames", &B::control},
      Figure{"duplicate", "Frames that were seen before", &B::duplicate, Kind::kCounter, kNoUnit,
             "duplicate", "by", kDuplicateByNames},
      Figure{"stale", "Frames too old to tell whether they were seen before", &B::stale},
      Figure{"dead_lettered", "Dead letters that are on the disk", &B::dead_lettered,
             Kind::kCounter, kNoUnit, "dead_lettered", "reason", kDeadReasonNames},
      Figure{"dropped", "Frames dropped", &B::dropped, Kind::kCounter, kNoUnit, "dropped", "reason",
             kFrameDropNames},
      Figure{"in_flight", "Frames received that have not ended", &B::in_flight, Kind::kGauge});
}
static_assert(well_described<FrameLedger>());

/// The same for packets.
struct PacketLedger {
  std::uint64_t received = 0;
  std::uint64_t datagrams = 0;
  std::uint64_t reassembled = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(NonEvent::kCount)> non_event{};
  std::array<std::uint64_t, static_cast<std::size_t>(PacketDrop::kCount)> dropped{};
  std::uint64_t in_flight = 0;

  friend bool operator==(const PacketLedger&, const PacketLedger&) = default;
};

[[nodiscard]] constexpr auto figures_of(const PacketLedger* /*block*/) {
  using B = PacketLedger;
  constexpr auto kNoUnit = Unit::kNone;
  return describe(
      "packets", Figure{"received", "Packets received", &B::received},
      Figure{"datagrams", "Packets that were datagrams for us", &B::datagrams},
      Figure{"reassembled", "Packets that were put together into a larger one", &B::reassembled},
      Figure{"non_event", "Sound packets that carry no events", &B::non_event, Kind::kCounter,
             kNoUnit, "non_event", "kind", kNonEventNames},
      Figure{"dropped", "Packets dropped", &B::dropped, Kind::kCounter, kNoUnit, "dropped",
             "reason", kPacketDropNames},
      Figure{"in_flight", "Packets received that have not ended", &B::in_flight, Kind::kGauge});
}
static_assert(well_described<PacketLedger>());

/// The same for connections.
struct StreamLedger {
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(StreamEnd::kCount)> closed{};
  std::uint64_t open = 0;
  /// Outside the equation, like the next ones: they were never accepted.
  std::array<std::uint64_t, static_cast<std::size_t>(StreamRefusal::kCount)> refused{};
  std::uint64_t accepts_failed = 0;
  std::uint64_t bytes = 0;

  friend bool operator==(const StreamLedger&, const StreamLedger&) = default;
};

[[nodiscard]] constexpr auto figures_of(const StreamLedger* /*block*/) {
  using B = StreamLedger;
  constexpr auto kNoUnit = Unit::kNone;
  return describe(
      "streams", Figure{"accepted", "Connections accepted", &B::accepted},
      Figure{"closed", "Connections that ended", &B::closed, Kind::kCounter, kNoUnit, "closed",
             "reason", kStreamEndNames},
      Figure{"open", "Connections that are open", &B::open, Kind::kGauge},
      Figure{"refused", "Connections closed as soon as they came", &B::refused, Kind::kCounter,
             kNoUnit, "refused", "reason", kStreamRefusalNames},
      Figure{"accepts_failed", "Connections that could not be accepted", &B::accepts_failed},
      Figure{"bytes", "Bytes received on connections", &B::bytes, Kind::kCounter, Unit::kBytes});
}
static_assert(well_described<StreamLedger>());

struct Ledger {
  FrameLedger frames;
  PacketLedger packets;
  StreamLedger streams;  ///< of the whole appliance; of several pipelines none has any
  PortLosses losses;     ///< outside all equations

  friend bool operator==(const Ledger&, const Ledger&) = default;

  [[nodiscard]] std::uint64_t frames_accounted() const noexcept;   ///< every category but in_flight
  [[nodiscard]] std::uint64_t packets_accounted() const noexcept;  ///< every category but in_flight
  [[nodiscard]] std::uint64_t frames_duplicate() const noexcept;
  [[nodiscard]] std::uint64_t frames_dropped() const noexcept;
  [[nodiscard]] std::uint64_t frames_dead_lettered() const noexcept;  ///< durable ones
  [[nodiscard]] std::uint64_t packets_dropped() const noexcept;
  [[nodiscard]] std::uint64_t streams_closed() const noexcept;

  /// Whether all equations hold exactly. They do whenever nothing moves. The counters of a running
  /// appliance are read one after the other, so there a difference as large as what moved meanwhile
  /// is no fault: see within().
  [[nodiscard]] bool balanced() const noexcept;

  /// The same question for a ledger that was read from a running appliance, by add_ended() for all
  /// blocks before add_received() for any. What was received and is in no category yet is in
  /// flight: that number cannot be negative, and cannot be more than the appliance has room for.
  [[nodiscard]] bool within(std::uint64_t frame_room, std::uint64_t packet_room) const noexcept;
};

/// Adds what a block of counters says of frames and packets that have ended. A ledger is the sum
/// over the blocks of all stages; the caller, who knows the rings, fills in in_flight.
void add_ended(const SettledCounters& from, Ledger& ledger);
void add_ended(const WorkerCounters& from, Ledger& ledger);
void add_ended(const DispatchCounters& from, Ledger& ledger);
void add_ended(const FrameCounters& from, Ledger& ledger);
void add_ended(const PacketCounters& from, Ledger& ledger);
void add_ended(const ConnectionCounters& from, Ledger& ledger);
/// Adds what a block says of frames and packets that have come in.
void add_received(const FrameCounters& from, Ledger& ledger);
void add_received(const PacketCounters& from, Ledger& ledger);
void add_received(const ConnectionCounters& from, Ledger& ledger);

/// Keys of the ledger's schema that are not those of a row.
inline constexpr std::string_view kDuplicateByKey = "duplicate_by";
inline constexpr std::string_view kByReasonKey = "by_reason";

/// The ledger in its JSON schema, which does not change. Reasons with the count 0 are left out, to
/// keep it short.
[[nodiscard]] nlohmann::ordered_json to_json(const Ledger& ledger, bool balanced);

}  // namespace esc::telemetry
