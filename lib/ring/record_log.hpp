// SPDX-License-Identifier: BSD-3-Clause
// The last few records that one lcore wrote, for any thread to read. A reader that is too slow
// loses the oldest.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/align.hpp"
#include "ring/atomics.hpp"

namespace esc::ring {

/// A bounded history of small records. The writer never waits: it writes over the oldest. Readers
/// share nothing but the memory; each has a cursor of its own, which counts what it missed.
///
/// Algorithm: a sequence lock with the data in atomics and without fences (H.-J. Boehm, "Can
/// seqlocks get along with programming language memory models?", MSPC 2012), one for all slots: the
/// writer says which record it begins, and which it has finished.
///
/// Threads: one writer (append); any number of readers, each with its own cursor. Nothing fails or
/// throws.
template <class T, std::size_t kSlots, class Atomics = StdAtomics>
class RecordLog {
  static_assert(std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T> &&
                    sizeof(T) % sizeof(std::uint64_t) == 0,
                "records are copied word by word");
  static_assert(is_power_of_two(kSlots));

  static constexpr std::size_t kWords = sizeof(T) / sizeof(std::uint64_t);
  using Atomic = typename Atomics::template atomic<std::uint64_t>;

 public:
  struct Cursor {
    std::uint64_t next = 0;    ///< number of the record to be read
    std::uint64_t missed = 0;  ///< records that were written over before they were read
  };

  RecordLog() = default;
  RecordLog(const RecordLog&) = delete;
  RecordLog& operator=(const RecordLog&) = delete;

  /// Writer.
  void append(const T& record) noexcept {
    const std::uint64_t number = finished_.load(std::memory_order_relaxed);  // our own
    const auto words = std::bit_cast<std::array<std::uint64_t, kWords>>(record);
    begun_.store(number + 1, std::memory_order_relaxed);
    Slot& slot = slots_[number & (kSlots - 1)];
    for (std::size_t i = 0; i < kWords; ++i) {
      // Release: pairs with the acquire in read(). A reader that gets this word also sees that its
      // record has begun, and does not take the word for a part of the record that was in this slot
      // before.
      slot[i].store(words[i], std::memory_order_release);
    }
    // Release: pairs with the acquire in next(). A reader that sees this reads the words of this
    // record or of later ones.
    finished_.store(number + 1, std::memory_order_release);
  }

  /// Reader. The oldest record that the cursor has not had yet; false: there is none. Records that
  /// were written over are skipped and counted in the cursor.
  [[nodiscard]] bool next(Cursor& cursor, T& out) const noexcept {
    // Each round either answers or moves the cursor past a record that was lost meanwhile.
    for (std::size_t round = 0; round < kSlots; ++round) {
      const std::uint64_t finished = finished_.load(std::memory_order_acquire);
      if (cursor.next == finished) return false;
      const std::uint64_t oldest = finished > kSlots ? finished - kSlots : 0;
      if (cursor.next < oldest) {
        cursor.missed += oldest - cursor.next;
        cursor.next = oldest;
      }
      if (read(cursor.next++, out)) return true;
      ++cursor.missed;
    }
    return false;  // the writer outran us all along; the next call goes on from here
  }

  /// Reader. A cursor that begins with the oldest record that is still there.
  [[nodiscard]] Cursor from_oldest() const noexcept {
    const std::uint64_t finished = appended();
    return {.next = finished > kSlots ? finished - kSlots : 0};
  }

  /// Records written since the start.
  [[nodiscard]] std::uint64_t appended() const noexcept {
    return finished_.load(std::memory_order_acquire);
  }

  [[nodiscard]] static constexpr std::size_t capacity() noexcept { return kSlots; }

 private:
  struct Word : Atomic {
    Word() noexcept : Atomic(0) {}
  };
  using Slot = std::array<Word, kWords>;

  /// Reads a finished record; false: its slot has been written over, or is being written.
  [[nodiscard]] bool read(std::uint64_t number, T& out) const noexcept {
    const Slot& slot = slots_[number & (kSlots - 1)];
    std::array<std::uint64_t, kWords> words;
    for (std::size_t i = 0; i < kWords; ++i) words[i] = slot[i].load(std::memory_order_acquire);
    // Relaxed: the acquires above keep this load behind them, and whoever read a word of a later
    // record also sees that this record had begun.
    if (begun_.load(std::memory_order_relaxed) > number + kSlots) return false;
    out = std::bit_cast<T>(words);
    return true;
  }

  std::array<Slot, kSlots> slots_;
  // Both are numbers of records; writer stores, readers load.
  alignas(kCacheLineBytes) Atomic begun_{0};
  Atomic finished_{0};
};

}  // namespace esc::ring
