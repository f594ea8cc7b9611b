// SPDX-License-Identifier: BSD-3-Clause
// One cache line of the table of keys. It holds the keys that were seen recently, and one atomic
// operation looks up and inserts a key.
//
// A bucket is a ring of slots, filled in turn, so that the next one to be written always holds the
// oldest key. A slot is one word: tag, tick, lap. The lap is how often the ring has gone round, and
// tells from the words alone which slot is next. Every insertion is a compare-and-swap on that
// slot: callers that race in a bucket compete for one and the same word, whatever their keys.
//
// Why exactly one of them hears "new". Insertions into a bucket are numbered by (lap, slot), and no
// number is given twice. A caller looks at all slots, wants their laps to be those after insertion
// n - 1, and swaps the word that it saw of insertion n - kSlots. If that succeeds it is insertion n
// itself, so what it saw is what the kSlots insertions before it left, and its key was not among
// them. Of two callers with one key the later in that order has seen the earlier.
//
// A lap has 6 bits, so it repeats after 448 insertions. A caller would be deceived only if it
// stalled between its first look and its swap (normally about 10 ns apart) for exactly a multiple
// of 448 insertions into its bucket, and then found the same word as before.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/align.hpp"
#include "ring/atomics.hpp"

namespace esc::identity {

enum class KeyVerdict : std::uint8_t {
  kNew,
  kDuplicate,  ///< inserted within the window, and still known
  kContended,  ///< lost every attempt to other callers in the same bucket: not judged, not marked
  kCount
};

/// How the words of a bucket are divided into fields. Only tests use other values than the
/// defaults.
template <unsigned kSlotsOf = 7, unsigned kTagBitsOf = 49, unsigned kTickBitsOf = 9,
          unsigned kLapBitsOf = 6>
struct KeyLayout {
  static constexpr unsigned kSlots = kSlotsOf;
  static constexpr unsigned kTagBits = kTagBitsOf;
  static constexpr unsigned kTickBits = kTickBitsOf;
  static constexpr unsigned kLapBits = kLapBitsOf;
  static_assert(kTagBits + kTickBits + kLapBits <= 64 && kTickBits >= 3 && kLapBits >= 2);

  /// A bucket is aired (air(): keys beyond the window are taken out) once in each era. kTickBits
  /// can tell 8 eras apart: the current one and the 7 of the window.
  static constexpr unsigned kEraBits = kTickBits - 3;
  static constexpr std::uint64_t kEraTicks = std::uint64_t{1} << kEraBits;
  static constexpr std::uint64_t kWindowTicks = 7 * kEraTicks;

  static constexpr std::uint64_t kLapMask = (std::uint64_t{1} << kLapBits) - 1;
  static constexpr std::uint64_t kTickMask = (std::uint64_t{1} << kTickBits) - 1;

  /// Never 0, which is a slot without a key.
  [[nodiscard]] static constexpr std::uint64_t tag_from(std::uint64_t hash) noexcept {
    return std::max<std::uint64_t>(hash >> (64 - kTagBits), 1);
  }
  [[nodiscard]] static constexpr std::uint64_t word(std::uint64_t tag, std::uint64_t tick,
                                                    std::uint64_t lap) noexcept {
    return (tag << (kTickBits + kLapBits)) | ((tick & kTickMask) << kLapBits) | (lap & kLapMask);
  }
  [[nodiscard]] static constexpr std::uint64_t tag_of(std::uint64_t word) noexcept {
    return word >> (kTickBits + kLapBits);
  }
  [[nodiscard]] static constexpr std::uint64_t tick_of(std::uint64_t word) noexcept {
    return (word >> kLapBits) & kTickMask;
  }
  [[nodiscard]] static constexpr std::uint64_t lap_of(std::uint64_t word) noexcept {
    return word & kLapMask;
  }
  [[nodiscard]] static constexpr std::uint64_t emptied(std::uint64_t word) noexcept {
    return lap_of(word);
  }
};

/// A verdict, and what mark() did to the bucket besides.
struct KeyMark {
  KeyVerdict verdict = KeyVerdict::kContended;
  bool evicted = false;
  std::uint8_t expired = 0;       ///< keys beyond the window that it took out
  std::uint32_t evicted_age = 0;  ///< ticks
};

/// All zero is an empty bucket. Memory: one cache line, kSlots keys. Any thread.
template <class Layout = KeyLayout<>, class Atomics = ring::StdAtomics>
struct alignas(kCacheLineBytes) KeyedBucket {
  using Word = typename Atomics::template atomic<std::uint64_t>;
  struct Slot {
    Word word{0};
  };

