// The producers of one pipeline and what each of them has sent: exact deduplication of sequenced
// events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/align.hpp"
#include "identity/sequence_window.hpp"
#include "telemetry/counter.hpp"
#include "wire/frame.hpp"

namespace esc::identity {

enum class Verdict : std::uint8_t {
  kNew,
  kDuplicate,
  kStale,
  kUntracked,  ///< there is no room for one more producer: not judged
  kCount
};

/// What an event in order touches: one cache line. Writer: the table's lcore. Readers: anyone, but
/// for the fields that are no Counter.
struct alignas(kCacheLineBytes) ProducerEntry {
  telemetry::Counter producer;
  telemetry::Counter last_seen_tsc;
  telemetry::Counter accepted;
  telemetry::Counter lost;  ///< numbers that left the window and never came
  SequenceWindow window;
  std::uint32_t epoch = 0;
  std::uint32_t bits = 0;  ///< which bitmap, plus 1; 0: none, and the entry is nobody's
  telemetry::Counter duplicates;
};
static_assert(sizeof(ProducerEntry) == kCacheLineBytes);

/// What is rare, at the same place of an array of its own. Writer and readers as above.
struct ProducerFaults {
  telemetry::Counter stale;
  telemetry::Counter late;           ///< new, but behind the highest
  telemetry::Counter reorder_depth;  ///< the most that a new one was behind
  telemetry::Counter epochs;         ///< begun by this producer since it is known
};
static_assert(sizeof(ProducerFaults) == 32);

/// Writer: the table's lcore. Readers: anyone.
struct ProducerTotals {
  telemetry::Counter live;       ///< gauge: producers that have a window
  telemetry::Counter untracked;  ///< events that found no room
  telemetry::Counter expired;    ///< producers forgotten after the idempotency window
};

/// A table of at most `producers` of them, by open addressing: linear probing over at least twice
/// as many places, found by a keyed hash so that no sender can aim at one. A producer that was
/// silent for the idempotency window is forgotten; if it returns, it starts anew. When there is no
/// room, events of further producers are not judged (kUntracked): they pass as if they were
/// unsequenced.
///
/// Thread: one lcore, which owns it; the entries' Counters may be read by any.
class ProducerTable {
 public:
  struct Settings {
    std::size_t producers = 65536;
    std::size_t window = 4096;        ///< numbers; a power of two, at least 64
    std::uint64_t expiry_cycles = 0;  ///< TSC cycles of silence after which a producer is forgotten
    std::uint64_t seed = 0;
  };

  /// Where it all lies: sizes by the functions below, zeroed, outliving the table.
  struct Memory {
    std::span<ProducerEntry> entries;
    std::span<ProducerFaults> faults;
    std::span<std::uint64_t> bits;
  };
  [[nodiscard]] static std::size_t entries_for(const Settings& settings) noexcept;
  [[nodiscard]] static std::size_t words_for(const Settings& settings) noexcept;
  [[nodiscard]] static std::size_t bytes_for(const Settings& settings) noexcept;

  /// Start-up only: allocates.
  ProducerTable(const Settings& settings, const Memory& memory);

  /// Judges one event and marks it as seen. `now`: TSC, never going back.
  [[nodiscard]] Verdict check_and_mark(const wire::Identity& identity, std::uint64_t now) noexcept {
    ProducerEntry* entry = find(identity.producer);
    if (entry == nullptr || expired(*entry, now)) [[unlikely]] {
      return first_contact(entry, identity, now);
    }
    if (identity.epoch != entry->epoch) [[unlikely]]
      return other_epoch(*entry, identity, now);
    entry->last_seen_tsc.set(now);
    const SequenceMark mark = entry->window.mark(bits_of(*entry), identity.sequence);
    if (mark.verdict == SequenceVerdict::kNew) [[likely]] {
      entry->accepted.add();
      if (mark.lost != 0) [[unlikely]]
        entry->lost.add(mark.lost);
      if (mark.behind != 0) [[unlikely]]
        count_late(*entry, mark.behind);
      return Verdict::kNew;
    }
    return refuse(*entry, mark.verdict);
  }

