// SPDX-License-Identifier: BSD-3-Clause
// Which keys were seen within the idempotency window: deduplication of events without a number, in
// bounded memory, for all pipelines together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

#include "base/align.hpp"
#include "identity/key_hasher.hpp"
#include "identity/keyed_bucket.hpp"
#include "telemetry/counter.hpp"
#include "telemetry/figure.hpp"

namespace esc::identity {

/// What one caller was told and what it did. Writer: that caller. Readers: any thread.
struct alignas(kCacheLineBytes) KeyedCounters {
  telemetry::Counter fresh;        ///< calls answered kNew
  telemetry::Counter duplicates;   ///< calls answered kDuplicate
  telemetry::Counter contended;    ///< calls answered kContended
  telemetry::Counter evicted;      ///< keys evicted within the window because their bucket was full
  telemetry::Counter evicted_age;  ///< the sum of the evicted keys' ages, in ticks
  telemetry::Counter expired;      ///< keys taken out because they were older than the window
};

/// The sum over callers. The table holds fresh - evicted - expired keys; among them are keys that
/// are older than the window and not yet taken out.
struct KeyedTotals {
  std::uint64_t fresh = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t contended = 0;
  std::uint64_t evicted = 0;
  std::uint64_t evicted_age = 0;
  std::uint64_t expired = 0;

  /// To sum up several callers while they work, call add_put_out() for all of them first, then
  /// add_put_in() for all: then no key is seen to leave before it was seen to come.
  void add_put_out(const KeyedCounters& counters) noexcept;
  void add_put_in(const KeyedCounters& counters) noexcept;
  /// Adds a caller's counters at once: for callers that stand still, or for a single one.
  void add(const KeyedCounters& counters) noexcept {
    add_put_out(counters);
    add_put_in(counters);
  }
};
static_assert(telemetry::members<KeyedTotals>() == telemetry::members<KeyedCounters>());

[[nodiscard]] constexpr auto figures_of(const KeyedTotals* /*block*/) {
  using B = KeyedTotals;
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "keys", Figure{"new", "Keys that were not known", &B::fresh},
      Figure{"duplicates", "Keys that were seen before", &B::duplicates},
      Figure{"contended", "Keys that several lcores brought at once, and that passed unjudged",
             &B::contended},
      Figure{"evicted", "Keys forgotten within the window, for want of room", &B::evicted},
      Figure{"expired", "Keys taken out beyond the window", &B::expired},
      Figure{"evicted_age", "Ages of evicted keys, summed, in ticks", &B::evicted_age,
             Kind::kWord});
}
static_assert(telemetry::well_described<KeyedTotals>());

/// The table itself.
struct KeyedFill {
  std::uint64_t memory_bytes = 0;
  std::uint64_t room = 0;
  std::uint64_t known = 0;
  std::uint64_t window_ns = 0;
  std::uint64_t effective_window_ns = 0;
};

[[nodiscard]] constexpr auto figures_of(const KeyedFill* /*block*/) {
  using B = KeyedFill;
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "keys",
      Figure{"memory", "Memory of the table of keys", &B::memory_bytes, Kind::kGauge, Unit::kBytes,
             "memory_bytes"},
      Figure{"room", "Keys that the table has room for", &B::room, Kind::kGauge},
      Figure{"known", "Keys in the table", &B::known, Kind::kGauge},
      Figure{"window", "How long a key is to be known", &B::window_ns, Kind::kGauge,
             Unit::kNanoseconds, "window_seconds"},
      Figure{"effective_window", "How far back the table reaches", &B::effective_window_ns,
             Kind::kGauge, Unit::kNanoseconds, "effective_window_seconds"});
}
static_assert(telemetry::well_described<KeyedFill>());

/// How many lcores a table is for. A single one does without atomic swaps.
enum class KeyCallers : std::uint8_t { kOne, kMany };

namespace detail {
/// Throw std::invalid_argument; the last one std::logic_error.
void check_bucket_memory(const void* first, std::size_t count);
[[nodiscard]] std::uint64_t tick_cycles_of(std::uint64_t window_cycles, std::uint64_t ticks);
void check_caller(KeyCallers callers, std::size_t there_already);
}  // namespace detail

