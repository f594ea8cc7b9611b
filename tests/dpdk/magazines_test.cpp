// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/magazines.hpp"

#include <gtest/gtest.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "dpdk/pool.hpp"
#include "ring/mpsc_ring.hpp"

namespace esc::test {
namespace {

using dpdk::Magazines;

/// Magazines with objects 1 .. count in them, put there by lcore 0.
class Filled {
 public:
  explicit Filled(std::size_t count)
      : memory_(std::aligned_alloc(kLinePairBytes, round_up(Magazines::bytes_for(count)))) {
    std::memset(memory_.get(), 0, Magazines::bytes_for(count));
    magazines_ = Magazines::make(memory_.get(), count);
    for (std::size_t i = 1; i <= count; ++i) {
      void* object = reinterpret_cast<void*>(i);
      EXPECT_TRUE(magazines_->put(0, {&object, 1}));
    }
  }

  [[nodiscard]] Magazines& operator*() noexcept { return *magazines_; }
  [[nodiscard]] Magazines* operator->() noexcept { return magazines_; }
  [[nodiscard]] std::multiset<std::size_t> objects() const {
    std::multiset<std::size_t> found;
    magazines_->for_each(
        [&](void* object) { found.insert(reinterpret_cast<std::size_t>(object)); });
    return found;
  }

 private:
  static std::size_t round_up(std::size_t bytes) {
    return (bytes + kLinePairBytes - 1) / kLinePairBytes * kLinePairBytes;
  }
  struct Free {
    void operator()(void* memory) const noexcept { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
  Magazines* magazines_ = nullptr;
};

std::multiset<std::size_t> up_to(std::size_t count) {
  std::multiset<std::size_t> all;
  for (std::size_t i = 1; i <= count; ++i) all.insert(i);
  return all;
}

TEST(Magazines, GiveBackWhatWasPutIn) {
  for (const std::size_t count : {1U, 63U, 64U, 65U, 128U, 129U, 1000U}) {
    Filled filled(count);
    EXPECT_EQ(filled->count(), count);
    EXPECT_EQ(filled.objects(), up_to(count));
    std::vector<void*> all(count);
    EXPECT_TRUE(filled->get(0, all));
    EXPECT_EQ(filled->count(), 0U);
    void* one = nullptr;
    EXPECT_FALSE(filled->get(0, {&one, 1}));
    EXPECT_TRUE(filled->put(0, all));
    EXPECT_EQ(filled.objects(), up_to(count));
  }
}

TEST(Magazines, GiveAllOfWhatIsAskedForOrNothing) {
  Filled filled(1000);
  std::vector<void*> more(1001);
  EXPECT_FALSE(filled->get(0, more));
  EXPECT_EQ(filled->count(), 1000U);
  EXPECT_EQ(filled.objects(), up_to(1000));
}

TEST(Magazines, WhatWasPutInLastComesOutFirst) {
  Filled filled(1000);
  std::array<void*, 40> last{};
  ASSERT_TRUE(filled->get(0, last));
  ASSERT_TRUE(filled->put(0, last));
  std::array<void*, 40> again{};
  ASSERT_TRUE(filled->get(0, again));
  EXPECT_EQ(again, last);
}

// The most that an lcore keeps from the others is two magazines.
TEST(Magazines, AnotherLcoreGetsAllButTwoMagazines) {
  Filled filled(1000);
  std::size_t got = 0;
  for (void* one = nullptr; filled->get(1, {&one, 1});) ++got;
  EXPECT_GE(got, 1000 - 2 * Magazines::kRounds);
  EXPECT_EQ(filled->count(), 1000 - got);
}

// However objects lie about in the lcores' magazines, there is an empty one for the next.
TEST(Magazines, TakeEveryObjectWhereverTheOthersAre) {
  constexpr std::size_t kCount = 4096;
  Filled filled(kCount);
  std::mt19937 random(3);
  std::vector<void*> out;
  for (int round = 0; round < 20'000; ++round) {
    const unsigned lcore = random() % RTE_MAX_LCORE;
    if (random() % 2 == 0) {
      std::vector<void*> some(1 + random() % 200);
      if (!filled->get(lcore, some)) continue;
      out.insert(out.end(), some.begin(), some.end());
    } else {
      const std::size_t count = std::min<std::size_t>(out.size(), random() % 200);
      ASSERT_TRUE(filled->put(lcore, std::span(out).last(count)));
      out.resize(out.size() - count);
    }
    ASSERT_EQ(filled->count() + out.size(), kCount);
  }
  ASSERT_TRUE(filled->put(5, out));
  EXPECT_EQ(filled.objects(), up_to(kCount));
}

// One takes bursts and hands them over, the other gives them back, as RX and worker do; a third
// thread without an lcore id does both.
TEST(Magazines, LoseAndRepeatNothingBetweenThreads) {
  constexpr std::size_t kCount = 2048;
  constexpr std::size_t kHandedOver = 300'000;
  Filled filled(kCount);
  using Ring = ring::MpscRing<std::uint64_t>;
  std::vector<std::byte> memory(Ring::bytes_for(512) + kLinePairBytes);
  void* start = memory.data();
  std::size_t space = memory.size();
  start = std::align(kLinePairBytes, Ring::bytes_for(512), start, space);
  Ring handed(Ring::cells_in({static_cast<std::byte*>(start), Ring::bytes_for(512)}));
  std::thread taker([&] {
    Ring::Producer producer(handed);
    std::array<void*, 32> burst{};
    for (std::size_t done = 0; done < kHandedOver;) {
      if (!filled->get(1, burst)) continue;
      std::array<std::uint64_t, 32> numbers{};
      for (std::size_t i = 0; i < burst.size(); ++i) {
        numbers[i] = reinterpret_cast<std::uint64_t>(burst[i]);
      }
      for (std::size_t pushed = 0; pushed < numbers.size();) {
        pushed += producer.push_burst(std::span(numbers).subspan(pushed));
      }
      done += burst.size();
    }
  });
  std::thread both([&] {
    std::array<void*, 7> some{};
    for (int i = 0; i < 50'000; ++i) {
      if (!filled->get(LCORE_ID_ANY, some)) continue;
      EXPECT_TRUE(filled->put(LCORE_ID_ANY, some));
    }
  });
  std::array<void*, 64> back{};
  for (std::size_t done = 0; done < kHandedOver;) {
    std::size_t count = handed.ready(back.size());
    for (std::size_t i = 0; i < count; ++i) back[i] = reinterpret_cast<void*>(handed.peek(i));
    handed.release(count);
    if (count == 0) std::this_thread::yield();
    ASSERT_TRUE(filled->put(2, std::span(back).first(count)));
    done += count;
  }
  taker.join();
  both.join();
  EXPECT_EQ(filled.objects(), up_to(kCount));
}

}  // namespace
}  // namespace esc::test
