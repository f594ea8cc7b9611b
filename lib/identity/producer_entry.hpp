// SPDX-License-Identifier: BSD-3-Clause
// What is kept of one producer: written by the lcore that owns it, read by anyone.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>

#include "base/align.hpp"
#include "identity/sequence_window.hpp"
#include "telemetry/counter.hpp"
#include "telemetry/figure.hpp"

namespace esc::identity {

/// What an event in order touches: one cache line. Writer: the table's lcore. Readers: anyone, by
/// the rule of `version`.
struct alignas(kCacheLineBytes) ProducerEntry {
  telemetry::Counter producer;
  telemetry::Counter last_seen_tsc;
  telemetry::Counter accepted;
  telemetry::Counter duplicates;
  telemetry::Counter highest;  ///< these three are a SequenceWindow's
  telemetry::Counter first;
  telemetry::Counter head;
  std::atomic<std::uint32_t> epoch{0};
  /// Bit 0: a change is going on. Bit 1: a producer has this entry. The other bits count changes:
  /// of the producer, of the epoch, of the bitmap. A step within the head's word is none, and
  /// figures may change at any time. Whoever finds the same even value before and after has read
  /// one producer's figures, and a bitmap that fits the head's word.
  ///
  /// All stores here release, all loads acquire: a reader who sees anything that a change wrote
  /// sees that the change had begun, and so another version at the end; one who begins with a
  /// version sees all that the changes up to it wrote.
  std::atomic<std::uint32_t> version{0};

  static constexpr std::uint32_t kChanging = 1;
  static constexpr std::uint32_t kLive = 2;
  static constexpr std::uint32_t kOneChange = 4;

  // For the writer alone.
  void begin_change() noexcept {
    version.store(version.load(std::memory_order_relaxed) | kChanging, std::memory_order_release);
  }
  void end_change(bool live) noexcept {
    const std::uint32_t changes = version.load(std::memory_order_relaxed) & ~(kChanging | kLive);
    version.store((changes + kOneChange) | (live ? kLive : 0), std::memory_order_release);
  }
  /// For the writer, or while it stands still.
  [[nodiscard]] bool live() const noexcept {
    return (version.load(std::memory_order_acquire) & kLive) != 0;
  }
  /// The head comes last: the writer stores it before `highest`, so that it holds that number's
  /// bit.
  [[nodiscard]] SequenceWindow window() const noexcept {
    SequenceWindow window;
    window.highest = highest.get();
    window.first = first.get();
    window.head = head.get();
    return window;
  }
  void set_window(const SequenceWindow& window) noexcept {
    head.set(window.head);
    highest.set(window.highest);
    first.set(window.first);
  }
};
static_assert(sizeof(ProducerEntry) == kCacheLineBytes);

/// How fast a producer's events come, in one word: how many events had been accepted when the
/// current measurement began (modulo 2^32), and the result of the measurement before it.
struct ProducerRate {
  std::uint32_t accepted_before = 0;
  float events_per_cycle = 0;  ///< below 0: none is complete yet

  [[nodiscard]] static ProducerRate of(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>(word),
            std::bit_cast<float>(static_cast<std::uint32_t>(word >> 32))};
  }
  [[nodiscard]] std::uint64_t word() const noexcept {
    return std::uint64_t{std::bit_cast<std::uint32_t>(events_per_cycle)} << 32 | accepted_before;
  }
  /// The rate so far in the current measurement.
  [[nodiscard]] float so_far(std::uint64_t accepted, std::uint64_t cycles) const noexcept {
    const auto events = static_cast<std::uint32_t>(accepted) - accepted_before;
    return cycles == 0 ? 0 : static_cast<float>(events) / static_cast<float>(cycles);
  }
};

/// Figures that change rarely, in an array of their own, at the same index as the ProducerEntry.
/// Writer and readers as there.
struct alignas(kCacheLineBytes) ProducerFaults {
  telemetry::Counter lost;  ///< numbers that left the window and never came
  telemetry::Counter stale;
  telemetry::Counter late;           ///< new, but behind the highest
  telemetry::Counter reorder_depth;  ///< the most that a new one was behind
  telemetry::Counter epochs;         ///< begun by this producer since it is known
  /// Numbers below it are stale unless they are marked. It is set when a saved window was restored
  /// into a wider one, since nobody knows which of the numbers below the saved window came. 0
  /// otherwise.
  telemetry::Counter floor;
  telemetry::Counter rate_since_tsc;  ///< when the current measurement began
  telemetry::Counter rate;            ///< a ProducerRate
};
static_assert(sizeof(ProducerFaults) == kCacheLineBytes);

/// Sums over all producers that the table ever had, so that a gap is still counted when its
/// producer is forgotten. Writer: the table's lcore. Readers: any thread.
struct ProducerTotals {
  telemetry::Counter live;       ///< gauge: producers that have a window
  telemetry::Counter untracked;  ///< events that found no room
  /// Producers forgotten: after the idempotency window, or for want of room at a restart.
  telemetry::Counter expired;
  telemetry::Counter missing;  ///< gauge: numbers in windows that were sent, and have not come
  /// Numbers that never came: they left their window, or went with it when its producer began an
  /// epoch or was forgotten. Stays at kMostLost, which only forged numbers reach.
  telemetry::Counter lost;

  static constexpr std::uint64_t kMostLost = std::uint64_t{1} << 62U;

  void lose(std::uint64_t numbers) noexcept {
    lost.set(lost.get() + std::min(numbers, kMostLost - lost.get()));
  }
};

[[nodiscard]] constexpr auto figures_of(const ProducerTotals* /*block*/) {
  using B = ProducerTotals;
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "producers", Figure{"known", "Producers that have a window", &B::live, Kind::kGauge},
      Figure{"expired", "Producers forgotten", &B::expired},
      Figure{"events_untracked", "Numbered events of producers that there was no room for",
             &B::untracked},
      Figure{"missing", "Numbers in windows that were sent, and have not come", &B::missing,
             Kind::kGauge},
      Figure{"lost", "Numbers that never came, and are lost for good", &B::lost});
}
static_assert(telemetry::well_described<ProducerTotals>());

}  // namespace esc::identity
