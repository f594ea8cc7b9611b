// SPDX-License-Identifier: BSD-3-Clause
// Below which of its numbers everything of a producer is settled: delivered, on the disk, refused,
// dropped, or never sent.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/align.hpp"

namespace esc::identity {

/// A producer's position.
struct SettledPosition {
  std::uint64_t next = 0;      ///< every lower number is settled
  std::uint64_t rejected = 0;  ///< of those settled so far, how many were not delivered
  bool known = false;          ///< false: nobody can say
};

/// The shared part of SettledNumbers. On a line of its own: every stage writes it.
struct alignas(kLinePairBytes) SettledEntry {
  // Written by the dispatcher.
  std::atomic<std::uint64_t> first{0};  ///< the lowest number that is looked at
  std::atomic<std::uint64_t> top{0};    ///< one above the highest number that came
  std::atomic<std::uint64_t> reach{0};  ///< as `top`, but set before bits are used again
  std::atomic<bool> lost{false};        ///< a number in flight has left the window
  // Written by whoever settles.
  std::atomic<std::uint64_t> settled{0};   ///< numbers that were in flight and are settled
  std::atomic<std::uint64_t> rejected{0};  ///< numbers that ended otherwise than delivered
};

/// A window of bits, as identity::SequenceWindow has one, with another meaning: a bit is set while
/// its number is open, that is in flight or not sent yet. Numbers n and n - W share a bit, W being
/// the width. A number that never came counts as settled when it leaves the window.
///
/// The dispatcher, which owns the producer's window, takes numbers in: came() and ended(). Any
/// stage settles those in flight, in any order; what it settles twice counts once. Any thread reads
/// position(): it may be behind what is settled, and is never past an open number. For one reader
/// it does not go back, unless a number below all others that came follows.
///
/// A number in flight must not leave the window, or nobody could say any more when it is settled;
/// so a sender that asks for positions is not read when so many of its numbers are open. If it
/// happens all the same, there is no position until restart().
class SettledNumbers {
 public:
  using Word = std::atomic<std::uint64_t>;
  static constexpr std::uint64_t kWordBits = 64;

  /// Nothing is owned. `open` and `gaps` have as many words, a power of two: the window's width in
  /// 64s. `gaps` is the dispatcher's alone.
  SettledNumbers(SettledEntry& entry, std::span<Word> open, std::span<std::uint64_t> gaps) noexcept
      : entry_(entry), open_(open.data()), gaps_(gaps.data()), mask_(open.size() - 1) {}

  [[nodiscard]] std::uint64_t width() const noexcept { return (mask_ + 1) * kWordBits; }

  /// Dispatcher, while nothing is in flight: forgets all. Numbers from `first` on are looked at.
  void restart(std::uint64_t first) noexcept {
    // All release: whoever sees one of these stores sees those before it.
    entry_.lost.store(true, std::memory_order_release);  // no position meanwhile
    for (std::uint64_t i = 0; i <= mask_; ++i) {
      open_[i].store(0, std::memory_order_release);
      gaps_[i] = 0;
    }
    in_flight_ = 0;
    settled_before_ = entry_.settled.load(std::memory_order_relaxed);
    entry_.rejected.store(0, std::memory_order_release);
    entry_.first.store(first, std::memory_order_release);
    entry_.top.store(first, std::memory_order_release);
    entry_.reach.store(first, std::memory_order_release);
    entry_.lost.store(false, std::memory_order_release);
  }

  /// Dispatcher: numbers of which each came for the first time, and which are in flight from now
  /// on. `count`: 1 to 64.
  void came(std::uint64_t number, std::uint64_t count) noexcept {
    take_in(number, count);
    for_words(number, count, [this](std::uint64_t word, std::uint64_t bits) {
      open_[word].fetch_or(bits, std::memory_order_release);
      gaps_[word] &= ~bits;
    });
    in_flight_ += count;
    show_top(number + count);
  }

  /// Dispatcher: the same for numbers that have ended already, `rejected` or not.
  void ended(std::uint64_t number, std::uint64_t count, bool rejected) noexcept {
    take_in(number, count);
    for_words(number, count, [this](std::uint64_t word, std::uint64_t bits) {
      open_[word].fetch_and(~bits, std::memory_order_relaxed);
      gaps_[word] &= ~bits;
    });
    if (rejected) entry_.rejected.fetch_add(count, std::memory_order_relaxed);
    show_top(number + count);
  }

  /// Any stage: numbers in flight have ended. `count`: 1 to 64.
  void settle(std::uint64_t number, std::uint64_t count, bool rejected) noexcept {
    std::uint64_t were_open = 0;
    for_words(number, count, [&](std::uint64_t word, std::uint64_t bits) {
      // Release: whoever sees a number settled sees what its end wrote.
      const std::uint64_t before = open_[word].fetch_and(~bits, std::memory_order_release);
      were_open += static_cast<std::uint64_t>(std::popcount(before & bits));
    });
    if (rejected) entry_.rejected.fetch_add(were_open, std::memory_order_relaxed);
    // Release: pairs with in_flight(), so that nothing of these numbers follows a restart().
    entry_.settled.fetch_add(were_open, std::memory_order_release);
  }

