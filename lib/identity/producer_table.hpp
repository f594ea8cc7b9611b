// SPDX-License-Identifier: BSD-3-Clause
// The producers of one pipeline and what each of them has sent: exact deduplication of sequenced
// events.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "identity/producer_entry.hpp"
#include "identity/producer_index.hpp"
#include "identity/producer_reader.hpp"
#include "identity/sequence_window.hpp"
#include "wire/frame.hpp"

namespace esc::identity {

enum class Verdict : std::uint8_t {
  kNew,
  kDuplicate,
  kStale,
  kUntracked,  ///< there is no room for one more producer: not judged
  kCount
};

/// A table of at most `producers` producers, found by a hash with a secret so that no sender can
/// choose producers that fall into one place. A producer that was silent for the idempotency window
/// is forgotten; if it returns, it starts anew. When there is no room, events of further producers
/// are not judged (kUntracked): they pass as if they were unsequenced.
///
/// Thread: one lcore, which owns it; others read its entries (identity/producer_reader.hpp).
class ProducerTable {
 public:
  static constexpr std::size_t kMaxBurst = 64;

  struct Settings {
    std::size_t producers = 65536;    ///< at most 2^24
    std::size_t window = 4096;        ///< numbers; a power of two, at least 64
    std::uint64_t expiry_cycles = 0;  ///< TSC cycles of silence after which a producer is
                                      ///< forgotten; at least 1
    std::uint64_t rate_cycles = 0;    ///< a producer's rate is measured over so many cycles or more
    std::uint64_t seed = 0;
  };

  /// The table's memory: its sizes come from the functions below; it is zeroed and outlives the
  /// table.
  struct Memory {
    std::span<IndexBucket> index;
    std::span<ProducerEntry> entries;
    std::span<ProducerFaults> faults;
    std::span<BitWord> bits;
  };
  [[nodiscard]] static std::size_t buckets_for(const Settings& settings) noexcept;
  [[nodiscard]] static std::size_t entries_for(const Settings& settings) noexcept;
  [[nodiscard]] static std::size_t words_for(const Settings& settings) noexcept;
  [[nodiscard]] static std::size_t bytes_for(const Settings& settings) noexcept;

  /// Start-up only: allocates.
  ProducerTable(const Settings& settings, const Memory& memory);

  /// Judges events in their order and marks them as seen: verdicts[i] is that of identities[i]. At
  /// most kMaxBurst. `now`: TSC, never going back.
  void check_and_mark(std::span<const wire::Identity> identities, std::span<Verdict> verdicts,
                      std::uint64_t now) noexcept {
    std::fill_n(verdicts.begin(), identities.size(), Verdict::kNew);
    (void)check_and_mark(
        identities.size(),
        [identities](std::size_t i) -> const wire::Identity& { return identities[i]; }, verdicts,
        now);
  }

  /// The same for `count` events that lie elsewhere: identity_of(i) returns a reference to anything
  /// with the fields of wire::Identity. Writes only the verdicts of events that are not new, and
  /// returns whether there may be such an event.
  template <class IdentityOf>
  [[nodiscard]] bool check_and_mark(std::size_t count, IdentityOf&& identity_of,
                                    std::span<Verdict> verdicts, std::uint64_t now) noexcept {
    if (count == 0) return false;
    // In three passes, so that the cache misses of all events overlap: places, entries, verdicts.
    // Consecutive numbers of one producer are judged as one.
    Runs<std::remove_reference_t<decltype(identity_of(0))>> runs;  // NOLINT: written first
    split(runs, count, identity_of);
    for (std::size_t r = 0; r < runs.count; ++r) {
      const std::size_t entry = index_.guess(runs.hashes[r]);
      if (entry == ProducerIndex::kNowhere) [[unlikely]] {
        runs.known[r] = nullptr;
        continue;
      }
      runs.known[r] = &entries_[entry];
      __builtin_prefetch(runs.known[r], 1);
      if ((runs.crossing >> r & 1) != 0) [[unlikely]]
        __builtin_prefetch(&bits_of(entry).word(runs.first[r]->sequence + kMaxBurst - 1), 1);
    }
    bool unusual = false;
    for (std::size_t r = 0; r < runs.count; ++r) {
      const auto& event = *runs.first[r];
      const std::uint64_t length = runs.starts[r + 1] - runs.starts[r];
      if ((runs.crossing >> r & 1) != 0 || !extend(runs.known[r], event, length, now))
          [[unlikely]] {
        unusual = true;
        judge(runs.known[r], {{event.producer, event.sequence, event.epoch}, length},
              verdicts.data() + runs.starts[r], now);
      }
    }
    return unusual;
  }