  /// For bursts: first all entries, then all bits, then the checks.
  void prefetch_entry(std::uint64_t producer) const noexcept {
    __builtin_prefetch(&entries_[place_of(producer)], 1);
  }
  void prefetch_bits(const wire::Identity& identity) const noexcept {
    const ProducerEntry* entry = find(identity.producer);
    if (entry == nullptr) return;
    const std::span<const std::uint64_t> bits = bits_of(*entry);
    __builtin_prefetch(&bits[SequenceWindow::word_of(bits, identity.sequence)], 1);
  }

  /// Forgets producers that were silent too long, some places a call.
  void housekeep(std::uint64_t now) noexcept;

  [[nodiscard]] const ProducerTotals& totals() const noexcept { return totals_; }

 private:
  /// How far from its own place a producer may be: at half load less than one in 10^10 would have
  /// to be further (D. Knuth, The Art of Computer Programming 6.4, linear probing).
  static constexpr std::size_t kMaxProbe = 128;
  static constexpr std::size_t kSweepPlaces = 64;

  /// Multiply and fold with a secret: producers may well be numbered 1, 2, 3.
  [[nodiscard]] std::size_t place_of(std::uint64_t producer) const noexcept {
    const auto product = static_cast<unsigned __int128>(producer ^ seed_) * 0x9E3779B97F4A7C15U;
    return (static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product)) &
           mask_;
  }
  [[nodiscard]] ProducerEntry* find(std::uint64_t producer) const noexcept {
    std::size_t at = place_of(producer);
    for (std::size_t i = 0; i < kMaxProbe; ++i, at = (at + 1) & mask_) {
      ProducerEntry& entry = entries_[at];
      if (entry.bits != 0) {
        if (entry.producer.get() == producer) return &entry;
      } else if (entry.last_seen_tsc.get() == 0) {
        return nullptr;  // never used: nobody went past it
      }
    }
    return nullptr;
  }
  [[nodiscard]] bool expired(const ProducerEntry& entry, std::uint64_t now) const noexcept {
    return now - entry.last_seen_tsc.get() >= expiry_cycles_;
  }
  [[nodiscard]] std::span<std::uint64_t> bits_of(const ProducerEntry& entry) const noexcept {
    return bits_.subspan((entry.bits - 1) * words_, words_);
  }
  [[nodiscard]] ProducerFaults& faults_of(const ProducerEntry& entry) const noexcept {
    return faults_[static_cast<std::size_t>(&entry - entries_.data())];
  }

  Verdict first_contact(ProducerEntry* known, const wire::Identity& identity,
                        std::uint64_t now) noexcept;
  Verdict other_epoch(ProducerEntry& entry, const wire::Identity& identity,
                      std::uint64_t now) noexcept;
  Verdict refuse(ProducerEntry& entry, SequenceVerdict verdict) noexcept;
  void count_late(ProducerEntry& entry, std::uint64_t behind) noexcept;
  void begin(ProducerEntry& entry, const wire::Identity& identity, std::uint64_t now) noexcept;
  [[nodiscard]] ProducerEntry* take_place(std::uint64_t producer) noexcept;
  void forget(ProducerEntry& entry) noexcept;

  std::span<ProducerEntry> entries_;
  std::span<ProducerFaults> faults_;
  std::span<std::uint64_t> bits_;
  std::size_t mask_;
  std::size_t words_;  ///< of one window
  std::uint64_t expiry_cycles_;
  std::uint64_t seed_;
  std::size_t swept_ = 0;
  std::vector<std::uint32_t> free_bits_;  ///< bitmaps that nobody has; never grows beyond its start
  ProducerTotals totals_;
};

}  // namespace esc::identity
