// SPDX-License-Identifier: BSD-3-Clause
// The ring from one lcore to another, for example from the dispatcher to a worker: events by value.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "base/align.hpp"
#include "ring/atomics.hpp"
#include "ring/storage.hpp"

namespace esc::ring {

/// Bounded queue of trivially copyable elements, made for elements of 64 bytes; all slots are
/// usable.
///
/// Algorithm: Lamport's single-producer single-consumer ring with free-running 64-bit indices; each
/// side keeps a copy of the other's index and reads the real one only when the copy says full or
/// empty (as in E. Rigtorp's SPSCQueue).
///
/// Threads: one producer (push_burst, or claim or room and publish), one consumer (pop_burst,
/// consume_burst, consume_run); size() and capacity() from anywhere. Memory belongs to the caller
/// and must outlive the ring. Only construction can fail and throw.
template <class T, class Atomics = StdAtomics>
class SpscRing {
  static_assert(std::is_trivially_copyable_v<T>, "elements are copied as bytes");

  template <class U>
  using Atomic = typename Atomics::template atomic<U>;

 public:
  /// Bytes of memory for `capacity` elements.
  [[nodiscard]] static constexpr std::size_t bytes_for(std::size_t capacity) noexcept {
    return capacity * sizeof(T);
  }

  /// Makes slots in raw memory (hugepages) of bytes_for(capacity) bytes that begins at a cache
  /// line.
  [[nodiscard]] static std::span<T> slots_in(std::span<std::byte> memory) {
    return detail::make_slots<T>(memory);
  }

  /// Throws std::invalid_argument unless the number of slots is a power of two and the first begins
  /// at a cache line. The ring must be handed to other threads by something that synchronises.
  explicit SpscRing(std::span<T> slots)
      : slots_(detail::checked_slots(slots).data()), mask_(slots.size() - 1) {}
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  /// Producer. The next free slot, to be written in place, or nullptr when there is none. The
  /// consumer does not see it before publish(); every claimed slot is to be written by then.
  [[nodiscard]] T* claim() noexcept {
    if (room_for(1) == 0) return nullptr;
    T* slot = &slots_[producer_.claimed++ & mask_];
    Atomics::will_write(slot);
    return slot;
  }

  /// Producer. The same for several slots that lie side by side, at most `wanted`: to be written in
  /// place, from the first on. Then claimed() claims as many as were written. At the end of the
  /// memory there are fewer than are free: the next call goes on at its beginning.
  [[nodiscard]] std::span<T> room(std::size_t wanted) noexcept {
    const std::size_t first = producer_.claimed & mask_;
    const std::span<T> slots(slots_ + first,
                             std::min({room_for(wanted), wanted, capacity() - first}));
    for (T& slot : slots) Atomics::will_write(&slot);
    return slots;
  }
  void claimed(std::size_t count) noexcept { producer_.claimed += count; }

  /// Producer. Shows the consumer every slot claimed since the last time; returns how many.
  std::size_t publish() noexcept {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);  // our own
    // Release: pairs with the consumer's acquire of tail_; the slots are written before they are
    // announced.
    if (producer_.claimed != tail) tail_.store(producer_.claimed, std::memory_order_release);
    return static_cast<std::size_t>(producer_.claimed - tail);
  }

  /// Producer; nothing claimed. Appends a prefix of `items` in order and returns its length: less
  /// than items.size() when the ring has less room. The caller keeps the rest.
  [[nodiscard]] std::size_t push_burst(std::span<const T> items) noexcept {
    for (std::span<T> slots = room(items.size()); !slots.empty(); slots = room(items.size())) {
      std::copy_n(items.begin(), slots.size(), slots.begin());
      claimed(slots.size());
      items = items.subspan(slots.size());
    }
    return publish();
  }

  /// Consumer. Moves up to out.size() elements out, oldest first; returns how many.
  [[nodiscard]] std::size_t pop_burst(std::span<T> out) noexcept {
    T* to = out.data();
    return consume_burst(out.size(), [&to](const T& value) { *to++ = value; });
  }