  /// A caller gives up after so many tries. A try fails only if another caller made progress in
  /// this bucket meanwhile (it inserted a key or aired the bucket), so more than a few failures in
  /// a row are rare, however many lcores there are.
  static constexpr unsigned kAttempts = 16;

  /// The last era in which the bucket was aired. No key in the bucket is from a later era, and none
  /// was older than the window when that era began. It never decreases.
  Word era{0};
  std::array<Slot, Layout::kSlots> slots{};

  /// Says whether `tag` was first seen less than a window before `now` (in ticks); if it was not,
  /// inserts it. The work is bounded: at most kAttempts looks at the line, and kAttempts times
  /// kSlots + 1 swaps.
  ///
  /// Callers' ticks may differ. A caller whose tick is before the bucket's era uses the first tick
  /// of that era.
  [[nodiscard]] KeyMark mark(std::uint64_t tag, std::uint64_t now) noexcept {
    KeyMark done;
    for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
      // Acquire: pairs with the release in air(); the slots are then read as that airing left them,
      // or newer, and none holds a tick from before it that would be taken for a new one.
      const std::uint64_t seen = era.load(std::memory_order_acquire);
      if (seen < (now >> Layout::kEraBits)) [[unlikely]] {
        done.expired = static_cast<std::uint8_t>(done.expired + air(seen, now));
        continue;
      }
      const Clock clock(seen, std::max(now, seen << Layout::kEraBits));
      const View view(slots);
      if (view.holds(tag, clock)) {
        done.verdict = KeyVerdict::kDuplicate;
        return done;
      }
      // Relaxed: what was inserted in a later era was read by acquire, and so this era is seen too.
      if (!view.in_order() || era.load(std::memory_order_relaxed) != seen) [[unlikely]]
        continue;
      std::uint64_t oldest = view.words[view.next];
      // Release: pairs with the acquire in View; who sees this key sees the era it was put in.
      if (slots[view.next].word.compare_exchange_weak(
              oldest, Layout::word(tag, clock.now, Layout::lap_of(oldest) + 1),
              std::memory_order_release, std::memory_order_relaxed)) {
        done.verdict = KeyVerdict::kNew;
        account(done, oldest, clock);
        return done;
      }
    }
    return done;
  }

  /// Does exactly the same as mark(), for a table that has only one caller, without an atomic swap.
  /// A swap waits for all stores before it, which took a quarter of the time where lines came from
  /// memory.
  [[nodiscard]] KeyMark mark_alone(std::uint64_t tag, std::uint64_t now) noexcept {
    // Relaxed, all of it: nobody else reads or writes here.
    KeyMark done;
    std::uint64_t seen = era.load(std::memory_order_relaxed);
    if (seen < (now >> Layout::kEraBits)) [[unlikely]] {
      done.expired = static_cast<std::uint8_t>(air(seen, now));
      seen = era.load(std::memory_order_relaxed);
      if (seen < (now >> Layout::kEraBits)) return done;
    }
    const Clock clock(seen, std::max(now, seen << Layout::kEraBits));
    Words words;  // NOLINT: filled below
    bool found = false;
    std::uint64_t odd_laps = 0;
#pragma GCC unroll 8
    for (unsigned i = 0; i < Layout::kSlots; ++i) {
      words[i] = slots[i].word.load(std::memory_order_relaxed);
      found |= Layout::tag_of(words[i]) == tag;
      odd_laps += Layout::lap_of(words[i]) & 1;
    }
    if (found && holds_live(words, tag, clock)) {
      done.verdict = KeyVerdict::kDuplicate;
      return done;
    }
    // They are in order: the slots a lap ahead of the last one are those whose lowest bit differs.
    const bool last_is_odd = (Layout::lap_of(words.back()) & 1) != 0;
    Word& next = slots[last_is_odd ? Layout::kSlots - odd_laps : odd_laps].word;
    const std::uint64_t oldest = next.load(std::memory_order_relaxed);
    next.store(Layout::word(tag, clock.now, Layout::lap_of(oldest) + 1), std::memory_order_relaxed);
    done.verdict = KeyVerdict::kNew;
    account(done, oldest, clock);
    return done;
  }

 private:
  /// Computes the age of ticks in a bucket that was last aired in `era`. All of them lie in that
  /// era or in the window before it, so their few bits are enough to tell them apart.
  struct Clock {
    Clock(std::uint64_t era, std::uint64_t tick) noexcept
        : end(((era + 1) << Layout::kEraBits) - 1), now(tick) {}

