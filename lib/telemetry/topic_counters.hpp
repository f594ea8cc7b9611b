// SPDX-License-Identifier: BSD-3-Clause
// What became of the events of each route, by its slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "telemetry/counter.hpp"
#include "telemetry/figure.hpp"

namespace esc::telemetry {

/// Events of one route that ended at a dispatcher, so that no worker saw them. Writer: the
/// dispatcher's lcore. Readers: any thread.
struct TopicRefusals {
  Counter duplicate;      ///< seen before, by number, key or as a replay
  Counter stale;          ///< too old for their window to tell
  Counter dead_lettered;  ///< handed to the storage
  Counter dropped;

  /// Nobody counts in it.
  void zero() noexcept {
    for (Counter* counter : {&duplicate, &stale, &dead_lettered, &dropped}) counter->set(0);
  }
};

/// What a worker did with each route's events, whichever handler they went to. Writer: the worker's
/// lcore. Readers: any thread.
class TopicCounters {
 public:
  struct Totals {
    std::uint64_t events = 0;  ///< delivered
    std::uint64_t payload_bytes = 0;
    std::uint64_t dead_lettered = 0;  ///< refused by the handler, and handed to the storage
    std::uint64_t dropped = 0;        ///< refused by the handler, and dropped
  };

  explicit TopicCounters(std::size_t slots) : delivered_(slots), refused_(slots) {}

  void deliver(std::uint32_t slot, std::uint64_t payload_bytes) noexcept {
    Delivered& delivered = delivered_[slot];  // counting could change the vector, for all g++ knows
    delivered.events.add();
    delivered.payload_bytes.add(payload_bytes);
  }
  void refuse(std::uint32_t slot, bool kept) noexcept {
    (kept ? refused_[slot].dead_lettered : refused_[slot].dropped).add();
  }
  /// Nobody counts in it.
  void zero(std::uint32_t slot) noexcept {
    delivered_[slot].events.set(0);
    delivered_[slot].payload_bytes.set(0);
    refused_[slot].dead_lettered.set(0);
    refused_[slot].dropped.set(0);
  }
  [[nodiscard]] Totals totals(std::uint32_t slot) const noexcept {
    return {delivered_[slot].events.get(), delivered_[slot].payload_bytes.get(),
            refused_[slot].dead_lettered.get(), refused_[slot].dropped.get()};
  }

 private:
  // Two structures, so that the counters that every event touches share no cache line with the rare
  // ones.
  struct Delivered {
    Counter events;
    Counter payload_bytes;
  };
  struct Refused {
    Counter dead_lettered;
    Counter dropped;
  };
  std::vector<Delivered> delivered_;
  std::vector<Refused> refused_;
};

/// What became of the events of one route, of all dispatchers and workers together.
struct TopicTotals {
  std::uint64_t delivered = 0;
  std::uint64_t payload_bytes = 0;  ///< bytes of the delivered events' payloads
  /// Refused by the handler for good; also counted in dead_lettered or dropped.
  std::uint64_t refused = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t stale = 0;
  std::uint64_t dead_lettered = 0;
  std::uint64_t dropped = 0;

  /// The number of events that have ended. An event counts as received only once it has ended.
  [[nodiscard]] std::uint64_t received() const noexcept {
    return delivered + duplicate + stale + dead_lettered + dropped;
  }
  void add(const TopicCounters::Totals& at_worker) noexcept {
    delivered += at_worker.events;
    payload_bytes += at_worker.payload_bytes;
    refused += at_worker.dead_lettered + at_worker.dropped;
    dead_lettered += at_worker.dead_lettered;
    dropped += at_worker.dropped;
  }
  void add(const TopicRefusals& at_dispatcher) noexcept {
    duplicate += at_dispatcher.duplicate.get();
    stale += at_dispatcher.stale.get();
    dead_lettered += at_dispatcher.dead_lettered.get();
    dropped += at_dispatcher.dropped.get();
  }
};

[[nodiscard]] constexpr auto figures_of(const TopicTotals* /*block*/) {
  using B = TopicTotals;
  return describe(
      "topic", Figure{"delivered", "Events of the route that were delivered", &B::delivered},
      Figure{"payload_bytes", "Payload bytes of the route's events that were delivered",
             &B::payload_bytes, Kind::kCounter, Unit::kBytes},
      Figure{"refused", "Events of the route that its handler refused for good", &B::refused},
      Figure{"duplicate", "Events of the route that were seen before", &B::duplicate},
      Figure{"stale", "Events of the route too old to tell whether they were seen before",
             &B::stale},
      Figure{"dead_lettered", "Events of the route that were handed to the storage",
             &B::dead_lettered},
      Figure{"dropped", "Events of the route that were dropped", &B::dropped});
}
static_assert(well_described<TopicTotals>());

}  // namespace esc::telemetry
