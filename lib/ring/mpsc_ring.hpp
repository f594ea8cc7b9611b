// SPDX-License-Identifier: BSD-3-Clause
// The ring between the lcores that receive and the lcore that dispatches: many producers, one
// consumer, events by value.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "base/align.hpp"
#include "ring/atomics.hpp"
#include "ring/storage.hpp"

namespace esc::ring {

/// Bounded queue of trivially copyable elements of up to 56 bytes, one cache line each.
///
/// Algorithm: per-slot sequence numbers as in D. Vyukov's bounded MPMC queue (1024cores.net),
/// changed in two ways. A producer claims n cells with one compare-and-swap and publishes each by
/// its own sequence, so no producer ever waits for another; one that is preempted between claim and
/// publish leaves a hole at which only the consumer waits. And the consumer does not write cells
/// back: it publishes one index a burst, against which producers check for room.
///
/// Indices are 64 bits wide and never wrap. The cell of index i is published when its sequence is i
/// + 1.
///
/// Threads: any number of producers, each through a Producer of its own; one consumer; size(),
/// capacity() and hole_waits() from anywhere. Memory belongs to the caller and must outlive the
/// ring. Only construction can fail and throw.
template <class T, class Atomics = StdAtomics>
class MpscRing {
  static_assert(std::is_trivially_copyable_v<T>, "elements are copied as bytes");
  static_assert(sizeof(T) + sizeof(std::uint64_t) <= kCacheLineBytes,
                "an element and its sequence share one cache line");

  template <class U>
  using Atomic = typename Atomics::template atomic<U>;

 public:
  struct alignas(kCacheLineBytes) Cell {
    /// Written by the producer that claimed the cell (release, after `value`), read by the consumer
    /// (acquire).
    Atomic<std::uint64_t> sequence{0};
    T value;
  };
  static_assert(sizeof(Cell) == kCacheLineBytes);

  class Producer;

  /// How often a producer tries to claim before it gives up until its next poll. Each lost try
  /// means that another producer has won one, so more than a few in a row are rare however many
  /// producers there are.
  static constexpr unsigned kClaimAttempts = 16;

  /// After so many fruitless polls in a row the consumer checks whether it waits at a hole. The
  /// check reads the cache line on which the producers' compare-and-swap works, so it is not done
  /// at every poll.
  static constexpr unsigned kPollsPerHoleCheck = 16;

  /// Bytes of memory for `capacity` elements.
  [[nodiscard]] static constexpr std::size_t bytes_for(std::size_t capacity) noexcept {
    return capacity * sizeof(Cell);
  }

  /// Makes cells in raw memory (hugepages) of bytes_for(capacity) bytes that begins at a cache
  /// line.
  [[nodiscard]] static std::span<Cell> cells_in(std::span<std::byte> memory) {
    return detail::make_slots<Cell>(memory);
  }

  /// Takes `cells` into use, whatever they hold. Throws std::invalid_argument unless their number
  /// is a power of two and the first begins at a cache line. The ring must be handed to other
  /// threads by something that synchronises.
  explicit MpscRing(std::span<Cell> cells)
      : cells_(detail::checked_slots(cells).data()), mask_(cells.size() - 1) {
    for (Cell& cell : cells) cell.sequence.store(0, std::memory_order_relaxed);
  }
  MpscRing(const MpscRing&) = delete;
  MpscRing& operator=(const MpscRing&) = delete;

  /// Consumer. Moves up to out.size() elements out, oldest first; returns how many.
  [[nodiscard]] std::size_t pop_burst(std::span<T> out) noexcept {
    T* to = out.data();
    return consume_burst(out.size(), [&to](const T& value) { *to++ = value; });
  }

  /// Consumer. How many elements, up to `max`, lie ready to be read in place by peek().
  [[nodiscard]] std::size_t ready(std::size_t max) noexcept {
    const std::uint64_t head = consumer_.head;
    std::size_t count = 0;
    // Acquire: pairs with the release in Producer::publish, so the value is read as it was written
    // before the sequence.
    while (count < max &&
           cell_at(head + count).sequence.load(std::memory_order_acquire) == head + count + 1) {
      ++count;
    }
    if (count == 0) note_fruitless_poll();
    return count;
  }

