// SPDX-License-Identifier: BSD-3-Clause
// What became of the events of each route, by its slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "telemetry/counter.hpp"
#include "telemetry/figure.hpp"

namespace esc::telemetry {

/// What became of the events of one route: at one dispatcher, at one worker, or as their sum.
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
  TopicTotals& operator+=(const TopicTotals& other) noexcept {
    delivered += other.delivered;
    payload_bytes += other.payload_bytes;
    refused += other.refused;
    duplicate += other.duplicate;
    stale += other.stale;
    dead_lettered += other.dead_lettered;
    dropped += other.dropped;
    return *this;
  }
};

/// Events of one route that ended at a dispatcher, so that no worker saw them. Writer: the
/// dispatcher's lcore. Readers: any thread.
struct TopicRefusals {
  Counter duplicate;      ///< seen before, by number, key or as a replay
  Counter stale;          ///< too old for their window to tell
  Counter dead_lettered;  ///< handed to the storage
  Counter dropped;

  [[nodiscard]] TopicTotals totals() const noexcept {
    return {.duplicate = duplicate.get(),
            .stale = stale.get(),
            .dead_lettered = dead_lettered.get(),
            .dropped = dropped.get()};
  }
  /// Nobody counts in it.
  void zero() noexcept {
    for (Counter* counter : {&duplicate, &stale, &dead_lettered, &dropped}) counter->set(0);
  }
};

/// What a worker did with each route's events, whichever handler they went to. Writer: the worker's
/// lcore. Readers: any thread.
class TopicCounters {
 public:
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
  [[nodiscard]] TopicTotals totals(std::uint32_t slot) const noexcept {
    const std::uint64_t dead_lettered = refused_[slot].dead_lettered.get();
    const std::uint64_t dropped = refused_[slot].dropped.get();
    return {.delivered = delivered_[slot].events.get(),
            .payload_bytes = delivered_[slot].payload_bytes.get(),
            .refused = dead_lettered + dropped,
            .dead_lettered = dead_lettered,
            .dropped = dropped};
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