/// A hash table of buckets of one cache line (KeyedBucket), without chains: an operation touches
/// the one line of its key, and nothing is allocated, moved or locked. A key is known from when it
/// was first seen, for the window and not longer; seeing it again does not prolong that. The window
/// is 448 ticks: in time, a key is forgotten one tick early at most (8 s of an hour) and never
/// late.
///
/// Memory: only what is handed over, 64 bytes for 7 keys. Buckets fill unevenly: if a window brings
/// a quarter as many new keys as there are slots, 0.22 % of the keys find their bucket full. A full
/// bucket refuses nothing: its oldest key is evicted and counted, and an event with that key that
/// comes again afterwards is delivered again. So is an event whose verdict is kContended. So with
/// too little memory events may be delivered more than once, but none is lost for that reason. What
/// can lose one is a key that looks the same: less than 2^-46 for an event (docs/deduplication.md).
///
/// Threads: as many callers as it was made for, each through a Caller of its own. Memory belongs to
/// whoever made the table and must outlive it. Only construction can fail and throw.
template <class LayoutOf = KeyLayout<>, class Atomics = ring::StdAtomics>
class BasicKeyedTable {
 public:
  using Layout = LayoutOf;
  using Bucket = KeyedBucket<Layout, Atomics>;
  static_assert(sizeof(Bucket) == kCacheLineBytes);
  static constexpr std::size_t kMaxBurst = 64;
  static constexpr std::uint64_t kWindowTicks = Layout::kWindowTicks;

  class Caller;

  /// How many buckets fit into so much memory, and how many keys fit into so many buckets.
  [[nodiscard]] static constexpr std::size_t buckets_for(std::size_t bytes) noexcept {
    return bytes / sizeof(Bucket);
  }
  [[nodiscard]] static constexpr std::size_t keys_in(std::size_t buckets) noexcept {
    return buckets * Layout::kSlots;
  }

  /// Makes empty buckets in raw memory (hugepages) that begins at a cache line, as many as fit.
  /// Writes all of it: no page is left to be faulted in later. Throws std::invalid_argument.
  [[nodiscard]] static std::span<Bucket> buckets_in(std::span<std::byte> memory) {
    const std::size_t count = buckets_for(memory.size());
    detail::check_bucket_memory(memory.data(), count);
    auto* first = reinterpret_cast<Bucket*>(memory.data());
    std::uninitialized_value_construct_n(first, count);
    return {std::launder(first), count};
  }

  /// Any number of buckets, all of them zero or as another table left them; 1 at least. The window
  /// in TSC cycles, 448 at least. Throws std::invalid_argument.
  BasicKeyedTable(std::span<Bucket> buckets, std::uint64_t window_cycles,
                  KeyCallers callers = KeyCallers::kMany)
      : buckets_(buckets),
        tick_cycles_(detail::tick_cycles_of(window_cycles, kWindowTicks)),
        callers_(callers) {
    detail::check_bucket_memory(buckets.data(), buckets.size());
  }
  BasicKeyedTable(const BasicKeyedTable&) = delete;
  BasicKeyedTable& operator=(const BasicKeyedTable&) = delete;

  [[nodiscard]] std::size_t capacity() const noexcept { return keys_in(buckets_.size()); }
  [[nodiscard]] std::uint64_t tick_cycles() const noexcept { return tick_cycles_; }

  /// Where a key is. Multiplied into the range: any number of buckets will do, and the hash's
  /// highest bits decide.
  [[nodiscard]] Bucket& bucket_of(const KeyHash& key) const noexcept {
    const auto product = static_cast<unsigned __int128>(key.high) * buckets_.size();
    return buckets_[static_cast<std::size_t>(product >> 64U)];
  }

 private:
  std::span<Bucket> buckets_;
  std::uint64_t tick_cycles_;
  KeyCallers callers_;
  std::size_t callers_there_ = 0;  ///< only for the thread that makes and ends callers
};

/// One lcore's way to the table, which outlives it. One thread makes and ends all callers of a
/// table. The constructor throws std::logic_error if the table is for a single caller and already
/// has one.
template <class Layout, class Atomics>
class BasicKeyedTable<Layout, Atomics>::Caller {
 public:
  explicit Caller(BasicKeyedTable& table) : table_(&table) {
    detail::check_caller(table.callers_, table.callers_there_);
    ++table.callers_there_;
  }
  ~Caller() { --table_->callers_there_; }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  /// Asks for the lines of keys that are to be judged soon. A caller with other work to do in
  /// between, or with another burst to judge, does not wait for memory then. (Always inline: of a
  /// function that only prefetches GCC 12 thinks that it does nothing, and drops the call.)
  [[gnu::always_inline]] void prefetch(std::span<const KeyHash> keys) const noexcept {
    for (const KeyHash& key : keys) __builtin_prefetch(&table_->bucket_of(key), 1);
  }

