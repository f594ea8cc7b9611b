// SPDX-License-Identifier: BSD-3-Clause
// The counter block of each stage. Each block belongs to one lcore, which alone writes it; the main
// lcore reads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/align.hpp"
#include "base/reasons.hpp"
#include "telemetry/counter.hpp"
#include "telemetry/shed_counters.hpp"

namespace esc::telemetry {

/// Packets of an RX stage, for one pipeline. Writer: the RX lcore that polls the queues. Readers:
/// main lcore, telemetry thread.
struct alignas(kCacheLineBytes) PacketCounters {
  Counter packets_received;
  Counter datagrams;
  Counter datagrams_plain;  ///< of those, found by the pass over a burst's headers: of speed only
  Counter packet_bytes;
  Counter polls;
  Counter bursts;          ///< polls that found packets
  Counter packets_held;    ///< gauge: what the stage holds between two polls, in flight
  Counter ring_full;       ///< polls that left events over because a ring was full
  Counter polls_deferred;  ///< polls of a port put off because a ring was past its soft mark
  // The rest is rare.
  CounterSet<NonEvent> non_event;
  CounterSet<PacketDrop> packet_dropped;
};

/// Frames that an intake read, for one pipeline, whatever the bytes came by. Writer: the lcore of
/// the stage that reads them. Readers: main lcore, telemetry thread.
struct alignas(kCacheLineBytes) FrameCounters {
  Counter frames_received;
  Counter events_pushed;
  Counter control;
  // Gauges: what the intake holds between two polls, in flight.
  Counter events_held;
  Counter datagram_open;  ///< 1: a datagram has frames that are not read yet
  Counter events_plain;   ///< read at one go: a figure of speed, part of no balance
  // The rest is rare.
  Counter frames_linearised;  ///< copied whole: they spanned segments, or the chain is shared
  Counter jumbo_waits;        ///< polls that waited for a jumbo buffer
  Counter dead_lettered;      ///< handed to the storage
  CounterSet<FrameDrop> frame_dropped;
  ShedCounters shed;  ///< frames shed, by the level that did, whatever became of them
};

/// Writer: the dispatcher's lcore. Readers: main lcore, telemetry thread.
struct alignas(kCacheLineBytes) DispatchCounters {
  Counter events_received;  ///< taken from the MPSC ring
  Counter events_routed;    ///< put into a worker's ring
  Counter polls;
  Counter bursts;
  Counter duplicate;         ///< sequenced events that were seen before
  Counter stale;             ///< those too old for their window to tell
  Counter duplicate_key;     ///< events whose key was seen before
  Counter duplicate_replay;  ///< replayed dead letters that were seen before
  Counter replayed;          ///< replayed dead letters that were not
  Counter unkeyed;           ///< events too short for the key that their route wants; they pass
  Counter events_held;       ///< gauge: waiting for workers whose rings are full
  Counter workers_stopped;   ///< gauge: workers for which nothing waits any more
  Counter polls_blocked;     ///< polls that left events in the ring, to wait for a worker
  Counter dead_lettered;     ///< handed to the storage
  Counter shed_as_told;      ///< of those dropped as worker_full: their routes do not wait
  CounterSet<FrameDrop> frame_dropped;
};

/// Writer: the worker's lcore. Readers: main lcore, telemetry thread.
struct alignas(kCacheLineBytes) WorkerCounters {
  Counter events_received;
  Counter delivered;
  Counter polls;
  Counter bursts;
  Counter retries;        ///< handlers asked again about events that they had refused
  Counter oldest_rx_tsc;  ///< gauge: when the oldest event of the last burst came; 0: idle
  Counter dead_lettered;  ///< handed to the storage
  Counter in_hand;        ///< gauge: an InHand
  CounterSet<FrameDrop> frame_dropped;
};

}  // namespace esc::telemetry