  /// Cells that lie side by side, up to the ring's end, for a loop that does not know beforehand
  /// how many elements it takes. It has nothing to compute for each but the next address, and
  /// nothing that it writes makes it load the ring's members again. Ends with release().
  class Stretch {
   public:
    /// 1 or more, ready or not.
    [[nodiscard]] std::size_t size() const noexcept { return cells_.size(); }
    [[nodiscard]] bool is_ready(std::size_t i) const noexcept {
      // Acquire: as in ready().
      return cells_[i].sequence.load(std::memory_order_acquire) == first_ + i + 1;
    }
    /// An element that is ready.
    [[nodiscard]] const T& value(std::size_t i) const noexcept {
      Atomics::will_read(&cells_[i].value);
      return cells_[i].value;
    }

   private:
    friend class MpscRing;
    Stretch(std::span<const Cell> cells, std::uint64_t first) noexcept
        : cells_(cells), first_(first) {}

    std::span<const Cell> cells_;
    std::uint64_t first_;  ///< index of the first one
  };
  /// Consumer. The cells from that of the `from`-th oldest element on.
  [[nodiscard]] Stretch stretch(std::size_t from) const noexcept {
    const std::uint64_t first = consumer_.head + from;
    return {std::span(&cell_at(first), mask_ + 1 - (first & mask_)), first};
  }

  /// Consumer. The i-th oldest of those that are ready; the reference ends with release().
  [[nodiscard]] const T& peek(std::size_t i) const noexcept {
    const Cell& cell = cell_at(consumer_.head + i);
    Atomics::will_read(&cell.value);
    return cell.value;
  }

  /// Consumer. Gives the cells of the `count` oldest elements, ready ones, back to the producers.
  void release(std::size_t count) noexcept {
    if (count == 0) return;
    consumer_.head += count;
    consumer_.fruitless_polls = 0;
    // Release: the values have been read before a producer that acquires this may write over them.
    consumed_.store(consumer_.head, std::memory_order_release);
  }

  /// Consumer. Calls f(const T&) on up to `max` elements in place, oldest first, then releases
  /// their cells at once; returns how many. The references end with the call. f must not throw and
  /// must not consume from this ring.
  template <class F>
  std::size_t consume_burst(std::size_t max, F&& f) noexcept {
    const std::size_t count = ready(max);
    for (std::size_t i = 0; i < count; ++i) f(peek(i));
    release(count);
    return count;
  }

  /// Elements claimed and not yet consumed: exact when nobody works on the ring, otherwise a value
  /// it had a moment ago.
  [[nodiscard]] std::size_t size() const noexcept {
    // Consumed first, and acquired: tail is then read at least as new, and the difference is never
    // negative.
    const std::uint64_t consumed = consumed_.load(std::memory_order_acquire);
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    return std::min(static_cast<std::size_t>(tail - consumed), capacity());
  }

  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }

  /// Every element with a lower index has been consumed: for a producer that remembers end().
  [[nodiscard]] std::uint64_t consumed() const noexcept {
    // Acquire: pairs with the release in release(), so what the consumer wrote about those elements
    // before is seen.
    return consumed_.load(std::memory_order_acquire);
  }

  /// How many holes have held the consumer up for kPollsPerHoleCheck fruitless polls or more. A
  /// hole is cells that a producer claimed and has not published, most likely because it was
  /// preempted. Each hole counts once.
  [[nodiscard]] std::uint64_t hole_waits() const noexcept {
    return consumer_.hole_waits.load(std::memory_order_relaxed);
  }

 private:
  // Only the consumer's thread touches this line, but for hole_waits, which anyone may read.
  struct alignas(kLinePairBytes) Consumer {
    std::uint64_t head = 0;               ///< index of the next element
    std::uint64_t hole_counted_at = 0;    ///< 1 + index of the last hole that was counted
    unsigned fruitless_polls = 0;         ///< since the last element or the last look for a hole
    Atomic<std::uint64_t> hole_waits{0};  ///< single writer, relaxed: it orders nothing
  };

  [[nodiscard]] Cell& cell_at(std::uint64_t index) const noexcept { return cells_[index & mask_]; }

  void note_fruitless_poll() noexcept {
    if (++consumer_.fruitless_polls < kPollsPerHoleCheck) return;
    consumer_.fruitless_polls = 0;
    const std::uint64_t head = consumer_.head;
    if (tail_.load(std::memory_order_relaxed) == head) return;  // empty, no hole
    if (consumer_.hole_counted_at == head + 1) return;
    consumer_.hole_counted_at = head + 1;
    consumer_.hole_waits.store(consumer_.hole_waits.load(std::memory_order_relaxed) + 1,
                               std::memory_order_relaxed);
  }

  // Pair 1: constant after construction, read by all.
  alignas(kCacheLineBytes) Cell* cells_;
  std::uint64_t mask_;

