// SPDX-License-Identifier: BSD-3-Clause
// What a TCP role counts of its connections and of the bytes on them.
#pragma once

#include "base/align.hpp"
#include "telemetry/counter.hpp"
#include "telemetry/figure.hpp"

namespace esc::telemetry {

/// Writer: the lcore of the TCP role. Reader: the main lcore.
struct alignas(kCacheLineBytes) ConnectionCounters {
  Counter bytes;
  Counter reads;  ///< reads that found bytes
  /// Bytes copied because their frame would not have ended in the buffer in which it began.
  Counter bytes_copied;
  Counter polls;
  Counter waits;      ///< how often the kernel was asked which connections have something
  Counter open;       ///< gauge: connections
  Counter paused;     ///< gauge: connections that wait until what they sent has moved on
  Counter unread;     ///< gauge: of those, connections of which whole frames were received
  Counter pool_dry;   ///< reads put off because no buffer was free, or the connection had its share
  Counter put_off;    ///< polls that read nothing because a pipeline should get less
  Counter ring_full;  ///< polls that could not push all events because a ring was full
  // The rest is rare.
  Counter accepted;
  Counter turned_away;  ///< closed at once: there were as many as there may be
  Counter not_allowed;  ///< closed at once: their sender may not connect there
  Counter too_many;     ///< closed at once: their sender had as many as it may have
  Counter accepts_failed;
  Counter closed_by_peer;
  Counter broken;  ///< closed because a frame's length was out of bounds
  Counter idle;    ///< closed because nothing came for too long
  Counter slow;    ///< closed because a frame took too long to come
  Counter failed;  ///< reset, or another error of the socket
  Counter closed_at_drain;
};

[[nodiscard]] constexpr auto figures_of(const ConnectionCounters* /*block*/) {
  using B = ConnectionCounters;
  return describe(
      "tcp",
      Figure{"bytes", "Bytes received on connections", &B::bytes, Kind::kCounter, Unit::kBytes},
      Figure{"reads", "Reads of connections that found bytes", &B::reads},
      Figure{"copied", "Bytes copied so that their frame lies in one buffer", &B::bytes_copied,
             Kind::kCounter, Unit::kBytes, "bytes_copied"},
      Figure{"polls", "Polls of the TCP role", &B::polls},
      Figure{"waits", "Questions to the kernel which connections have something", &B::waits},
      Figure{"open", "Connections that are open", &B::open, Kind::kGauge},
      Figure{"paused", "Connections that wait until what they sent has moved on", &B::paused,
             Kind::kGauge},
      Figure{"unread", "Connections of which whole frames were received and not read", &B::unread,
             Kind::kGauge},
      Figure{"pool_dry", "Reads put off because no buffer was to be had", &B::pool_dry},
      Figure{"put_off", "Polls that read nothing because a pipeline should get less", &B::put_off},
      Figure{"ring_full", "Polls that left events over because a ring was full", &B::ring_full},
      Figure{"accepted", "Connections accepted", &B::accepted},
      Figure{"turned_away", "Connections closed at once, since there were as many as there may be",
             &B::turned_away},
      Figure{"not_allowed", "Connections closed at once, since their sender may not connect there",
             &B::not_allowed},
      Figure{"too_many",
             "Connections closed at once, since their sender had as many as it may have",
             &B::too_many},
      Figure{"accepts_failed", "Connections that could not be accepted", &B::accepts_failed},
      Figure{"closed_by_peer", "Connections that their sender closed", &B::closed_by_peer},
      Figure{"broken", "Connections closed because a frame's length was out of bounds", &B::broken},
      Figure{"idle", "Connections closed because nothing came for too long", &B::idle},
      Figure{"slow", "Connections closed because a frame took too long to come", &B::slow},
      Figure{"failed", "Connections that ended with an error, a reset for example", &B::failed},
      Figure{"closed_at_drain", "Connections that a drain closed", &B::closed_at_drain});
}
static_assert(well_described<ConnectionCounters>());

}  // namespace esc::telemetry
