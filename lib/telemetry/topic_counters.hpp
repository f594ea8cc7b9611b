// SPDX-License-Identifier: BSD-3-Clause
// What became of the events of each route, by its slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "telemetry/counter.hpp"

namespace esc::telemetry {

/// At a dispatcher: events that no worker saw. Writer: the dispatcher's lcore. Readers: any thread.
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

/// At a worker, whatever the handler. Writer: the worker's lcore. Readers: any thread.
class TopicCounters {
 public:
  struct Totals {
    std::uint64_t events = 0;  ///< delivered
    std::uint64_t payload_bytes = 0;
    std::uint64_t dead_lettered = 0;  ///< refused by the handler, and handed to the storage
    std::uint64_t dropped = 0;        ///< refused by the handler, and gone
  };

  explicit TopicCounters(std::size_t slots) : delivered_(slots), refused_(slots) {}

  void deliver(std::uint32_t slot, std::uint64_t payload_bytes) noexcept {
    delivered_[slot].events.add();
    delivered_[slot].payload_bytes.add(payload_bytes);
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
  // Apart: every event touches the one, hardly any the other.
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

}  // namespace esc::telemetry
