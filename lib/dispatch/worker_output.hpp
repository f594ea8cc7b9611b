// SPDX-License-Identifier: BSD-3-Clause
// The dispatcher's end of one worker: its ring, what waits for it, and whether it has stopped.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "config/config.hpp"
#include "dispatch/hold_queue.hpp"
#include "dispatch/stream_hold.hpp"
#include "event/event.hpp"
#include "route/route_set.hpp"

namespace esc::dispatch {

/// How long events wait for a worker before it counts as stopped.
struct HoldLimits {
  std::uint64_t timeout_cycles = UINT64_MAX;  ///< TSC cycles
};

/// What wait() did with an event whose worker's ring has no room.
enum class Wait : std::uint8_t {
  kHeld,     ///< the event waits here
  kFull,     ///< not taken: no more events may wait, or its route does not wait
  kStopped,  ///< not taken: the worker has stopped, and events no longer wait for it
};

/// Writes into the ring's cell. If the item were put together elsewhere and copied, the copy would
/// read it back while it is still in the store buffer.
inline void fill(event::WorkItem& item, const route::RouteSet::Target& target,
                 const event::Event& event) noexcept {
  item.event = event;
  // Slot, handler, retries and a byte that nobody uses, at once.
  constexpr std::size_t kBytes = sizeof item - offsetof(event::WorkItem, slot);
  constexpr auto kAt = [](std::size_t member) { return member - offsetof(event::WorkItem, slot); };
  static_assert(offsetof(route::RouteSet::Target, slot) == 0);
  static_assert(offsetof(route::RouteSet::Target, handler) ==
                kAt(offsetof(event::WorkItem, handler)));
  static_assert(offsetof(route::RouteSet::Target, retries) ==
                kAt(offsetof(event::WorkItem, retries)));
  static_assert(offsetof(route::RouteSet::Target, unused) == kBytes - 1);
  std::memcpy(&item.slot, &target.slot, kBytes);
  if (target.has_priority) item.event.priority = target.priority;
}

/// Output: claim() -> a WorkItem's room or nullptr, or room(wanted) -> span<WorkItem> and
/// claimed(count) for several; publish() -> count, size(), capacity().
/// Thread: the dispatcher's lcore.
///
/// A worker counts as stopped once an event has waited for it longer than the time limit, or one of
/// a connection while none moved on: from then
/// on events that its ring does not take at once do not wait, so that it holds up no other worker.
/// It counts as moving again once no event with a time limit waits for it and its ring is no more
/// than half full, or has taken an event that waited.
///
/// Events of connections wait in cells of their own (stream_hold.hpp), as long as it takes, and
/// beside them the others: while both wait, the ring takes one of each in turn.
template <class Output>
class WorkerOutput {
 public:
  /// `cells`: of all outputs of the dispatcher; not owned.
  WorkerOutput(Output& ring, std::span<HeldItem> hold, StreamCells& cells,
               const HoldLimits& limits) noexcept
      : ring_(ring), hold_(hold), streams_(cells), limits_(limits) {}

  /// Room in the ring for one more event, to be written before publish(); null: there is none, or
  /// other events wait already. Then the caller calls wait().
  [[nodiscard]] event::WorkItem* claim() noexcept {
    // Once one event waits, those after it do as well: order is kept.
    return none_waits() ? ring_.claim() : nullptr;
  }

  /// Room in the ring for up to `wanted` more events, side by side; none while others wait. The
  /// caller writes them from the first on, then calls claimed() with the number it has written.
  [[nodiscard]] std::span<event::WorkItem> room(std::size_t wanted) noexcept {
    return none_waits() ? ring_.room(wanted) : std::span<event::WorkItem>();
  }
  void claimed(std::size_t count) noexcept { ring_.claimed(count); }