  /// Forgets producers that were silent too long and measures rates, some entries a call.
  void housekeep(std::uint64_t now) noexcept;

  /// Figures: for any thread, while the table lives.
  [[nodiscard]] const ProducerTotals& totals() const noexcept { return totals_; }
  [[nodiscard]] ProducerReader reader() const noexcept {
    return {entries_, faults_, bits_, window_};
  }

  /// A window that was saved, in a file for example.
  struct Saved {
    std::uint64_t producer = 0;
    std::uint32_t epoch = 0;
    std::uint64_t highest = 0;
    std::uint64_t first = 0;
    std::uint64_t floor = 0;
    std::uint64_t last_seen_tsc = 0;
    /// All words of the window's width. Word i holds the bits of 64 numbers; its highest bit stands
    /// for highest - 64 i.
    std::span<const std::uint64_t> words;
  };
  enum class Restored : std::uint8_t {
    kDone,
    kKnown,  ///< the table has that producer already
    kNoRoom
  };
  /// Before the lcore runs. If the saved window is wider than this table's, it is cut, and the
  /// numbers missing beyond the cut count as lost. If it is narrower, the numbers below it stay
  /// stale. Figures begin anew.
  [[nodiscard]] Restored restore(const Saved& saved) noexcept;
  /// Before the lcore runs: counts the numbers missing in a saved window as lost. For a window that
  /// is not restored because it has expired or found no room.
  void give_up(const Saved& saved) noexcept;
  /// Before the lcore runs: forgets all, figures too.
  void clear() noexcept;

  [[nodiscard]] std::uint64_t expiry_cycles() const noexcept { return expiry_cycles_; }

 private:
  static constexpr std::size_t kSweepEntries = 64;
  /// How many words of windows housekeep() reads in one call; it may read a few more, to finish a
  /// window.
  static constexpr std::size_t kSweepWords = 4096;
  static constexpr float kNoRateYet = -1;
  static constexpr std::uint64_t kWordBits = BitRing::kWordBits;

  /// Events of one producer and epoch with consecutive numbers, up to kMaxBurst.
  struct Run {
    wire::Identity first;
    std::uint64_t count;
  };

  /// The runs of a burst: run r is events [starts[r], starts[r + 1]).
  template <class Event>
  struct Runs {
    std::size_t count;
    std::uint64_t crossing;  ///< bit r: its numbers do not lie in one word with the one before them
    std::array<Event*, kMaxBurst> first;  ///< the first event of each run
    std::array<std::uint32_t, kMaxBurst + 1> starts;
    std::array<std::uint64_t, kMaxBurst> hashes;
    /// The entry that the hash suggests; nullptr: none.
    std::array<ProducerEntry*, kMaxBurst> known;
  };

  template <class Event, class IdentityOf>
  void split(Runs<Event>& runs, std::size_t count, IdentityOf& identity_of) const noexcept {
    std::size_t run = 0;
    std::uint64_t crossing = 0;
    std::uint64_t producer = ~identity_of(0).producer;
    std::uint64_t expected = 0;
    std::uint32_t epoch = 0;
    for (std::size_t i = 0; i < count; ++i) {
      Event& event = identity_of(i);
      const std::uint64_t sequence = event.sequence;
      const bool goes_on =
          ((producer ^ event.producer) | (epoch ^ event.epoch) | (expected ^ sequence)) == 0;
      expected = sequence + 1;
      if (!goes_on) {
        producer = event.producer;
        epoch = event.epoch;
        runs.first[run] = &event;
        runs.starts[run] = static_cast<std::uint32_t>(i);
        runs.hashes[run] = index_.hash(producer);
        index_.prefetch(runs.hashes[run++]);
      }
      if (sequence % kWordBits == 0) [[unlikely]]
        crossing |= std::uint64_t{1} << (run - 1);
    }
    runs.starts[run] = static_cast<std::uint32_t>(count);
    runs.count = run;
    runs.crossing = crossing;
  }

