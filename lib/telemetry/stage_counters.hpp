// SPDX-License-Identifier: BSD-3-Clause
// The counter block of each stage, with a row for each counter. Each block belongs to one lcore;
// only that lcore writes it, and the main lcore reads it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/align.hpp"
#include "base/reasons.hpp"
#include "telemetry/counter.hpp"
#include "telemetry/figure.hpp"
#include "telemetry/shed_counters.hpp"

namespace esc::telemetry {

/// Packets of an RX stage, for one pipeline. Writer: the RX lcore that polls the queues. Reader:
/// the main lcore.
struct alignas(kCacheLineBytes) PacketCounters {
  Counter packets_received;
  Counter datagrams;
  /// Datagrams that were found by the pass over a burst's headers: tells about speed only.
  Counter datagrams_plain;
  Counter packet_bytes;
  Counter polls;
  Counter bursts;  ///< polls that found packets
  /// Gauge: packets that the stage holds between two polls: they are in flight.
  Counter packets_held;
  Counter ring_full;  ///< polls that could not push all events because a ring was full
  /// Polls of a port that were put off because a ring was past its soft mark.
  Counter polls_deferred;
  // The rest is rare.
  CounterSet<NonEvent> non_event;
  CounterSet<PacketDrop> packet_dropped;
};

[[nodiscard]] constexpr auto figures_of(const PacketCounters* /*block*/) {
  using B = PacketCounters;
  return describe(
      "rx", Figure{"packets", "Packets taken from the port", &B::packets_received},
      Figure{"bytes", "Bytes of the packets taken from the port, headers included",
             &B::packet_bytes, Kind::kCounter, Unit::kBytes},
      Figure{"datagrams", "Packets that are datagrams for us", &B::datagrams},
      Figure{"datagrams_plain", "Datagrams found by the pass over a burst's headers",
             &B::datagrams_plain},
      Figure{"polls", "Polls of a receive queue", &B::polls},
      Figure{"bursts", "Polls that found packets", &B::bursts},
      Figure{"ring_full", "Polls that left events over because a ring was full", &B::ring_full},
      Figure{"polls_deferred", "Polls put off because a ring was past its soft mark",
             &B::polls_deferred},
      Figure{"held", "Packets that the stage holds between two polls", &B::packets_held,
             Kind::kGauge},
      Figure{"non_event", "Sound packets that carry no events, by kind", &B::non_event,
             Kind::kCounter, Unit::kNone, "non_event", "kind", kNonEventNames},
      Figure{"dropped", "Packets dropped, by reason", &B::packet_dropped, Kind::kCounter,
             Unit::kNone, "dropped", "reason", kPacketDropNames});
}
static_assert(well_described<PacketCounters>());

/// Frames that an intake read, for one pipeline, from packets or from any other source. Writer: the
/// lcore of the stage that reads them. Reader: the main lcore.
struct alignas(kCacheLineBytes) FrameCounters {
  Counter frames_received;
  Counter events_pushed;
  Counter control;
  // Gauges: what the intake holds between two polls. It is in flight.
  Counter events_held;
  Counter datagram_open;  ///< 1: a datagram has frames that are not read yet
  /// Events that were read the fast way: tells about speed, and is in no equation of the ledger.
  Counter events_plain;
  // The rest is rare.
  /// Frames that were copied into one buffer: they spanned segments, or the chain is shared.
  Counter frames_linearised;
  Counter jumbo_waits;    ///< polls that waited for a jumbo buffer
  Counter dead_lettered;  ///< handed to the storage
  CounterSet<FrameDrop> frame_dropped;
  ShedCounters shed;  ///< frames shed at each level, whether dropped or made dead letters
};

[[nodiscard]] constexpr auto figures_of(const FrameCounters* /*block*/) {
  using B = FrameCounters;
  return describe(
      "intake", Figure{"frames", "Frames read, or refused", &B::frames_received},
      Figure{"events", "Events pushed to a dispatcher", &B::events_pushed},
      Figure{"control", "Session frames", &B::control},
      Figure{"held", "Events that the intake holds between two polls", &B::events_held,
             Kind::kGauge},
      Figure{"datagram_open", "1: a datagram has frames that are not read yet", &B::datagram_open,
             Kind::kGauge},
      Figure{"events_plain", "Events read the fast way", &B::events_plain},
      Figure{"frames_linearised", "Frames copied into one buffer, since they spanned segments",
             &B::frames_linearised},
      Figure{"jumbo_waits", "Polls that waited for a jumbo buffer", &B::jumbo_waits},
      Figure{"dead_lettered", "Events handed to the storage as dead letters", &B::dead_lettered},
      Figure{"dropped", "Frames dropped at the intake, by reason", &B::frame_dropped,
             Kind::kCounter, Unit::kNone, "dropped", "reason", kFrameDropNames},
      Figure{"shed",
             "Frames shed for their priority, dropped or made dead letters, by level of pressure",
             &B::shed, Kind::kCounter, Unit::kNone, "shed", "level", kPressureLevelNames});
}
static_assert(well_described<FrameCounters>());

/// Writer: the dispatcher's lcore. Reader: the main lcore.
struct alignas(kCacheLineBytes) DispatchCounters {
  Counter events_received;  ///< taken from the MPSC ring
  Counter events_routed;    ///< put into a worker's ring
  Counter polls;
  Counter bursts;
  Counter duplicate;  ///< sequenced events that were seen before
  /// Sequenced events that are older than their window, so that nobody knows whether they came
  /// before.
  Counter stale;
  Counter duplicate_key;     ///< events whose key was seen before
  Counter duplicate_replay;  ///< replayed dead letters that were seen before
  Counter replayed;          ///< replayed dead letters that were not seen before
  Counter unkeyed;           ///< events too short for the key that their route wants; they pass
  Counter events_held;       ///< gauge: events that wait for workers whose rings are full
  Counter workers_stopped;   ///< gauge: stopped workers, for which no event waits any more
  /// Polls that left events in the ring because they have to wait for a worker.
  Counter polls_blocked;
  Counter dead_lettered;  ///< handed to the storage
  Counter shed_as_told;   ///< events dropped as worker_full because their routes do not wait
  CounterSet<FrameDrop> frame_dropped;
};

[[nodiscard]] constexpr auto figures_of(const DispatchCounters* /*block*/) {
  using B = DispatchCounters;
  return describe(
      "dispatch", Figure{"events", "Events taken from the ingest ring", &B::events_received},
      Figure{"routed", "Events put into a worker's ring", &B::events_routed},
      Figure{"duplicate", "Events whose number was seen before", &B::duplicate},
      Figure{"stale", "Events too old to tell whether they were seen before", &B::stale},
      Figure{"duplicate_key", "Events whose key was seen before", &B::duplicate_key},
      Figure{"duplicate_replay", "Replayed dead letters that were seen before",
             &B::duplicate_replay},
      Figure{"replayed", "Replayed dead letters that were not seen before", &B::replayed},
      Figure{"unkeyed", "Events too short for the key that their route wants; they pass",
             &B::unkeyed},
      Figure{"dropped", "Events dropped at the dispatcher, by reason", &B::frame_dropped,
             Kind::kCounter, Unit::kNone, "dropped", "reason", kFrameDropNames},
      Figure{"polls", "Polls of the ingest ring", &B::polls},
      Figure{"bursts", "Polls that found events", &B::bursts},
      Figure{"polls_blocked", "Polls that left events in the ring, to wait for a worker",
             &B::polls_blocked},
      Figure{"workers_stopped", "Stopped workers, for which no event waits any more",
             &B::workers_stopped, Kind::kGauge},
      Figure{"held", "Events that wait for workers whose rings are full", &B::events_held,
             Kind::kGauge},
      Figure{"dead_lettered", "Events handed to the storage as dead letters", &B::dead_lettered},
      Figure{"shed_as_told", "Events dropped as worker_full because their routes do not wait",
             &B::shed_as_told});
}
static_assert(well_described<DispatchCounters>());

/// Writer: the worker's lcore. Readers: the main lcore, and the dispatcher, which measures the
/// pressure.
struct alignas(kCacheLineBytes) WorkerCounters {
  Counter events_received;
  Counter delivered;
  Counter polls;
  Counter bursts;
  /// Times that a handler was called again with an event that it had refused.
  Counter retries;
  /// Gauge: when the oldest event of the last burst was received; 0: the last poll found nothing.
  Counter oldest_rx_tsc;
  Counter dead_lettered;  ///< handed to the storage
  Counter in_hand;        ///< gauge: an InHand (telemetry/in_hand.hpp)
  CounterSet<FrameDrop> frame_dropped;
};

[[nodiscard]] constexpr auto figures_of(const WorkerCounters* /*block*/) {
  using B = WorkerCounters;
  return describe(
      "worker", Figure{"events", "Events taken from the worker's ring", &B::events_received},
      Figure{"delivered", "Events that a handler took", &B::delivered},
      Figure{"retries", "Handlers asked again about events that they had refused", &B::retries},
      Figure{"dead_lettered", "Events handed to the storage as dead letters", &B::dead_lettered},
      Figure{"dropped", "Events dropped at the worker, by reason", &B::frame_dropped,
             Kind::kCounter, Unit::kNone, "dropped", "reason", kFrameDropNames},
      Figure{"polls", "Polls of the worker's ring", &B::polls},
      Figure{"bursts", "Polls that found events", &B::bursts},
      Figure{"oldest_rx", "When the oldest event of the last burst came; 0: idle",
             &B::oldest_rx_tsc, Kind::kWord, Unit::kMoment},
      Figure{"in_hand", "An InHand", &B::in_hand, Kind::kWord});
}
static_assert(well_described<WorkerCounters>());

}  // namespace esc::telemetry
