// SPDX-License-Identifier: BSD-3-Clause
// The table of keys under real threads, on few buckets and on many.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstdint>
#include <iostream>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "identity/keyed_table.hpp"
#include "support/cpus.hpp"
#include "support/key_memory.hpp"
#include "support/sanitizers.hpp"

namespace esc::identity {
namespace {

using test::key_of;
using test::OwnedKeyedTable;

#if defined(ESC_UNDER_TSAN)
constexpr std::uint64_t kLess = 16;
#else
constexpr std::uint64_t kLess = 1;
#endif
constexpr unsigned kThreads = 4;
constexpr std::size_t kBurst = KeyedTable::kMaxBurst;

/// The verdicts that callers got: how often each key was new, and how often a caller gave up.
struct Heard {
  explicit Heard(std::uint64_t keys) : fresh(new std::atomic<std::uint32_t>[keys]()) {}
  std::unique_ptr<std::atomic<std::uint32_t>[]> fresh;
  std::atomic<std::uint64_t> contended = 0;
};

/// Offers keys first .. first + count - 1, all callers the same ones, each in bursts and an order
/// of its own that is nearly that of the others.
template <class Table>
void offer(typename Table::Caller& caller, Heard& heard, std::uint64_t first, std::uint64_t count,
           std::uint64_t now, std::minstd_rand& random) {
  std::array<KeyHash, kBurst> keys;
  std::array<std::uint64_t, kBurst> numbers;
  std::array<KeyVerdict, kBurst> verdicts;
  for (std::uint64_t at = 0; at < count; at += kBurst) {
    const std::size_t size = std::min<std::size_t>(kBurst, count - at);
    const std::size_t rotation = random() % size;
    for (std::size_t i = 0; i < size; ++i) {
      numbers[i] = first + at + (i + rotation) % size;
      keys[i] = key_of(numbers[i]);
    }
    caller.check_and_mark(std::span(keys).first(size), verdicts, now);
    for (std::size_t i = 0; i < size; ++i) {
      if (verdicts[i] == KeyVerdict::kNew) heard.fresh[numbers[i]].fetch_add(1);
      if (verdicts[i] == KeyVerdict::kContended) heard.contended.fetch_add(1);
    }
  }
}

/// kThreads callers on the CPUs there are, each running `body(caller, random)`.
template <class Table, class Body>
KeyedTotals run(Table& table, Body&& body) {
  const std::vector<int> cpus = test::allowed_cpus();
  std::vector<std::unique_ptr<typename Table::Caller>> callers;
  for (unsigned i = 0; i < kThreads; ++i)
    callers.push_back(std::make_unique<typename Table::Caller>(table));
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        test::pin_to(cpus[i % cpus.size()]);
        std::minstd_rand random(i + 1);
        body(*callers[i], random);
      });
    }
  }
  KeyedTotals totals;
  for (const auto& caller : callers) totals.add(caller->counters());
  return totals;
}

TEST(KeyedThreaded, OneCallerHearsNewInALargeTable) {
  const std::uint64_t keys = 1'500'000 / kLess;
  OwnedKeyedTable<KeyedTable> table((std::size_t{64} << 20) / 64);
  Heard heard(keys);
  const KeyedTotals totals = run(*table, [&](KeyedTable::Caller& caller, std::minstd_rand& random) {
    offer<KeyedTable>(caller, heard, 0, keys, 1'000'000, random);
  });
  // So few keys that hardly one is evicted; an evicted key may have been new twice.
  std::uint64_t twice = 0;
  for (std::uint64_t i = 0; i < keys; ++i) {
    ASSERT_GE(heard.fresh[i].load(), 1U) << i;
    twice += heard.fresh[i].load() - 1;
  }
  EXPECT_LE(twice, totals.evicted);
  EXPECT_LT(totals.evicted, keys / 1000);
  EXPECT_EQ(heard.contended.load(), 0U);
  EXPECT_EQ(totals.fresh + totals.duplicates, kThreads * keys);
  EXPECT_EQ(totals.fresh - totals.evicted - totals.expired, table.keys());
}

/// Round after round all callers meet at one bucket with the same few keys, a window apart, so that
/// they race to air it, to expire what was there and to insert.
TEST(KeyedThreaded, OneCallerHearsNewInOneBucket) {
  constexpr std::uint64_t kKeys = 7;
  const std::uint64_t rounds = 100'000 / kLess;
  OwnedKeyedTable<KeyedTable> table(1);
  Heard heard(kKeys);
  std::uint64_t wrong = 0;
  std::uint64_t judged = 0;
  std::barrier together(kThreads, [&]() noexcept {
    // All callers wait here, so the round can be checked and its counts reset.
    for (std::uint64_t i = 0; i < kKeys; ++i) wrong += heard.fresh[i].exchange(0) != 1 ? 1U : 0U;
    ++judged;
  });
  const KeyedTotals totals = run(*table, [&](KeyedTable::Caller& caller, std::minstd_rand& random) {
    std::uint64_t base = 1000;
    for (std::uint64_t i = 0; i < rounds; ++i) {
      // Clocks are up to two ticks apart. Now and then the gap is what a tick's bits cannot tell.
      base += KeyedTable::kWindowTicks + 3 + (i % 5 == 0 ? 512 - KeyedTable::kWindowTicks - 3 : 0);
      offer<KeyedTable>(caller, heard, 0, kKeys, base + random() % 3, random);
      together.arrive_and_wait();
    }
  });
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(judged, rounds);
  EXPECT_EQ(heard.contended.load(), 0U);
  EXPECT_EQ(totals.fresh, rounds * kKeys);
  EXPECT_EQ(totals.evicted, 0U);
}

/// Far more keys than there is room for, while time passes: keys are evicted and expire while other
/// callers look. At the end every key that was inserted is still there, was evicted or has expired.
TEST(KeyedThreaded, NothingIsMiscountedUnderEviction) {
  const std::uint64_t keys = 600'000 / kLess;
  for (const std::size_t buckets : {1U, 4U, 64U}) {
    OwnedKeyedTable<KeyedTable> table(buckets);
    Heard heard(keys);
    std::atomic<std::uint64_t> clock = 1000;
    const KeyedTotals totals =
        run(*table, [&](KeyedTable::Caller& caller, std::minstd_rand& random) {
          for (std::uint64_t at = 0; at < keys; at += kBurst) {
            offer<KeyedTable>(caller, heard, at, std::min<std::uint64_t>(kBurst, keys - at),
                              clock.load(std::memory_order_relaxed), random);
            clock.fetch_add(random() % 200 == 0 ? random() % 1000 : random() % 2,
                            std::memory_order_relaxed);
          }
        });
    for (std::uint64_t i = 0; i < keys; ++i) {
      ASSERT_TRUE(heard.fresh[i].load() >= 1 || heard.contended.load() != 0) << i;
    }
    EXPECT_EQ(totals.fresh + totals.duplicates + totals.contended, kThreads * keys);
    EXPECT_EQ(totals.fresh - totals.evicted - totals.expired, table.keys());
    std::cout << "[ stress   ] " << buckets << " buckets: " << totals.fresh << " inserted, "
              << totals.evicted << " evicted, " << totals.expired << " expired, "
              << totals.contended << " gave up\n";
  }
}

}  // namespace
}  // namespace esc::identity