  /// Judges the usual run: the next numbers of a known producer, all of them in the head's word
  /// (the caller has checked that). False: it is another kind of run, and nothing was done.
  template <class Event>
  [[nodiscard]] bool extend(ProducerEntry* entry, const Event& event, std::uint64_t count,
                            std::uint64_t now) noexcept {
    if (entry == nullptr) [[unlikely]]
      return false;
    const std::uint64_t highest = entry->highest.get();
    const std::uint64_t other = (entry->producer.get() ^ event.producer) |
                                (entry->epoch.load(std::memory_order_relaxed) ^ event.epoch) |
                                (event.sequence ^ (highest + 1));
    if (other != 0 || expired(*entry, now)) [[unlikely]]
      return false;
    const std::uint64_t entering = (~std::uint64_t{0} >> (kWordBits - count))
                                   << event.sequence % kWordBits;
    const std::uint64_t head = entry->head.get();
    // Numbers that never came leave the window: they count as lost unless nobody can tell whether
    // they were sent.
    if ((entering & ~head) != 0 && highest + count - entry->first.get() >= window_) [[unlikely]]
      return false;
    entry->head.set(head | entering);
    entry->highest.set(highest + count);
    entry->accepted.add(count);
    entry->last_seen_tsc.set(now);
    return true;
  }

  /// Judges any run. On entry all `verdicts` are kNew.
  void judge(ProducerEntry* entry, const Run& run, Verdict* verdicts, std::uint64_t now) noexcept;
  [[nodiscard]] bool begin_if_new(ProducerEntry*& entry, const wire::Identity& identity,
                                  std::uint64_t now) noexcept;
  void mark(ProducerEntry& entry, const Run& run, Verdict* verdicts) noexcept;
  void count(ProducerFaults& faults, const Run& run, const SequenceWindow& before,
             const SequenceWindow& after, const RunMark& mark) noexcept;
  void lose_missing(const ProducerEntry& entry) noexcept;
  void begin(ProducerEntry& entry, const wire::Identity& identity) noexcept;
  [[nodiscard]] ProducerEntry* find(std::uint64_t producer) const noexcept;
  [[nodiscard]] ProducerEntry* take_entry(std::uint64_t producer) noexcept;
  void forget(ProducerEntry& entry) noexcept;
  void expire(ProducerEntry& entry) noexcept;
  void measure_rate(const ProducerEntry& entry, std::uint64_t now) noexcept;

  [[nodiscard]] bool expired(const ProducerEntry& entry, std::uint64_t now) const noexcept {
    return now - entry.last_seen_tsc.get() >= expiry_cycles_;
  }
  [[nodiscard]] std::size_t number_of(const ProducerEntry& entry) const noexcept {
    return static_cast<std::size_t>(&entry - entries_.data());
  }
  [[nodiscard]] BitRing bits_of(std::size_t entry) const noexcept {
    return ring_of(bits_, entry, window_ / kWordBits);
  }
  [[nodiscard]] ProducerFaults& faults_of(const ProducerEntry& entry) const noexcept {
    return faults_[number_of(entry)];
  }

  ProducerIndex index_;
  std::span<ProducerEntry> entries_;
  std::span<ProducerFaults> faults_;
  std::span<BitWord> bits_;
  std::uint64_t window_;
  std::uint64_t expiry_cycles_;
  std::uint64_t rate_cycles_;
  std::size_t swept_ = 0;
  std::size_t used_ = 0;             ///< no entry from here on was ever taken
  std::vector<std::uint32_t> free_;  ///< free entries; never has more than at the start
  ProducerTotals totals_;
};

}  // namespace esc::identity
