// SPDX-License-Identifier: BSD-3-Clause
// What a TCP role counts of its connections and of the bytes on them.
#pragma once

#include "base/align.hpp"
#include "base/reasons.hpp"
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
  CounterSet<StreamRefusal> refused;  ///< closed at once
  Counter accepts_failed;
  CounterSet<StreamEnd> closed;
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
      Figure{"refused", "Connections closed as soon as they came", &B::refused, Kind::kCounter,
             Unit::kNone, "refused", "reason", kStreamRefusalNames},
      Figure{"accepts_failed", "Connections that could not be accepted", &B::accepts_failed},
      Figure{"closed", "Connections that ended", &B::closed, Kind::kCounter, Unit::kNone, "closed",
             "reason", kStreamEndNames});
}
static_assert(well_described<ConnectionCounters>());

}  // namespace esc::telemetry