  /// Dispatcher: how many numbers are in flight.
  [[nodiscard]] std::uint64_t in_flight() const noexcept {
    return in_flight_ - (entry_.settled.load(std::memory_order_acquire) - settled_before_);
  }

  /// Any thread. Not known either while the window moves on too fast to be read.
  [[nodiscard]] SettledPosition position() const noexcept {
    SettledPosition position{.next = 0, .rejected = 0, .known = false};
    if (entry_.lost.load(std::memory_order_acquire)) return position;
    const std::uint64_t first = entry_.first.load(std::memory_order_acquire);
    std::uint64_t lowest = first;
    for (int looks = 0; looks < kLooks && !position.known; ++looks) {
      // Acquire: pairs with the release of show_top(), so the bits of lower numbers are set.
      const std::uint64_t top = entry_.top.load(std::memory_order_acquire);
      lowest = std::max(lowest, window_begin(top));
      position.next = lowest_open(std::min(lowest, top), top);
      // What has left the window meanwhile is settled, but its bits may be those of others by now.
      lowest = std::max(lowest, window_begin(entry_.reach.load(std::memory_order_acquire)));
      position.known = position.next >= lowest;
    }
    position.rejected = entry_.rejected.load(std::memory_order_acquire);
    // A restart meanwhile: what was read may be of both.
    position.known = position.known && !entry_.lost.load(std::memory_order_acquire) &&
                     entry_.first.load(std::memory_order_acquire) == first;
    return position;
  }

 private:
  static constexpr int kLooks = 4;

  [[nodiscard]] std::uint64_t window_begin(std::uint64_t end) const noexcept {
    return end > width() ? end - width() : 0;
  }

  /// Calls f(word, bits) for the words that hold the bits of `count` numbers, at most width().
  template <class F>
  void for_words(std::uint64_t number, std::uint64_t count, F&& f) const noexcept {
    while (count != 0) {
      const std::uint64_t begin = number % kWordBits;
      const std::uint64_t here = std::min(count, kWordBits - begin);
      f((number / kWordBits) & mask_, (~std::uint64_t{0} >> (kWordBits - here)) << begin);
      number += here;
      count -= here;
    }
  }

  /// Makes room for the numbers up to these: those that leave the window are settled, those that
  /// were passed over are open gaps.
  void take_in(std::uint64_t number, std::uint64_t count) noexcept {
    const std::uint64_t top = entry_.top.load(std::memory_order_relaxed);
    const std::uint64_t end = number + count;
    if (number < entry_.first.load(std::memory_order_relaxed)) {
      entry_.first.store(number, std::memory_order_relaxed);
    }
    if (end <= top) return;
    // Before the bits, which are set with release and read with acquire: who reads a bit that is
    // used again sees that it is.
    entry_.reach.store(end, std::memory_order_relaxed);
    const std::uint64_t entering = std::min(end - top, width());
    for_words(end - entering, entering, [this](std::uint64_t word, std::uint64_t bits) {
      // The bits are those of the numbers that leave. Acquire: as in position().
      const std::uint64_t leaving = open_[word].load(std::memory_order_acquire) & bits;
      if ((leaving & ~gaps_[word]) != 0) entry_.lost.store(true, std::memory_order_relaxed);
    });
    const std::uint64_t passed_over = number > top ? std::min(number - top, width() - count) : 0;
    for_words(number - passed_over, passed_over, [this](std::uint64_t word, std::uint64_t bits) {
      open_[word].fetch_or(bits, std::memory_order_release);
      gaps_[word] |= bits;
    });
  }

  void show_top(std::uint64_t end) noexcept {
    if (end <= entry_.top.load(std::memory_order_relaxed)) return;
    entry_.top.store(end, std::memory_order_release);
  }

  [[nodiscard]] std::uint64_t lowest_open(std::uint64_t number, std::uint64_t top) const noexcept {
    while (number < top) {
      const std::uint64_t begin = number % kWordBits;
      const std::uint64_t word =
          open_[(number / kWordBits) & mask_].load(std::memory_order_acquire) >> begin;
      const std::uint64_t here = std::min(top - number, kWordBits - begin);
      const auto free = static_cast<std::uint64_t>(std::countr_zero(word));
      if (free < here) return number + free;
      number += here;
    }
    return top;
  }

  SettledEntry& entry_;
  Word* open_;
  std::uint64_t* gaps_;
  std::uint64_t mask_;
  std::uint64_t in_flight_ = 0;       ///< that came since restart()
  std::uint64_t settled_before_ = 0;  ///< by the entry's count, at restart()
};

}  // namespace esc::identity
