// SPDX-License-Identifier: BSD-3-Clause
// Tests of the explorer itself: it must find known defects, or its finding none in the rings would
// mean nothing.
#include "support/explorer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <set>
#include <string>

namespace esc::explorer {
namespace {

using Word = Atomics::atomic<std::uint64_t>;
using Kind = Mutation::Kind;

/// Message passing: the data is written, then the flag; a reader that sees the flag must be ordered
/// after the data.
struct MessagePassing : Scenario {
  explicit MessagePassing(std::memory_order store, std::memory_order load)
      : store_order(store), load_order(load) {}

  void run(unsigned thread) override {
    if (thread == 0) {
      Atomics::will_write(&data);
      flag.store(1, store_order);
    } else if (flag.load(load_order) == 1) {
      Atomics::will_read(&data);
    }
  }
  void finish() override {
    require(flag.load(std::memory_order_relaxed) == 1, "the store is lost");
  }

  std::memory_order store_order;
  std::memory_order load_order;
  std::uint64_t data = 0;
  Word flag{0};
};

Result pass_message(std::memory_order store, std::memory_order load) {
  return explore({.preemptions = 2}, 2,
                 [=] { return std::make_unique<MessagePassing>(store, load); });
}

TEST(Explorer, AcquireAndReleaseOrderAPlainAccess) {
  EXPECT_EQ(pass_message(std::memory_order_release, std::memory_order_acquire).defect, "");
}

TEST(Explorer, ARelaxedStoreOrLoadDoesNot) {
  const Result store = pass_message(std::memory_order_relaxed, std::memory_order_acquire);
  EXPECT_EQ(store.defect.substr(0, 4), "race") << store.defect;
  const Result load = pass_message(std::memory_order_release, std::memory_order_relaxed);
  EXPECT_EQ(load.defect.substr(0, 4), "race") << load.defect;
}

/// Two threads of two operations each have (2 + 2)! / (2! 2!) = 6 interleavings, and every one
/// shows another pair of logs.
struct TwoByTwo : Scenario {
  explicit TwoByTwo(std::set<std::string>& orders) : seen(orders) {}
  void run(unsigned thread) override {
    for (int i = 0; i < 2; ++i) {
      word.store(thread, std::memory_order_relaxed);
      log[used++] = static_cast<char>('a' + thread);
    }
  }
  void finish() override { seen.insert(std::string(log.data(), used)); }

  std::set<std::string>& seen;
  std::array<char, 4> log{};
  std::size_t used = 0;
  Word word{0};
};

TEST(Explorer, VisitsEveryInterleavingOnce) {
  std::set<std::string> orders;
  const Result result =
      explore({.preemptions = 4}, 2, [&] { return std::make_unique<TwoByTwo>(orders); });
  EXPECT_EQ(result.defect, "");
  EXPECT_EQ(result.schedules, 6U);
  EXPECT_EQ(orders, (std::set<std::string>{"aabb", "abab", "abba", "baab", "baba", "bbaa"}));
}

TEST(Explorer, KeepsToTheContextBound) {
  std::set<std::string> orders;
  EXPECT_EQ(
      explore({.preemptions = 0}, 2, [&] { return std::make_unique<TwoByTwo>(orders); }).schedules,
      2U);
  EXPECT_EQ(orders, (std::set<std::string>{"aabb", "bbaa"}));
  orders.clear();
  EXPECT_EQ(
      explore({.preemptions = 1}, 2, [&] { return std::make_unique<TwoByTwo>(orders); }).schedules,
      4U);
  EXPECT_EQ(orders, (std::set<std::string>{"aabb", "abba", "baab", "bbaa"}));
}

/// Store buffering: x = 1, read y beside y = 1, read x. Both reads may return 0 only where loads
/// may be stale.
struct StoreBuffering : Scenario {
  explicit StoreBuffering(std::set<std::uint64_t>& outcomes) : seen(outcomes) {}
  void run(unsigned thread) override {
    word[thread].store(1, std::memory_order_release);
    read[thread] = word[1 - thread].load(std::memory_order_acquire);
  }
  void finish() override { seen.insert(read[0] * 2 + read[1]); }

  std::set<std::uint64_t>& seen;
  std::array<std::uint64_t, 2> read{};
  std::array<Word, 2> word{Word{0}, Word{0}};
};

TEST(Explorer, StaleLoadsAreThereWhenAskedFor) {
  std::set<std::uint64_t> outcomes;
  const auto make = [&] { return std::make_unique<StoreBuffering>(outcomes); };
  EXPECT_EQ(explore({.preemptions = 4}, 2, make).defect, "");
  EXPECT_EQ(outcomes, (std::set<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(explore({.preemptions = 4, .stale_reads = 2}, 2, make).defect, "");
  EXPECT_EQ(outcomes, (std::set<std::uint64_t>{0, 1, 2, 3}));
}

/// Coherence: a thread never reads an older store after a newer one, nor one older than its
/// acquired view.
struct Coherence : Scenario {
  void run(unsigned thread) override {
    if (thread == 0) {
      word.store(1, std::memory_order_relaxed);
      word.store(2, std::memory_order_relaxed);
      flag.store(1, std::memory_order_release);
      return;
    }
    const bool flagged = flag.load(std::memory_order_acquire) == 1;
    const std::uint64_t first = word.load(std::memory_order_relaxed);
    const std::uint64_t second = word.load(std::memory_order_relaxed);
    require(second >= first, "went back in the order of stores");
    require(!flagged || first == 2, "read past what it had acquired");
  }
  void finish() override {}
  Word word{0};
  Word flag{0};
};

TEST(Explorer, StaleLoadsRespectCoherence) {
  const auto make = [] { return std::make_unique<Coherence>(); };
  EXPECT_EQ(explore({.preemptions = 5, .stale_reads = 3}, 2, make).defect, "");
  const Result relaxed =
      explore({.preemptions = 5, .stale_reads = 3}, 2, make, {Kind::kRelaxStores, 1, 1});
  EXPECT_EQ(relaxed.defect.substr(0, 9), "read past") << relaxed.defect;
}

/// An increment by compare-and-swap, twice.
struct Increment : Scenario {
  void run(unsigned) override {
    std::uint64_t value = count.load(std::memory_order_relaxed);
    while (!count.compare_exchange_weak(value, value + 1, std::memory_order_relaxed,
                                        std::memory_order_relaxed)) {
    }
  }
  void finish() override {
    require(count.load(std::memory_order_relaxed) == 3, "an increment is lost");
  }
  Word count{0};
};

TEST(Explorer, CompareExchangeIsOneStep) {
  const auto make = [] { return std::make_unique<Increment>(); };
  EXPECT_EQ(explore({.preemptions = 4, .stale_reads = 2}, 3, make).defect, "");
  const Result split = explore({.preemptions = 2}, 3, make, {Kind::kSplitExchange, 0, 0});
  EXPECT_EQ(split.defect.substr(0, 12), "an increment") << split.defect;
}

/// A wait for something that never comes.
struct Stuck : Scenario {
  void run(unsigned) override {
    while (word.load(std::memory_order_relaxed) == 0) yield();
  }
  void finish() override {}
  Word word{0};
};

TEST(Explorer, ReportsAThreadThatCannotGoOn) {
  const Result result = explore({}, 2, [] { return std::make_unique<Stuck>(); });
  EXPECT_EQ(result.defect.substr(0, 11), "no progress") << result.defect;
}

}  // namespace
}  // namespace esc::explorer
