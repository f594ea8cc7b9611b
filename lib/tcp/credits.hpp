// SPDX-License-Identifier: BSD-3-Clause
// How many events of each connection are on their way to a worker, at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "control/held_board.hpp"

namespace esc::tcp {

/// A connection may have so many events in a pipeline's ring and waiting in its dispatcher as its
/// credit says. Those that wait are counted by the dispatcher (control::HeldBoard). Those in the
/// ring are found without a count by the dispatcher: it takes events in order, so once it has come
/// to the end of a burst, none of the burst is in the ring any more. So the events of other sources
/// cost the dispatcher nothing, and those of connections only if they wait.
///
/// Two bursts are told apart for each connection and pipeline: what was pushed while an older one
/// was still in the ring counts as one. So the result is a bound, and may be too high for as long
/// as the ring takes to move on by what is in it. Thread: the TCP role's lcore.
class Credits {
 public:
  struct Limits {
    std::uint32_t events = 0;      ///< of one connection in one pipeline
    std::uint32_t first_slot = 0;  ///< of this role's connections on the boards
    std::size_t slots = 0;
  };
  /// `boards`: by pipeline; not owned; null: events of connections never wait there.
  Credits(std::vector<const control::HeldBoard*> boards, const Limits& limits)
      : boards_(std::move(boards)), limits_(limits), flights_(limits.slots * boards_.size()) {}

  /// The role pushed `events` of this connection to a ring; the last of them lies before `end`.
  void note(std::uint32_t slot, std::size_t pipeline, std::size_t events,
            std::uint64_t end) noexcept {
    Flight& flight = of(slot, pipeline);
    flight.newer += static_cast<std::uint32_t>(events);
    flight.newer_end = end;
  }

  /// Whether the connection may have `events` more in the pipeline. `taken`: the index up to which
  /// the dispatcher has taken events, acquired before this call.
  [[nodiscard]] bool has(std::uint32_t slot, std::size_t pipeline, std::size_t events,
                         std::uint64_t taken) noexcept {
    Flight& flight = of(slot, pipeline);
    std::size_t under_way = events + in_ring(flight, taken);
    if (const control::HeldBoard* board = boards_[pipeline]; board != nullptr) {
      under_way += board->get(limits_.first_slot + slot);
    }
    return under_way <= limits_.events;
  }

  /// Events of the connection that wait in dispatchers, of all pipelines. For display.
  [[nodiscard]] std::uint64_t held(std::uint32_t slot) const noexcept {
    std::uint64_t sum = 0;
    for (const control::HeldBoard* board : boards_) {
      if (board != nullptr) sum += board->get(limits_.first_slot + slot);
    }
    return sum;
  }

 private:
  struct Flight {
    std::uint64_t older_end = 0;
    std::uint64_t newer_end = 0;
    std::uint32_t older = 0;
    std::uint32_t newer = 0;
  };

  [[nodiscard]] Flight& of(std::uint32_t slot, std::size_t pipeline) noexcept {
    return flights_[slot * boards_.size() + pipeline];
  }
  /// At most so many are in the ring.
  [[nodiscard]] static std::size_t in_ring(Flight& flight, std::uint64_t taken) noexcept {
    if (taken >= flight.newer_end) {
      flight.older = flight.newer = 0;
    } else if (taken >= flight.older_end) {
      flight.older = flight.newer;
      flight.older_end = flight.newer_end;
      flight.newer = 0;
    }
    return std::size_t{flight.older} + flight.newer;
  }

  std::vector<const control::HeldBoard*> boards_;
  Limits limits_;
  std::vector<Flight> flights_;  ///< by slot, then by pipeline
};

}  // namespace esc::tcp
