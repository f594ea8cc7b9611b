// SPDX-License-Identifier: BSD-3-Clause
// The events of connections that wait for workers whose rings are full. They wait without a bound
// on time, since their senders wait too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "control/held_board.hpp"
#include "event/event.hpp"

namespace esc::dispatch {

/// A place for one event, in a list.
struct StreamCell {
  event::WorkItem item;
  std::uint64_t since_tsc;
  std::uint32_t next;  ///< index of the cell behind it, in a list or among the free ones
};

/// The cells of all workers of one dispatcher. A TCP role reads from a connection only while fewer
/// of its events than its credit are in the dispatcher or before it; with as many cells as all
/// credits together there is always a free one. Thread: the dispatcher's lcore.
class StreamCells {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  StreamCells() = default;
  /// Neither is owned; both outlive it. `cells` none: no connections.
  StreamCells(std::span<StreamCell> cells, control::HeldBoard* board) noexcept
      : cells_(cells), board_(board) {
    for (std::size_t i = cells.size(); i-- > 0;) {
      cells_[i].next = std::exchange(free_, static_cast<std::uint32_t>(i));
    }
  }

  [[nodiscard]] bool full() const noexcept { return free_ == kNone; }
  [[nodiscard]] std::size_t capacity() const noexcept { return cells_.size(); }
  [[nodiscard]] StreamCell& operator[](std::uint32_t cell) noexcept { return cells_[cell]; }

  /// A free cell with the event in it; not full().
  [[nodiscard]] std::uint32_t take(const event::WorkItem& item, std::uint64_t now) noexcept {
    const std::uint32_t cell = free_;
    free_ = cells_[cell].next;
    cells_[cell] = {item, now, kNone};
    board_->add(item.event.source.slot());
    return cell;
  }
  void give(std::uint32_t cell) noexcept {
    board_->remove(cells_[cell].item.event.source.slot());
    cells_[cell].next = std::exchange(free_, cell);
  }

 private:
  std::span<StreamCell> cells_;
  control::HeldBoard* board_ = nullptr;
  std::uint32_t free_ = kNone;
};

/// Those that wait for one worker, first in, first out. Thread: the dispatcher's lcore.
class StreamHold {
 public:
  /// `cells`: not owned.
  explicit StreamHold(StreamCells& cells) noexcept : cells_(&cells) {}

  [[nodiscard]] bool empty() const noexcept { return first_ == StreamCells::kNone; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// False: no cell is free.
  [[nodiscard]] bool push(const event::WorkItem& item, std::uint64_t now) noexcept {
    if (cells_->full()) return false;
    const std::uint32_t cell = cells_->take(item, now);
    (empty() ? first_ : (*cells_)[last_].next) = cell;
    last_ = cell;
    ++size_;
    return true;
  }
  /// Only if it is not empty, as pop().
  [[nodiscard]] const StreamCell& front() const noexcept { return (*cells_)[first_]; }
  void pop() noexcept {
    const std::uint32_t cell = first_;
    first_ = (*cells_)[cell].next;
    cells_->give(cell);
    --size_;
  }

 private:
  StreamCells* cells_;
  std::uint32_t first_ = StreamCells::kNone;
  std::uint32_t last_ = StreamCells::kNone;
  std::size_t size_ = 0;
};

}  // namespace esc::dispatch
