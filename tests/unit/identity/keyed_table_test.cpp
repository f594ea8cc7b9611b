// SPDX-License-Identifier: BSD-3-Clause
#include "identity/keyed_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "identity/key_shortage.hpp"
#include "support/key_memory.hpp"
#include "support/sanitizers.hpp"

namespace esc::identity {
namespace {

using test::key_of;
using test::OwnedKeyedTable;

#if defined(ESC_UNDER_TSAN) || defined(ESC_UNDER_ASAN)
constexpr std::uint64_t kSlower = 10;
#else
constexpr std::uint64_t kSlower = 1;
#endif

template <class Caller>
KeyVerdict check(Caller& caller, const KeyHash& key, std::uint64_t now) {
  KeyVerdict verdict = KeyVerdict::kCount;
  caller.check_and_mark({&key, 1}, {&verdict, 1}, now);
  return verdict;
}

/// Offers the keys begin .. end - 1 in bursts; returns how many were new.
template <class Caller>
std::uint64_t offer(Caller& caller, std::uint64_t begin, std::uint64_t end, std::uint64_t now) {
  std::array<KeyHash, KeyedTable::kMaxBurst> keys;
  std::array<KeyVerdict, KeyedTable::kMaxBurst> verdicts;
  std::uint64_t fresh = 0;
  for (std::uint64_t next = begin; next < end;) {
    const std::size_t count = std::min<std::size_t>(keys.size(), end - next);
    for (std::size_t i = 0; i < count; ++i) keys[i] = key_of(next++);
    caller.check_and_mark(std::span(keys).first(count), verdicts, now);
    fresh += static_cast<std::uint64_t>(
        std::count(verdicts.begin(), verdicts.begin() + std::ssize(std::span(keys).first(count)),
                   KeyVerdict::kNew));
  }
  return fresh;
}

TEST(KeyedTable, JudgesABurstInOrder) {
  OwnedKeyedTable<KeyedTable> table(100);
  KeyedTable::Caller one(*table);
  KeyedTable::Caller other(*table);
  const std::vector<KeyHash> burst = {key_of(1), key_of(2), key_of(1), key_of(3), key_of(2)};
  std::vector<KeyVerdict> verdicts(burst.size());
  one.check_and_mark(burst, verdicts, 1000);
  using enum KeyVerdict;
  EXPECT_EQ(verdicts, (std::vector{kNew, kNew, kDuplicate, kNew, kDuplicate}));
  other.check_and_mark(burst, verdicts, 1000);
  EXPECT_EQ(verdicts, std::vector<KeyVerdict>(5, kDuplicate));
  EXPECT_EQ(check(other, key_of(4), 1000), kNew);
  EXPECT_EQ(one.counters().fresh.get(), 3U);
  EXPECT_EQ(one.counters().duplicates.get(), 2U);
  EXPECT_EQ(other.counters().fresh.get(), 1U);
  EXPECT_EQ(other.counters().duplicates.get(), 5U);
}

TEST(KeyedTable, OneCallerHearsTheSameAsOneOfMany) {
  OwnedKeyedTable<KeyedTable> shared(64);
  OwnedKeyedTable<KeyedTable> own(64, KeyedTable::kWindowTicks, KeyCallers::kOne);
  KeyedTable::Caller of_many(*shared);
  KeyedTable::Caller alone(*own);
  std::mt19937_64 random(1);
  std::array<KeyHash, KeyedTable::kMaxBurst> keys;
  std::array<KeyVerdict, KeyedTable::kMaxBurst> expected;
  std::array<KeyVerdict, KeyedTable::kMaxBurst> verdicts;
  for (std::uint64_t now = 1000; now < 21'000; now += random() % 3) {
    for (KeyHash& key : keys) key = key_of(random() % 1000);
    const std::span burst = std::span(keys).first(1 + random() % keys.size());
    of_many.check_and_mark(burst, expected, now);
    alone.check_and_mark(burst, verdicts, now);
    for (std::size_t i = 0; i < burst.size(); ++i) ASSERT_EQ(verdicts[i], expected[i]) << now;
  }
  KeyedTotals totals;
  KeyedTotals totals_alone;
  totals.add(of_many.counters());
  totals_alone.add(alone.counters());
  EXPECT_EQ(totals_alone.fresh, totals.fresh);
  EXPECT_EQ(totals_alone.duplicates, totals.duplicates);
  EXPECT_EQ(totals_alone.evicted, totals.evicted);
  EXPECT_EQ(totals_alone.evicted_age, totals.evicted_age);
  EXPECT_EQ(totals_alone.expired, totals.expired);
  EXPECT_GT(totals.evicted, 0U);
  EXPECT_GT(totals.expired, 0U);
  EXPECT_GT(totals.duplicates, 0U);
}

TEST(KeyedTable, OfOneCallerTakesNoSecond) {
  OwnedKeyedTable<KeyedTable> table(1, KeyedTable::kWindowTicks, KeyCallers::kOne);
  {
    const KeyedTable::Caller one(*table);
    EXPECT_THROW(KeyedTable::Caller{*table}, std::logic_error);
  }
  EXPECT_NO_THROW(KeyedTable::Caller{*table});
}

TEST(KeyedTable, TakesWhatMemoryThereIsAndSaysWhatItCannotTake) {
  static_assert(KeyedTable::buckets_for(std::size_t{1} << 30) == std::size_t{1} << 24);
  static_assert(KeyedTable::keys_in(KeyedTable::buckets_for(1000)) == 15 * 7);
  alignas(64) std::array<std::byte, 256> memory{};
  EXPECT_EQ(KeyedTable::buckets_in(memory).size(), 4U);
  EXPECT_EQ(KeyedTable::buckets_in(std::span(memory).first(191)).size(), 2U);
  EXPECT_THROW((void)KeyedTable::buckets_in(std::span(memory).first(63)), std::invalid_argument);
  EXPECT_THROW((void)KeyedTable::buckets_in(std::span(memory).subspan(8)), std::invalid_argument);
  const auto buckets = KeyedTable::buckets_in(memory);
  EXPECT_THROW(KeyedTable(buckets, 447), std::invalid_argument);
  EXPECT_EQ(KeyedTable(buckets, 448).capacity(), 28U);
}

/// Whatever the number of buckets, all of them are used evenly.
TEST(KeyedTable, UsesEveryBucket) {
  constexpr std::size_t kBuckets = 1000;
  constexpr double kExpected = 200;
  OwnedKeyedTable<KeyedTable> table(kBuckets);
  const KeyedTable::Bucket* first = &table->bucket_of({.low = 0, .high = 0});
  EXPECT_EQ(&table->bucket_of({.low = 0, .high = UINT64_MAX}), first + (kBuckets - 1));
  std::vector<double> found(kBuckets);
  for (std::uint64_t i = 0; i < kBuckets * static_cast<std::uint64_t>(kExpected); ++i)
    ++found[static_cast<std::size_t>(&table->bucket_of(key_of(i)) - first)];
  double chi_squared = 0;
  for (const double keys : found) chi_squared += (keys - kExpected) * (keys - kExpected);
  chi_squared /= kExpected;
  EXPECT_NEAR(chi_squared, kBuckets - 1, 5 * std::sqrt(2.0 * (kBuckets - 1)));
}

// A clock that the test sets: a TSC of 2.6 GHz, and a window of one hour.
constexpr double kHertz = 2.6e9;
constexpr std::uint64_t kHour = 3600ULL * 2'600'000'000ULL;

/// Three hours, so that a slot's tick wraps more than twice: keys of any moment are known up to two
/// ticks short of an hour, and not known an hour and a tick later, whatever went on in their
/// buckets meanwhile.
TEST(KeyedTable, AnHourIsAnHourAcrossTheWrapOfTheTick) {
  OwnedKeyedTable<KeyedTable> table(20'000, kHour);
  KeyedTable::Caller caller(*table);
  const std::uint64_t tick = table->tick_cycles();
  ASSERT_EQ(tick, kHour / 448);
  std::mt19937_64 random(3);
  const std::uint64_t start = random() % (std::uint64_t{1} << 60);
  for (std::uint64_t step = 0; step < std::uint64_t{3} * 448; ++step) {
    const std::uint64_t now = start + step * tick + random() % tick;
    ASSERT_EQ(check(caller, key_of(step), now), KeyVerdict::kNew);
    for (const std::uint64_t back : {1U, 100U, 300U, 446U}) {
      if (step < back) continue;
      ASSERT_EQ(check(caller, key_of(step - back), now), KeyVerdict::kDuplicate) << step;
    }
    if (step < 449) continue;
    ASSERT_EQ(check(caller, key_of(step - 449), now), KeyVerdict::kNew) << step;
  }
  EXPECT_EQ(caller.counters().evicted.get(), 0U);
}

/// Checks the promise of the class in time instead of ticks, for keys that come at any cycle.
TEST(KeyedTable, NothingOlderThanTheWindowIsADuplicateAndNothingYoungerIsForgotten) {
  constexpr std::uint64_t kWindow = 1'000'003;  // no multiple of 448
  std::mt19937_64 random(4);
  for (std::uint64_t i = 0; i < 200'000 / kSlower; ++i) {
    OwnedKeyedTable<KeyedTable> table(1, kWindow);
    KeyedTable::Caller caller(*table);
    const std::uint64_t came = random() % (1ULL << 50);
    ASSERT_EQ(check(caller, key_of(i), came), KeyVerdict::kNew);
    const std::uint64_t late = i % 2 == 0 ? 0 : random() % (20 * kWindow);
    const std::uint64_t early = came + random() % (kWindow - 2 * table->tick_cycles());
    ASSERT_EQ(check(caller, key_of(i), early), KeyVerdict::kDuplicate);
    ASSERT_EQ(check(caller, key_of(i), came + kWindow + late), KeyVerdict::kNew);
  }
}

/// With a tag of few bits, false duplicates are frequent. There are as many as
/// docs/deduplication.md computes: (slots - the share of keys that find a free slot) / 2^bits. Here
/// every slot is full.
TEST(KeyedTable, FalseDuplicatesAreAsManyAsComputed) {
  constexpr unsigned kTagBits = 12;
  constexpr double kOfTags = 4096;
  using Table = BasicKeyedTable<KeyLayout<7, kTagBits, 9, 6>>;
  OwnedKeyedTable<Table> table(512);
  Table::Caller caller(*table);
  constexpr std::uint64_t kFilling = 512 * 7 * 5;
  (void)offer(caller, 0, kFilling, 1000);
  ASSERT_EQ(table.keys(), table->capacity());
  const std::uint64_t probes = 16'000'000 / kSlower;
  const std::uint64_t fresh = offer(caller, kFilling, kFilling + probes, 1000);
  // The tags of a full bucket are seven different ones, and tag 1 stands for hash 0 as well.
  const double rate = 7 / kOfTags * (1 + 2 / kOfTags);
  const double expected = rate * static_cast<double>(probes);
  EXPECT_NEAR(static_cast<double>(probes - fresh), expected, 4 * std::sqrt(expected));
}

/// With the full tag no key is a false duplicate: one run in a million would have one.
TEST(KeyedTable, DistinctKeysAreAllNew) {
  OwnedKeyedTable<KeyedTable> table(4096);
  KeyedTable::Caller caller(*table);
  const std::uint64_t keys = 50'000'000 / (kSlower * kSlower);
  EXPECT_EQ(offer(caller, 0, keys, 1000), keys);
}

/// Atomics that record which cache lines are touched, and how often.
struct Noted {
  template <class U>
  class atomic {
   public:
    explicit atomic(U value) : value_(value) {}
    [[nodiscard]] U load(std::memory_order order) const {
      note();
      return value_.load(order);
    }
    void store(U value, std::memory_order order) {
      note();
      value_.store(value, order);
    }
    bool compare_exchange_weak(U& expected, U desired, std::memory_order success,
                               std::memory_order failure) {
      note();
      return value_.compare_exchange_weak(expected, desired, success, failure);
    }

   private:
    void note() const {
      ++touches;
      const auto line = reinterpret_cast<std::uintptr_t>(this) / kCacheLineBytes;
      lines += line == last_line ? 0U : 1U;
      last_line = line;
    }
    std::atomic<U> value_;
  };
  static inline std::uint64_t touches = 0;
  static inline std::uint64_t lines = 0;
  static inline std::uintptr_t last_line = 0;
};

/// Offers as many keys as there are slots, ten times as many and a hundred times as many. Each
/// operation does the same work on one cache line, every key is new, and the number of evicted keys
/// is the number of keys that are gone.
void expect_flat_cost(KeyCallers callers, std::uint64_t times) {
  using Table = BasicKeyedTable<KeyLayout<>, Noted>;
  static_assert(noexcept(std::declval<Table::Caller&>().check_and_mark({}, {}, 0)));
  OwnedKeyedTable<Table> table(1000, Table::kWindowTicks, callers);
  Table::Caller caller(*table);
  const std::uint64_t keys = times * table->capacity();
  const std::uint64_t now = 1'000'000;
  std::uint64_t most_touches = 0;
  std::uint64_t most_lines = 0;
  for (std::uint64_t i = 0; i < keys; ++i) {
    Noted::touches = Noted::lines = Noted::last_line = 0;
    ASSERT_EQ(check(caller, key_of(i), now), KeyVerdict::kNew);
    most_touches = std::max(most_touches, Noted::touches);
    most_lines = std::max(most_lines, Noted::lines);
  }
  EXPECT_EQ(most_lines, 1U);
  // The first caller airs the bucket: it reads the era, the slots and the era again, and swaps the
  // era. Then it reads the era, the slots, and the era (one of many callers) or the oldest slot (a
  // single caller) again, and writes.
  EXPECT_EQ(most_touches, 10U + 10U);
  EXPECT_EQ(caller.counters().fresh.get(), keys);
  EXPECT_EQ(caller.counters().evicted.get(), keys - table.keys());
  EXPECT_EQ(caller.counters().evicted_age.get(), 0U);
  if (times > 1) {
    EXPECT_EQ(table.keys(), table->capacity());
  }
}

TEST(KeyedTable, CostAndMemoryAreFlatFarBeyondCapacity) {
  for (const std::uint64_t times : {1U, 10U, 100U}) {
    expect_flat_cost(KeyCallers::kOne, times);
    expect_flat_cost(KeyCallers::kMany, times);
  }
}

/// Keys fill buckets at random: an insertion evicts a key if seven others came to its bucket before
/// it in the window.
TEST(KeyedTable, EvictsAsManyAsComputedAtAQuarterOfItsCapacity) {
  OwnedKeyedTable<KeyedTable> table(100'000);
  KeyedTable::Caller caller(*table);
  // A window's worth of keys, tick by tick, and then another that is counted.
  const std::uint64_t per_tick = table->capacity() / 4 / KeyedTable::kWindowTicks;
  std::uint64_t next = 0;
  std::uint64_t before = 0;
  for (std::uint64_t tick = 0; tick < 2 * KeyedTable::kWindowTicks; ++tick, next += per_tick) {
    if (tick == KeyedTable::kWindowTicks) before = caller.counters().evicted.get();
    (void)offer(caller, next, next + per_tick, 1000 + tick);
  }
  const double mean = static_cast<double>(per_tick * KeyedTable::kWindowTicks) / 100'000;
  double fewer = 0;
  double term = std::exp(-mean);
  for (int k = 0; k < 7; fewer += term, ++k, term *= mean / k) {
  }
  const double expected = (1 - fewer) * static_cast<double>(next / 2);
  EXPECT_NEAR(static_cast<double>(caller.counters().evicted.get() - before), expected,
              5 * std::sqrt(expected));
  const auto& counters = caller.counters();
  EXPECT_EQ(counters.fresh.get() - counters.evicted.get() - counters.expired.get(), table.keys());
}

class Effective : public testing::Test {
 protected:
  static constexpr std::uint64_t kTick = kHour / 448;
  double sample(std::uint64_t tick) { return window_.sample(totals_, tick * kTick); }
  void evict(std::uint64_t keys, std::uint64_t age) {
    totals_.evicted += keys;
    totals_.evicted_age += keys * age;
  }
  KeyedTotals totals_;
  EffectiveWindow window_{kTick, kHertz};
};

constexpr double kTickSeconds = 3600.0 / 448;

TEST_F(Effective, IsTheWindowWhileNothingIsEvicted) {
  for (std::uint64_t tick = 0; tick < 2000; tick += 10) EXPECT_NEAR(sample(tick), 3600, 1e-3);
}

TEST_F(Effective, IsTheMeanAgeOfWhatIsEvicted) {
  EXPECT_NEAR(sample(100'000), 3600, 1e-3);
  evict(10, 100);
  evict(10, 200);
  EXPECT_NEAR(sample(100'001), 150 * kTickSeconds, 1e-3);
  evict(20, 350);
  EXPECT_NEAR(sample(100'002), 250 * kTickSeconds, 1e-3);
}

TEST_F(Effective, ForgetsOldEvictions) {
  (void)sample(100'000);
  evict(10, 100);
  EXPECT_NEAR(sample(100'001), 100 * kTickSeconds, 1e-3);
  (void)sample(100'056);  // an eighth of the window later: a new interval
  evict(10, 300);
  EXPECT_NEAR(sample(100'060), 200 * kTickSeconds, 1e-3);
  (void)sample(100'112);  // the first interval no longer counts
  EXPECT_NEAR(sample(100'113), 300 * kTickSeconds, 1e-3);
  (void)sample(100'168);
  EXPECT_NEAR(sample(100'169), 3600, 1e-3);
}

TEST(KeyShortage, IsWhereOneNewKeyOfTenPutsAnotherOut) {
  KeyShortage shortage(100);
  KeyedTotals totals;
  const auto update = [&](std::uint64_t fresh, std::uint64_t evicted, std::uint64_t now) {
    totals.fresh += fresh;
    totals.evicted += evicted;
    return shortage.update(totals, now);
  };
  EXPECT_FALSE(update(1000, 99, 100));
  EXPECT_FALSE(shortage.is_short());
  EXPECT_FALSE(update(1000, 500, 199)) << "before its time";
  EXPECT_TRUE(update(0, 0, 200)) << "what came since is judged then";
  EXPECT_TRUE(shortage.is_short());
  EXPECT_FALSE(update(1000, 100, 300)) << "told once";
  EXPECT_TRUE(shortage.is_short());
  EXPECT_TRUE(update(1000, 99, 400));
  EXPECT_FALSE(shortage.is_short());
  EXPECT_FALSE(update(0, 0, 500));
}

TEST(KeyedTotals, AreTheSumOverCallers) {
  OwnedKeyedTable<KeyedTable> table(1);
  KeyedTable::Caller one(*table);
  KeyedTable::Caller other(*table);
  (void)offer(one, 0, 10, 1000);
  (void)offer(other, 8, 20, 1010);
  (void)offer(other, 20, 21, 1010 + KeyedTable::kWindowTicks);
  KeyedTotals totals;
  totals.add(one.counters());
  totals.add(other.counters());
  EXPECT_EQ(totals.fresh, 21U);
  EXPECT_EQ(totals.duplicates, 2U);
  EXPECT_EQ(totals.contended, 0U);
  EXPECT_EQ(totals.evicted, 13U);
  EXPECT_EQ(totals.evicted_age, 70U);
  EXPECT_EQ(totals.expired, 7U);
}

}  // namespace
}  // namespace esc::identity
