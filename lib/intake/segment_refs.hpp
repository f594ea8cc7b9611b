// SPDX-License-Identifier: BSD-3-Clause
// The references that the events of one segment take on it, counted once and not per event.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

#include "event/event.hpp"
#include "event/poison.hpp"

namespace esc::intake {

/// Between enter() and leave() the stage holds one reference to the segment itself. Each event
/// staged from it calls take(); publishing() comes before staged events are pushed, while nobody
/// else can see them; leave() hands the stage's own reference to the last event, or gives it back.
/// So a datagram of n frames costs one store, not n atomic increments. Thread: the lcore that
/// receives.
class SegmentRefs {
 public:
  void enter(rte_mbuf* segment) noexcept {
    segment_ = segment;
    taken_ = 0;
    published_ = false;
  }

  void take(std::uint32_t events = 1) noexcept { taken_ += events; }

  void publishing() noexcept {
    if (segment_ == nullptr || taken_ == 0) return;
    rte_mbuf_refcnt_update(segment_, static_cast<std::int16_t>(taken_));
    published_ = true;
    taken_ = 0;
  }

  /// True if exactly one event refers to the segment, and it is the one staged last: it owns the
  /// mbuf alone.
  [[nodiscard]] bool leave() noexcept {
    rte_mbuf* segment = segment_;
    segment_ = nullptr;
    if (taken_ == 0) {
      event::free_segment(segment);
      return false;
    }
    if (taken_ == 1 && !published_) return true;
    rte_mbuf_refcnt_update(segment, static_cast<std::int16_t>(taken_ - 1));
    return false;
  }

  /// Leaves a segment of which no event took anything; the stage's reference is given back
  /// elsewhere.
  void forget() noexcept { segment_ = nullptr; }

  [[nodiscard]] rte_mbuf* segment() const noexcept { return segment_; }

 private:
  rte_mbuf* segment_ = nullptr;
  std::uint32_t taken_ = 0;  ///< references that staged events need, not yet in the mbuf's count
  bool published_ = false;   ///< some events of this segment are already with other lcores
};

}  // namespace esc::intake