    [[nodiscard]] std::uint64_t before_end(std::uint64_t word) const noexcept {
      return (end - Layout::tick_of(word)) & Layout::kTickMask;
    }
    [[nodiscard]] bool live(std::uint64_t word) const noexcept {
      return now + before_end(word) < end + Layout::kWindowTicks;
    }
    /// In ticks; 0 for a key of a caller that is ahead.
    [[nodiscard]] std::uint64_t age(std::uint64_t word) const noexcept {
      return std::max(now + before_end(word), end) - end;
    }

    std::uint64_t end;  ///< last tick of the era
    std::uint64_t now;
  };

  using Words = std::array<std::uint64_t, Layout::kSlots>;
  [[nodiscard]] static bool holds_live(const Words& words, std::uint64_t tag,
                                       const Clock& clock) noexcept {
    return std::ranges::any_of(
        words, [&](std::uint64_t word) { return Layout::tag_of(word) == tag && clock.live(word); });
  }

  /// The slots as they were read, one after the other.
  struct View {
    explicit View(const std::array<Slot, Layout::kSlots>& slots) noexcept {
      // Acquire: pairs with the release of the insertion. Unrolled, as the loops below, because
      // g++ 12 leaves a loop over atomics as it is.
#pragma GCC unroll 8
      for (unsigned i = 0; i < Layout::kSlots; ++i)
        words[i] = slots[i].word.load(std::memory_order_acquire);
#pragma GCC unroll 8
      for (unsigned i = 0; i + 1 < Layout::kSlots; ++i)
        ahead |= ((words[i] - words[Layout::kSlots - 1]) & Layout::kLapMask)
                 << (i * Layout::kLapBits);
      next = static_cast<unsigned>(std::popcount(ahead));
    }
    [[nodiscard]] bool holds(std::uint64_t tag, const Clock& clock) const noexcept {
      bool found = false;
#pragma GCC unroll 8
      for (unsigned i = 0; i < Layout::kSlots; ++i) found |= Layout::tag_of(words[i]) == tag;
      return found && holds_live(words, tag, clock);
    }
    /// Are the first `next` slots one lap ahead of the others? If not, insertions came in between.
    [[nodiscard]] bool in_order() const noexcept {
      return next < Layout::kSlots &&
             ahead == (kOneLap & ((std::uint64_t{1} << (next * Layout::kLapBits)) - 1));
    }

    static_assert(Layout::kSlots * Layout::kLapBits < 64);
    static constexpr std::uint64_t kOneLap = [] {
      std::uint64_t ones = 0;
      for (unsigned i = 0; i < Layout::kSlots; ++i)
        ones |= std::uint64_t{1} << (i * Layout::kLapBits);
      return ones;
    }();

    Words words;              // NOLINT: filled above
    std::uint64_t ahead = 0;  ///< by how many laps each slot is ahead of the last one
    unsigned next = 0;        ///< the slot that is to be written, if they are in order
  };

  static void account(KeyMark& done, std::uint64_t replaced, const Clock& clock) noexcept {
    if (Layout::tag_of(replaced) == 0) return;
    if (clock.live(replaced)) {
      done.evicted = true;
      done.evicted_age = static_cast<std::uint32_t>(clock.age(replaced));
    } else {
      ++done.expired;
    }
  }

  /// Takes out the keys that are older than the window, before the bits of their ticks repeat, and
  /// moves the era on. Returns how many keys it took out.
  [[gnu::noinline, gnu::cold]] unsigned air(std::uint64_t seen, std::uint64_t now) noexcept {
    const View view(slots);
    // Relaxed, behind the acquire in View: had one of those slots been filled in a later era than
    // `seen`, that era would be seen here. So `seen` says what their ticks mean.
    if (era.load(std::memory_order_relaxed) != seen) return 0;
    const Clock clock(seen, now);
    unsigned expired = 0;
    for (unsigned i = 0; i < Layout::kSlots; ++i) {
      std::uint64_t word = view.words[i];
      if (Layout::tag_of(word) == 0 || clock.live(word)) continue;
      // Relaxed: the swap of the era publishes it. If it fails, another caller was faster, or the
      // swap failed without a cause (it is the weak form): the era must not move on while that key
      // is still there.
      if (!slots[i].word.compare_exchange_weak(
              word, Layout::emptied(word), std::memory_order_relaxed, std::memory_order_relaxed)) {
        return expired;
      }
      ++expired;
    }
    // Release: pairs with the acquire in mark().
    (void)era.compare_exchange_weak(seen, now >> Layout::kEraBits, std::memory_order_release,
                                    std::memory_order_relaxed);
    return expired;
  }
};

}  // namespace esc::identity
