// SPDX-License-Identifier: BSD-3-Clause
// The events that wait for one worker whose ring is full.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/align.hpp"
#include "event/event.hpp"

namespace esc::dispatch {

/// An event that waits, and since when.
struct HeldItem {
  event::WorkItem item;
  std::uint64_t since_tsc;
};

/// First in, first out, in memory that is given to it, which bounds it. Thread: the dispatcher's
/// lcore.
class HoldQueue {
 public:
  /// `memory` is not owned and outlives the queue; its size is a power of two.
  explicit HoldQueue(std::span<HeldItem> memory) noexcept
      : items_(memory.data()), mask_(memory.size() - 1) {}

  [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
  [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
  /// An event of this priority may wait if fewer than so many events wait already: seven eighths of
  /// the room for the lowest priority, all of it for the highest, and in a straight line between
  /// the two. So if the load is too much for this worker, its lowest priorities are refused, and no
  /// more events than necessary. If the load is too much for all workers, RX stages shed before
  /// that (docs/pressure.md).
  [[nodiscard]] std::size_t room_for(std::uint8_t priority) const noexcept {
    return capacity() * (std::size_t{1793} + priority) / 2048;
  }

  /// Not full.
  void push(const event::WorkItem& item, std::uint64_t now) noexcept {
    items_[tail_++ & mask_] = {item, now};
  }
  /// Only if it is not empty, as pop().
  [[nodiscard]] const HeldItem& front() const noexcept { return items_[head_ & mask_]; }
  void pop() noexcept { ++head_; }

 private:
  HeldItem* items_;
  std::size_t mask_;
  std::size_t head_ = 0;  ///< free-running, like tail_
  std::size_t tail_ = 0;
};

}  // namespace esc::dispatch
