// SPDX-License-Identifier: BSD-3-Clause
// Where a lane's events go: a pipeline's MPSC ring, through a producer's end of it.
#pragma once

#include <cstddef>
#include <span>

#include "event/event.hpp"
#include "ring/mpsc_ring.hpp"

namespace esc::intake {

using IngestRing = ring::MpscRing<event::Event>;

/// One producer's end of a pipeline's ring. Thread: the producer's lcore.
class RingSink {
 public:
  /// `ring` outlives it.
  explicit RingSink(IngestRing& ring) : ring_(&ring), producer_(ring) {}

  [[nodiscard]] std::size_t push_burst(std::span<const event::Event> events) noexcept {
    return producer_.push_burst(events);
  }
  [[nodiscard]] std::size_t size() const noexcept { return ring_->size(); }
  /// The index behind the last event that was pushed here, and up to which index the dispatcher has
  /// taken events.
  [[nodiscard]] std::uint64_t end() const noexcept { return producer_.end(); }
  [[nodiscard]] std::uint64_t taken() const noexcept { return ring_->consumed(); }

 private:
  IngestRing* ring_;
  IngestRing::Producer producer_;
};

}  // namespace esc::intake