  // Pair 2: index of the next cell to claim. Producers write it (compare-and-swap), all read it.
  // Relaxed throughout: it only shares out indices; values are ordered by the cells' sequences,
  // their reuse by consumed_.
  alignas(kLinePairBytes) Atomic<std::uint64_t> tail_{0};

  // Pair 3: everything below this index has been read. The consumer writes it (release), producers
  // read it (acquire).
  alignas(kLinePairBytes) Atomic<std::uint64_t> consumed_{0};

  // Pair 4.
  Consumer consumer_;
};

/// One producer's end of an MpscRing, used by one thread at a time. It must not outlive the ring.
template <class T, class Atomics>
class MpscRing<T, Atomics>::Producer {
 public:
  explicit Producer(MpscRing& ring) noexcept : ring_(&ring) {}

  /// Appends a prefix of `items`, in order and side by side, and returns its length: less than
  /// items.size() when the ring has less room, 0 also when other producers won every attempt
  /// (contended() tells). The caller keeps the rest.
  [[nodiscard]] std::size_t push_burst(std::span<const T> items) noexcept {
    std::uint64_t first = 0;
    const std::size_t count = claim(items.size(), first);
    Cell* const cells = ring_->cells_;
    const std::uint64_t mask = ring_->mask_;
    // The ring may end within them.
    const auto before_end = std::min(count, static_cast<std::size_t>(mask + 1 - (first & mask)));
    // Last cell first: a consumer that waits before the burst's first cell then finds all of them,
    // instead of following from line to line while they are written.
    publish(cells, items.subspan(before_end, count - before_end), first + before_end);
    publish(cells + (first & mask), items.first(before_end), first);
    return count;
  }

  /// The index behind the last element that this producer appended; 0: it has appended none. Read
  /// by the producer's own thread.
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

  /// How many calls returned 0 because of other producers, not for want of room. Read by the
  /// producer's own thread.
  [[nodiscard]] std::uint64_t contended() const noexcept { return contended_; }

 private:
  /// Writes claimed cells that lie side by side, the last one first. `first`: index of the first.
  [[gnu::always_inline]] static void publish(Cell* cells, std::span<const T> items,
                                             std::uint64_t first) noexcept {
    for (std::size_t i = items.size(); i-- > 0;) {
      Atomics::will_write(&cells[i].value);
      cells[i].value = items[i];
      // Release: pairs with the consumer's acquire of the sequence.
      cells[i].sequence.store(first + i + 1, std::memory_order_release);
    }
  }

  /// Claims up to `wanted` cells; returns how many and the index of the first.
  [[nodiscard]] std::size_t claim(std::size_t wanted, std::uint64_t& first) noexcept {
    if (wanted == 0) return 0;
    std::uint64_t tail = ring_->tail_.load(std::memory_order_relaxed);
    for (unsigned attempt = 0; attempt < kClaimAttempts; ++attempt) {
      const std::size_t count = std::min(wanted, room_after(tail, wanted));
      if (count == 0) return 0;
      if (ring_->tail_.compare_exchange_weak(tail, tail + count, std::memory_order_relaxed,
                                             std::memory_order_relaxed)) {
        first = tail;
        end_ = tail + count;
        return count;
      }
    }
    ++contended_;
    return 0;
  }

  /// Cells free behind `tail`, asking the consumer's line only when the remembered index does not
  /// leave room for `wanted`.
  [[nodiscard]] std::size_t room_after(std::uint64_t tail, std::size_t wanted) noexcept {
    std::size_t room = free_cells(tail);
    if (room < wanted) {
      // Acquire: the consumer has read the cells below this index before we write over them.
      consumed_seen_ = ring_->consumed_.load(std::memory_order_acquire);
      room = free_cells(tail);
    }
    return room;
  }

  /// `tail` may be older than consumed_seen_: others may have pushed, and the consumer popped,
  /// since it was read. Used cells are then negative, hence the signed difference. The claim fails
  /// on such a tail, whatever room it is promised.
  [[nodiscard]] std::size_t free_cells(std::uint64_t tail) const noexcept {
    const auto used = static_cast<std::int64_t>(tail - consumed_seen_);
    const auto capacity = static_cast<std::int64_t>(ring_->capacity());
    return static_cast<std::size_t>(capacity - std::clamp<std::int64_t>(used, 0, capacity));
  }

  MpscRing* ring_;
  std::uint64_t consumed_seen_ =
      0;  ///< consumed_ as last read: a bound that errs towards too little room
  std::uint64_t end_ = 0;
  std::uint64_t contended_ = 0;
};

}  // namespace esc::ring