  /// Judges keys in their order and marks the new ones: verdicts[i] is that of keys[i]. At most
  /// kMaxBurst. Of all callers that bring one key, however their calls overlap, one is told kNew
  /// and the others kDuplicate, until the window ends or the key is evicted. `now`: TSC; callers
  /// may differ in it.
  void check_and_mark(std::span<const KeyHash> keys, std::span<KeyVerdict> verdicts,
                      std::uint64_t now) noexcept {
    Tally tally;
    if (table_->callers_ == KeyCallers::kOne) {
      judge<KeyCallers::kOne>(keys, verdicts, now, tally);
    } else {
      judge<KeyCallers::kMany>(keys, verdicts, now, tally);
    }
    publish(tally, keys.size());
  }

  [[nodiscard]] const KeyedCounters& counters() const noexcept { return counters_; }

 private:
  /// How many lines are being fetched while a key is judged: about as many misses as a core can
  /// have open at once. With more, the core would wait for a free miss buffer.
  static constexpr std::size_t kAhead = 16;

  /// Counts of one burst, so that each counter is written once a burst.
  struct Tally {
    std::uint64_t fresh = 0;
    std::uint64_t contended = 0;
    std::uint64_t evicted = 0;
    std::uint64_t evicted_age = 0;
    std::uint64_t expired = 0;

    void count(const KeyMark& mark) noexcept {
      fresh += static_cast<unsigned>(mark.verdict == KeyVerdict::kNew);
      contended += static_cast<unsigned>(mark.verdict == KeyVerdict::kContended);
      evicted += static_cast<unsigned>(mark.evicted);
      evicted_age += mark.evicted_age;
      expired += mark.expired;
    }
  };

  template <KeyCallers kCallers>
  void judge(std::span<const KeyHash> keys, std::span<KeyVerdict> verdicts, std::uint64_t now,
             Tally& tally) noexcept {
    prefetch(keys.first(std::min(keys.size(), kAhead)));
    const std::uint64_t tick = now / table_->tick_cycles_;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (i + kAhead < keys.size()) __builtin_prefetch(&table_->bucket_of(keys[i + kAhead]), 1);
      Bucket& bucket = table_->bucket_of(keys[i]);
      const std::uint64_t tag = Layout::tag_from(keys[i].low);
      const KeyMark mark =
          kCallers == KeyCallers::kOne ? bucket.mark_alone(tag, tick) : bucket.mark(tag, tick);
      verdicts[i] = mark.verdict;
      tally.count(mark);
    }
  }

  void publish(const Tally& tally, std::size_t keys) noexcept {
    counters_.fresh.add(tally.fresh);
    counters_.duplicates.add(keys - tally.fresh - tally.contended);
    counters_.contended.add(tally.contended);
    counters_.evicted.add(tally.evicted);
    counters_.evicted_age.add(tally.evicted_age);
    counters_.expired.add(tally.expired);
  }

  BasicKeyedTable* table_;
  KeyedCounters counters_;
};

using KeyedTable = BasicKeyedTable<>;

/// How far back the table remembers: the whole window while nothing is evicted, else the mean age
/// of evicted keys over the last one to two eighths of the window. Control path, one thread.
class EffectiveWindow {
 public:
  EffectiveWindow(std::uint64_t tick_cycles, double cycles_per_second) noexcept
      : tick_cycles_(tick_cycles), cycles_per_second_(cycles_per_second) {}

  /// Takes in what all callers have counted by `now` (TSC) and returns the window in seconds. It
  /// should be called several times in an eighth of the window; if it is called less often, the
  /// mean is over a longer time.
  double sample(const KeyedTotals& totals, std::uint64_t now) noexcept;

 private:
  struct Point {
    std::uint64_t evicted = 0;
    std::uint64_t evicted_age = 0;
  };

  std::uint64_t tick_cycles_;
  double cycles_per_second_;
  std::uint64_t since_ = 0;  ///< when `middle_` was taken
  Point start_;              ///< what is averaged over begins here
  Point middle_;
};

}  // namespace esc::identity