  /// For an event for which claim() had no room. `on_full` is its route's. `alike` true: any event
  /// may wait while there is room; false: the last part of the room is for higher priorities
  /// (HoldQueue::room_for).
  [[nodiscard]] Wait wait(const event::WorkItem& item, config::OnFull on_full, bool alike,
                          std::uint64_t now) noexcept {
    if (stopped_) return Wait::kStopped;
    if (on_full != config::OnFull::kHold) return Wait::kFull;
    if (hold_.size() >= (alike ? hold_.capacity() : hold_.room_for(item.event.priority)))
      return Wait::kFull;
    hold_.push(item, now);
    return Wait::kHeld;
  }

  /// The same for an event of a connection whose route waits. False: no cell is free.
  [[nodiscard]] bool wait_of_stream(const event::WorkItem& item, std::uint64_t now) noexcept {
    return streams_.push(item, now);
  }

  /// Shows the worker the events claimed so far; returns how many.
  std::size_t publish() noexcept { return ring_.publish(); }

  /// Moves events that wait into the ring, as far as there is room; returns how many.
  std::size_t push_held(std::uint64_t now) noexcept {
    while (!none_waits()) {
      event::WorkItem* room = ring_.claim();
      if (room == nullptr) break;
      take_next(*room);
    }
    const std::size_t moved = ring_.publish();
    if (moved != 0) moved_tsc_ = now;
    if (stopped_ && hold_.empty() && (moved != 0 || ring_.size() <= ring_.capacity() / 2)) {
      stopped_ = false;
    }
    return moved;
  }

  /// Calls give_up(const event::WorkItem&) on up to `max` events that have waited too long; how
  /// many.
  template <class F>
  std::size_t expire(std::uint64_t now, std::size_t max, F&& give_up) noexcept {
    std::size_t count = 0;
    for (; count < max && !hold_.empty() && is_late(hold_.front().since_tsc, now); ++count) {
      give_up(hold_.front().item);
      hold_.pop();
    }
    // Events of connections may wait for long behind one another: they say that the worker has
    // stopped if none that waited has moved on for so long.
    const bool stuck =
        !streams_.empty() && is_late(std::max(streams_.front().since_tsc, moved_tsc_), now);
    if (count != 0 || stuck) stopped_ = true;
    return count;
  }

  /// Calls give_up() on all events that wait, however long they have; returns how many.
  template <class F>
  std::size_t discard(F&& give_up) noexcept {
    const std::size_t count = hold_.size() + streams_.size();
    for (; !hold_.empty(); hold_.pop()) give_up(hold_.front().item);
    for (; !streams_.empty(); streams_.pop()) give_up(streams_.front().item);
    return count;
  }

  /// Events with a time limit that wait, and how many may.
  [[nodiscard]] std::size_t held() const noexcept { return hold_.size(); }
  [[nodiscard]] std::size_t hold_room() const noexcept { return hold_.capacity(); }
  [[nodiscard]] bool stopped() const noexcept { return stopped_; }
  [[nodiscard]] const Output& ring() const noexcept { return ring_; }

 private:
  [[nodiscard]] bool none_waits() const noexcept { return hold_.empty() && streams_.empty(); }
  [[nodiscard]] bool is_late(std::uint64_t since_tsc, std::uint64_t now) const noexcept {
    return now - since_tsc >= limits_.timeout_cycles;
  }

  /// Some event waits.
  void take_next(event::WorkItem& room) noexcept {
    streams_turn_ = !streams_.empty() && (hold_.empty() || !streams_turn_);
    if (streams_turn_) {
      room = streams_.front().item;
      streams_.pop();
    } else {
      room = hold_.front().item;
      hold_.pop();
    }
  }

  Output& ring_;
  HoldQueue hold_;
  StreamHold streams_;
  HoldLimits limits_;
  std::uint64_t moved_tsc_ = 0;  ///< when the ring last took an event that waited
  bool stopped_ = false;
  bool streams_turn_ = false;  ///< the last event that the ring took of those that waited was one
};

}  // namespace esc::dispatch