  /// Consumer. Calls f(const T&) on up to `max` elements in place, oldest first, then releases
  /// their slots at once; returns how many. The references end with the call. f must not throw and
  /// must not consume from this ring.
  template <class F>
  std::size_t consume_burst(std::size_t max, F&& f) noexcept {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);  // our own
    const std::size_t count = std::min(ready_after(head, max), max);
    for (std::size_t i = 0; i < count; ++i) {
      const T& slot = slots_[(head + i) & mask_];
      Atomics::will_read(&slot);
      f(slot);
    }
    release(head, count);
    return count;
  }

  /// Consumer. As consume_burst, but one call f(std::span<const T>) for up to `max` elements that
  /// lie side by side: fewer at the end of the memory, where the next call goes on at its
  /// beginning. No call when there is nothing.
  template <class F>
  std::size_t consume_run(std::size_t max, F&& f) noexcept {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);  // our own
    const std::size_t first = head & mask_;
    const std::size_t count = std::min({ready_after(head, max), max, capacity() - first});
    if (count == 0) return 0;
    const std::span<const T> run(slots_ + first, count);
    for (const T& slot : run) Atomics::will_read(&slot);
    f(run);
    release(head, count);
    return count;
  }

  /// Elements pushed and not yet consumed: exact when nobody works on the ring, otherwise a value
  /// it had a moment ago.
  [[nodiscard]] std::size_t size() const noexcept {
    // Head first, and acquired: tail is then read at least as new, and the difference is never
    // negative.
    const std::uint64_t head = head_.load(std::memory_order_acquire);
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    return std::min(static_cast<std::size_t>(tail - head), capacity());
  }

  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }

 private:
  /// Slots free behind the claimed ones, asking the consumer's line only when the remembered index
  /// does not leave room for `wanted`.
  [[nodiscard]] std::size_t room_for(std::size_t wanted) noexcept {
    const std::uint64_t full_at = producer_.head_seen + capacity();
    if (full_at - producer_.claimed >= wanted) return full_at - producer_.claimed;
    // Acquire: the consumer has read the slots below this index before we write over them.
    producer_.head_seen = head_.load(std::memory_order_acquire);
    return producer_.head_seen + capacity() - producer_.claimed;
  }

  /// Elements to be had from `head` on, asking the producer's line only when the remembered index
  /// does not promise `wanted`.
  [[nodiscard]] std::size_t ready_after(std::uint64_t head, std::size_t wanted) noexcept {
    if (static_cast<std::size_t>(consumer_.tail_seen - head) < wanted) {
      // Acquire: pairs with the release in publish, so the slots below this index are read as they
      // were written.
      consumer_.tail_seen = tail_.load(std::memory_order_acquire);
    }
    return static_cast<std::size_t>(consumer_.tail_seen - head);
  }

  void release(std::uint64_t head, std::size_t count) noexcept {
    // Release: the slots have been read before the producer that acquires this may write over them.
    if (count != 0) head_.store(head + count, std::memory_order_release);
  }

  // What only one side uses lies apart from what the other side reads, each in a pair of lines, so
  // that a claim does not make the consumer fetch a line again.
  struct alignas(kLinePairBytes) ProducerSide {
    std::uint64_t claimed = 0;    ///< next index to claim, tail_ or after it
    std::uint64_t head_seen = 0;  ///< head_ as last read, never ahead of it
  };
  struct alignas(kLinePairBytes) ConsumerSide {
    std::uint64_t tail_seen = 0;  ///< tail_ as last read, never ahead of it
  };

  // Pair 1: constant after construction, read by both.
  alignas(kCacheLineBytes) T* slots_;
  std::uint64_t mask_;
  // Pair 2: everything below this index is published. Producer writes (release), consumer reads
  // (acquire).
  alignas(kLinePairBytes) Atomic<std::uint64_t> tail_{0};
  // Pair 3: next index to read. Consumer writes (release), producer reads (acquire).
  alignas(kLinePairBytes) Atomic<std::uint64_t> head_{0};
  // Pairs 4 and 5: the producer's own, and the consumer's own.
  ProducerSide producer_;
  ConsumerSide consumer_;
};

}  // namespace esc::ring
