// The producers of one pipeline and what each of them has sent: exact deduplication of sequenced
// events.
#pragma once

#include <array>
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
  static constexpr std::size_t kMaxBurst = 64;

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

  /// Judges events in their order and marks them as seen: verdicts[i] is that of identities[i]. At
  /// most kMaxBurst. `now`: TSC, never going back.
  void check_and_mark(std::span<const wire::Identity> identities, std::span<Verdict> verdicts,
                      std::uint64_t now) noexcept {
    // In three passes, so that the cache misses of all overlap: entries, bits, verdicts.
    std::array<ProducerEntry*, kMaxBurst> known;  // NOLINT: written before it is read
    for (const wire::Identity& identity : identities) {
      __builtin_prefetch(&entries_[place_of(identity.producer)], 1);
    }
    ProducerEntry* entry = nullptr;
    for (std::size_t i = 0; i < identities.size(); ++i) {
      // The events of one datagram are mostly of one producer.
      if (entry == nullptr || entry->producer.get() != identities[i].producer) {
        entry = find(identities[i].producer);
      }
      known[i] = entry;
      if (entry != nullptr) prefetch_bits(*entry, identities[i].sequence);
    }
    for (std::size_t i = 0; i < identities.size(); ++i) {
      verdicts[i] = judge(known[i], identities[i], now);
    }
  }

  /// Forgets producers that were silent too long, some places a call.
  void housekeep(std::uint64_t now) noexcept;

  [[nodiscard]] const ProducerTotals& totals() const noexcept { return totals_; }

 private:
  /// How far from its own place a producer may be: at half load less than one in 10^10 would have
  /// to be further (D. Knuth, The Art of Computer Programming 6.4, linear probing).
  static constexpr std::size_t kMaxProbe = 128;
  static constexpr std::size_t kSweepPlaces = 64;

  /// Multiply by a secret and fold (as wyhash does): producers may well be numbered 1, 2, 3, and
  /// nobody outside can choose those that meet.
  [[nodiscard]] std::size_t place_of(std::uint64_t producer) const noexcept {
    const auto product = static_cast<unsigned __int128>(producer ^ seed_) * multiplier_;
    return (static_cast<std::uint64_t>(product >> 64U) ^ static_cast<std::uint64_t>(product)) &
           mask_;
  }
  [[nodiscard]] Verdict judge(ProducerEntry* entry, const wire::Identity& identity,
                              std::uint64_t now) noexcept {
    // An entry found before may have been forgotten since, for an event of this very burst.
    if (entry == nullptr || entry->bits == 0 || expired(*entry, now)) [[unlikely]] {
      return first_contact(identity, now);
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
  void prefetch_bits(const ProducerEntry& entry, std::uint64_t sequence) const noexcept {
    if (entry.bits == 0) return;
    __builtin_prefetch(&bits_of(entry).word(sequence), 1);
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
  [[nodiscard]] BitRing bits_of(const ProducerEntry& entry) const noexcept {
    constexpr std::size_t kWordsOfLine = kCacheLineBytes / sizeof(std::uint64_t);
    return {bits_.subspan((entry.bits - 1) * words_, words_), entry.bits * kWordsOfLine};
  }
  [[nodiscard]] ProducerFaults& faults_of(const ProducerEntry& entry) const noexcept {
    return faults_[static_cast<std::size_t>(&entry - entries_.data())];
  }

  Verdict first_contact(const wire::Identity& identity, std::uint64_t now) noexcept;
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
  std::uint64_t multiplier_;
  std::size_t swept_ = 0;
  std::vector<std::uint32_t> free_bits_;  ///< bitmaps that nobody has; never grows beyond its start
  ProducerTotals totals_;
};

}  // namespace esc::identity
