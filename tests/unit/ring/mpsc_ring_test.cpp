// SPDX-License-Identifier: BSD-3-Clause
#include "ring/mpsc_ring.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace esc::ring {
namespace {

struct Item {
  std::uint64_t number;
  std::array<std::uint64_t, 6> rest;
};
static_assert(sizeof(Item) == 56);

using Ring = MpscRing<Item>;
static_assert(sizeof(Ring::Cell) == kCacheLineBytes && alignof(Ring::Cell) == kCacheLineBytes);
static_assert(sizeof(MpscRing<char>::Cell) == kCacheLineBytes);
static_assert(sizeof(Ring) == 4 * kLinePairBytes,
              "constants, tail, consumed, consumer: a pair of lines each");
static_assert(alignof(Ring) == kLinePairBytes);
static_assert(Ring::bytes_for(65'536) == std::size_t{4} * 1024 * 1024);
static_assert(!std::is_copy_constructible_v<Ring> && !std::is_move_constructible_v<Ring>);
static_assert(std::is_trivially_destructible_v<Ring::Cell>, "the memory is simply dropped");
static_assert(noexcept(std::declval<Ring::Producer&>().push_burst({})));

std::vector<Item> numbered(std::uint64_t first, std::size_t count) {
  std::vector<Item> items(count);
  for (std::size_t i = 0; i < count; ++i) {
    items[i].number = first + i;
    items[i].rest.fill(~(first + i));
  }
  return items;
}

std::vector<std::uint64_t> numbers(std::uint64_t first, std::size_t count) {
  std::vector<std::uint64_t> result(count);
  std::iota(result.begin(), result.end(), first);
  return result;
}

/// Pops at most `max` with pop_burst and checks that each element is whole.
template <class R>
std::vector<std::uint64_t> pop(R& ring, std::size_t max) {
  std::vector<Item> out(max);
  const std::size_t count = ring.pop_burst(out);
  EXPECT_LE(count, max);
  std::vector<std::uint64_t> result;
  for (std::size_t i = 0; i < count; ++i) {
    for (const std::uint64_t word : out[i].rest) EXPECT_EQ(word, ~out[i].number);
    result.push_back(out[i].number);
  }
  return result;
}

template <std::size_t kCapacity, class R = Ring>
struct Fixture {
  std::array<typename R::Cell, kCapacity> cells{};
  R ring{cells};
  typename R::Producer producer{ring};
};

TEST(MpscRing, PopsInOrderWhatWasPushed) {
  Fixture<8> f;
  EXPECT_EQ(f.ring.capacity(), 8U);
  EXPECT_EQ(f.producer.push_burst(numbered(1, 3)), 3U);
  EXPECT_EQ(f.producer.push_burst(numbered(4, 2)), 2U);
  EXPECT_EQ(f.ring.size(), 5U);
  EXPECT_EQ(pop(f.ring, 4), numbers(1, 4));
  EXPECT_EQ(f.ring.size(), 1U);
  EXPECT_EQ(pop(f.ring, 4), numbers(5, 1));
  EXPECT_EQ(pop(f.ring, 4), numbers(0, 0));
  EXPECT_EQ(f.ring.size(), 0U);
}

TEST(MpscRing, EveryCellIsUsableAndAFullRingTakesAPrefix) {
  Fixture<8> f;
  EXPECT_EQ(f.producer.push_burst(numbered(0, 6)), 6U);
  EXPECT_EQ(f.producer.push_burst(numbered(6, 5)), 2U);
  EXPECT_EQ(f.ring.size(), 8U);
  EXPECT_EQ(f.producer.push_burst(numbered(8, 1)), 0U);
  EXPECT_EQ(f.producer.contended(), 0U);
  EXPECT_EQ(pop(f.ring, 3), numbers(0, 3));
  EXPECT_EQ(f.producer.push_burst(numbered(8, 5)), 3U);
  EXPECT_EQ(pop(f.ring, 100), numbers(3, 8));
}

TEST(MpscRing, ABurstLargerThanTheRingIsTakenUpToItsCapacity) {
  Fixture<4> f;
  EXPECT_EQ(f.producer.push_burst(numbered(0, 11)), 4U);
  EXPECT_EQ(pop(f.ring, 11), numbers(0, 4));
}

TEST(MpscRing, EmptyBurstsDoNothing) {
  Fixture<4> f;
  EXPECT_EQ(f.producer.push_burst({}), 0U);
  EXPECT_EQ(f.producer.push_burst(numbered(0, 1)), 1U);
  EXPECT_EQ(f.ring.pop_burst({}), 0U);
  EXPECT_EQ(f.ring.size(), 1U);
}

TEST(MpscRing, ARingOfOneCell) {
  Fixture<1> f;
  for (std::uint64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(f.producer.push_burst(numbered(i, 2)), 1U);
    EXPECT_EQ(pop(f.ring, 2), numbers(i, 1));
  }
}

TEST(MpscRing, WrapsWithBurstsOfEverySize) {
  Fixture<8> f;
  std::uint64_t pushed = 0;
  std::uint64_t popped = 0;
  for (std::size_t round = 0; round < 1'000; ++round) {
    pushed += f.producer.push_burst(numbered(pushed, round % 11));
    const std::vector<std::uint64_t> got = pop(f.ring, round % 7);
    ASSERT_EQ(got, numbers(popped, got.size()));
    popped += got.size();
    ASSERT_EQ(f.ring.size(), pushed - popped);
  }
  EXPECT_GT(popped, 2'000U);
}

TEST(MpscRing, ProducersEachKeepTheirOrderAndSeeEachOthersRoom) {
  Fixture<4> f;
  Ring::Producer other(f.ring);
  EXPECT_EQ(f.producer.push_burst(numbered(0, 2)), 2U);
  EXPECT_EQ(other.push_burst(numbered(100, 3)), 2U);
  EXPECT_EQ(f.producer.push_burst(numbered(2, 1)), 0U);
  EXPECT_EQ(pop(f.ring, 9), (std::vector<std::uint64_t>{0, 1, 100, 101}));
  EXPECT_EQ(f.producer.push_burst(numbered(2, 4)), 4U);
  EXPECT_EQ(other.push_burst(numbered(102, 1)), 0U);
}

TEST(MpscRing, ConsumesInPlaceAndReleasesAtTheEnd) {
  Fixture<4> f;
  ASSERT_EQ(f.producer.push_burst(numbered(7, 3)), 3U);
  std::vector<const Item*> places;
  EXPECT_EQ(f.ring.consume_burst(2,
                                 [&](const Item& item) {
                                   EXPECT_EQ(item.number, 7 + places.size());
                                   EXPECT_EQ(f.ring.size(), 3U);
                                   places.push_back(&item);
                                 }),
            2U);
  EXPECT_EQ(places, (std::vector<const Item*>{&f.cells[0].value, &f.cells[1].value}));
  EXPECT_EQ(f.ring.size(), 1U);
}

TEST(MpscRing, WhatIsReadyIsReadInPlaceUntilItIsReleased) {
  Fixture<4> f;
  EXPECT_EQ(f.ring.ready(4), 0U);
  ASSERT_EQ(f.producer.push_burst(numbered(7, 3)), 3U);
  EXPECT_EQ(f.ring.ready(2), 2U);
  EXPECT_EQ(f.ring.ready(4), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(f.ring.peek(i).number, 7 + i);
  EXPECT_EQ(f.ring.size(), 3U);
  f.ring.release(2);
  EXPECT_EQ(f.ring.size(), 1U);
  EXPECT_EQ(f.ring.ready(4), 1U);
  EXPECT_EQ(f.ring.peek(0).number, 9U);
  f.ring.release(0);
  EXPECT_EQ(f.ring.size(), 1U);
}

TEST(MpscRing, MemoryIsChecked) {
  std::array<Ring::Cell, 8> cells{};
  EXPECT_THROW(Ring(std::span(cells).first(6)), std::invalid_argument);
  EXPECT_THROW(Ring(std::span(cells).first(0)), std::invalid_argument);
  alignas(kCacheLineBytes) std::array<std::byte, 5 * kCacheLineBytes> raw{};
  EXPECT_THROW((void)Ring::cells_in(std::span(raw).subspan(8)), std::invalid_argument);
  const std::span<Ring::Cell> made = Ring::cells_in(std::span(raw).first(Ring::bytes_for(4)));
  ASSERT_EQ(made.size(), 4U);
  Ring ring(made);
  Ring::Producer producer(ring);
  EXPECT_EQ(producer.push_burst(numbered(0, 5)), 4U);
  EXPECT_EQ(pop(ring, 5), numbers(0, 4));
}

TEST(MpscRing, WhatTheMemoryHeldBeforeDoesNotMatter) {
  std::array<Ring::Cell, 4> cells{};
  for (std::uint64_t i = 0; i < 4; ++i) cells[i].sequence.store(i + 1, std::memory_order_relaxed);
  Ring ring(cells);
  EXPECT_EQ(pop(ring, 4), numbers(0, 0));
}

/// A policy with hooks: the test steps in between two operations of one call, as another thread
/// might.
struct Hooked {
  static inline std::function<void()> on_write;         ///< before a producer writes a cell
  static inline std::function<void()> on_acquire_load;  ///< once, after the next acquire load
  static inline bool exchange_fails = false;

  template <class U>
  struct atomic : std::atomic<U> {
    using std::atomic<U>::atomic;
    U load(std::memory_order order) const {
      if (order == std::memory_order_acquire && on_acquire_load) {
        std::exchange(on_acquire_load, nullptr)();
      }
      return std::atomic<U>::load(order);
    }
    bool compare_exchange_weak(U& expected, U desired, std::memory_order success,
                               std::memory_order failure) {
      return !exchange_fails &&
             std::atomic<U>::compare_exchange_weak(expected, desired, success, failure);
    }
  };
  static void will_read(const void* /*element*/) {}
  static void will_write(const void* /*element*/) {
    if (on_write) std::exchange(on_write, nullptr)();
  }
};
using HookedRing = MpscRing<Item, Hooked>;

TEST(MpscRing, AHoleIsWaitedForAndCountedOnce) {
  Fixture<8, HookedRing> f;
  HookedRing::Producer other(f.ring);
  constexpr unsigned kGrace = HookedRing::kPollsPerHoleCheck;
  Hooked::on_write = [&] {  // the first producer has claimed and not yet published
    EXPECT_EQ(other.push_burst(numbered(100, 2)), 2U);
    EXPECT_EQ(f.ring.size(), 4U);
    for (unsigned poll = 1; poll < kGrace; ++poll) EXPECT_EQ(pop(f.ring, 8), numbers(0, 0));
    EXPECT_EQ(f.ring.hole_waits(), 0U);
    for (unsigned poll = 0; poll < 3 * kGrace; ++poll) EXPECT_EQ(pop(f.ring, 8), numbers(0, 0));
    EXPECT_EQ(f.ring.hole_waits(), 1U);
  };
  EXPECT_EQ(f.producer.push_burst(numbered(0, 2)), 2U);
  EXPECT_EQ(pop(f.ring, 8), (std::vector<std::uint64_t>{0, 1, 100, 101}));
  for (unsigned poll = 0; poll < 3 * kGrace; ++poll) EXPECT_EQ(pop(f.ring, 8), numbers(0, 0));
  EXPECT_EQ(f.ring.hole_waits(), 1U) << "an empty ring is no hole";

  Hooked::on_write = [&] {
    for (unsigned poll = 0; poll < kGrace; ++poll) EXPECT_EQ(pop(f.ring, 8), numbers(0, 0));
  };
  EXPECT_EQ(f.producer.push_burst(numbered(2, 1)), 1U);
  EXPECT_EQ(f.ring.hole_waits(), 2U);
}

TEST(MpscRing, AClaimThatAlwaysLosesIsGivenUp) {
  Fixture<4, HookedRing> f;
  Hooked::exchange_fails = true;
  EXPECT_EQ(f.producer.push_burst(numbered(0, 2)), 0U);
  Hooked::exchange_fails = false;
  EXPECT_EQ(f.producer.contended(), 1U);
  EXPECT_EQ(f.ring.size(), 0U);
  EXPECT_EQ(f.producer.push_burst(numbered(0, 2)), 2U);
}

TEST(MpscRing, ATailOlderThanTheConsumedIndexIsNotTakenForAFullRing) {
  Fixture<4, HookedRing> f;
  HookedRing::Producer other(f.ring);
  ASSERT_EQ(f.producer.push_burst(numbered(0, 4)), 4U);
  ASSERT_EQ(pop(f.ring, 4), numbers(0, 4));
  // Between the producer's reading of the tail (4) and of the consumed index the others move both
  // to 7.
  Hooked::on_acquire_load = [&] {
    EXPECT_EQ(other.push_burst(numbered(100, 3)), 3U);
    EXPECT_EQ(pop(f.ring, 4), numbers(100, 3));
  };
  EXPECT_EQ(f.producer.push_burst(numbered(4, 6)), 4U);
  EXPECT_EQ(pop(f.ring, 6), numbers(4, 4));
}

}  // namespace
}  // namespace esc::ring
