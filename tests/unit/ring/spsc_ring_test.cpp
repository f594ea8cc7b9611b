// SPDX-License-Identifier: BSD-3-Clause
#include "ring/spsc_ring.hpp"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace esc::ring {
namespace {

struct alignas(kCacheLineBytes) Item {
  std::uint64_t number;
  std::array<std::uint64_t, 7> rest;
};
static_assert(sizeof(Item) == kCacheLineBytes);

using Ring = SpscRing<Item>;
static_assert(sizeof(Ring) == 5 * kLinePairBytes,
              "constants, tail, head, producer's own, consumer's own: a pair of lines each");
static_assert(alignof(Ring) == kLinePairBytes);
static_assert(Ring::bytes_for(16'384) == std::size_t{1024} * 1024);
static_assert(!std::is_copy_constructible_v<Ring> && !std::is_move_constructible_v<Ring>);

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

std::vector<std::uint64_t> pop(Ring& ring, std::size_t max) {
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

template <std::size_t kCapacity>
struct Fixture {
  std::array<Item, kCapacity> slots{};
  Ring ring{slots};
};

TEST(SpscRing, PopsInOrderWhatWasPushed) {
  Fixture<8> f;
  EXPECT_EQ(f.ring.capacity(), 8U);
  EXPECT_EQ(f.ring.push_burst(numbered(1, 3)), 3U);
  EXPECT_EQ(f.ring.push_burst(numbered(4, 2)), 2U);
  EXPECT_EQ(f.ring.size(), 5U);
  EXPECT_EQ(pop(f.ring, 4), numbers(1, 4));
  EXPECT_EQ(f.ring.size(), 1U);
  EXPECT_EQ(pop(f.ring, 4), numbers(5, 1));
  EXPECT_EQ(pop(f.ring, 4), numbers(0, 0));
  EXPECT_EQ(f.ring.size(), 0U);
}

TEST(SpscRing, EverySlotIsUsableAndAFullRingTakesAPrefix) {
  Fixture<8> f;
  EXPECT_EQ(f.ring.push_burst(numbered(0, 6)), 6U);
  EXPECT_EQ(f.ring.push_burst(numbered(6, 5)), 2U);
  EXPECT_EQ(f.ring.size(), 8U);
  EXPECT_EQ(f.ring.push_burst(numbered(8, 1)), 0U);
  EXPECT_EQ(pop(f.ring, 3), numbers(0, 3));
  EXPECT_EQ(f.ring.push_burst(numbered(8, 5)), 3U);
  EXPECT_EQ(pop(f.ring, 100), numbers(3, 8));
}

TEST(SpscRing, ABurstLargerThanTheRingIsTakenUpToItsCapacity) {
  Fixture<4> f;
  EXPECT_EQ(f.ring.push_burst(numbered(0, 11)), 4U);
  EXPECT_EQ(pop(f.ring, 11), numbers(0, 4));
}

TEST(SpscRing, EmptyBurstsDoNothing) {
  Fixture<4> f;
  EXPECT_EQ(f.ring.push_burst({}), 0U);
  EXPECT_EQ(f.ring.push_burst(numbered(0, 1)), 1U);
  EXPECT_EQ(f.ring.pop_burst({}), 0U);
  EXPECT_EQ(f.ring.size(), 1U);
}

TEST(SpscRing, ARingOfOneSlot) {
  Fixture<1> f;
  for (std::uint64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(f.ring.push_burst(numbered(i, 2)), 1U);
    EXPECT_EQ(pop(f.ring, 2), numbers(i, 1));
  }
}

TEST(SpscRing, WrapsWithBurstsOfEverySize) {
  Fixture<8> f;
  std::uint64_t pushed = 0;
  std::uint64_t popped = 0;
  for (std::size_t round = 0; round < 1'000; ++round) {
    pushed += f.ring.push_burst(numbered(pushed, round % 11));
    const std::vector<std::uint64_t> got = pop(f.ring, round % 7);
    ASSERT_EQ(got, numbers(popped, got.size()));
    popped += got.size();
    ASSERT_EQ(f.ring.size(), pushed - popped);
  }
  EXPECT_GT(popped, 2'000U);
}

TEST(SpscRing, ConsumesInPlaceAndReleasesAtTheEnd) {
  Fixture<4> f;
  ASSERT_EQ(f.ring.push_burst(numbered(7, 3)), 3U);
  std::vector<const Item*> places;
  EXPECT_EQ(f.ring.consume_burst(2,
                                 [&](const Item& item) {
                                   EXPECT_EQ(item.number, 7 + places.size());
                                   EXPECT_EQ(f.ring.size(), 3U);
                                   places.push_back(&item);
                                 }),
            2U);
  EXPECT_EQ(places, (std::vector<const Item*>{&f.slots[0], &f.slots[1]}));
  EXPECT_EQ(f.ring.size(), 1U);
}

TEST(SpscRing, ClaimedSlotsAreWrittenInPlaceAndSeenOncePublished) {
  Fixture<4> f;
  EXPECT_EQ(f.ring.publish(), 0U);
  for (std::uint64_t i = 0; i < 4; ++i) {
    Item* slot = f.ring.claim();
    ASSERT_EQ(slot, &f.slots[i]);
    *slot = numbered(i, 1).front();
    EXPECT_EQ(f.ring.size(), 0U);
  }
  EXPECT_EQ(f.ring.claim(), nullptr);
  EXPECT_EQ(pop(f.ring, 4), numbers(0, 0));
  EXPECT_EQ(f.ring.publish(), 4U);
  EXPECT_EQ(f.ring.publish(), 0U);
  EXPECT_EQ(f.ring.claim(), nullptr);
  EXPECT_EQ(pop(f.ring, 3), numbers(0, 3));
  *f.ring.claim() = numbered(4, 1).front();
  EXPECT_EQ(f.ring.publish(), 1U);
  EXPECT_EQ(f.ring.push_burst(numbered(5, 3)), 2U);
  EXPECT_EQ(pop(f.ring, 4), numbers(3, 4));
}

TEST(SpscRing, ConsumesARunInPlaceUpToTheEndOfItsMemory) {
  Fixture<4> f;
  std::vector<std::span<const Item>> runs;
  const auto consume = [&](std::size_t max) {
    return f.ring.consume_run(max, [&](std::span<const Item> run) {
      EXPECT_NE(f.ring.size(), 0U);
      runs.push_back(run);
    });
  };
  EXPECT_EQ(consume(4), 0U);
  EXPECT_TRUE(runs.empty());
  ASSERT_EQ(f.ring.push_burst(numbered(0, 3)), 3U);
  EXPECT_EQ(consume(2), 2U);
  ASSERT_EQ(f.ring.push_burst(numbered(3, 3)), 3U);
  EXPECT_EQ(consume(4), 2U);
  EXPECT_EQ(consume(4), 2U);
  EXPECT_EQ(consume(0), 0U);
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_EQ(runs[0].data(), &f.slots[0]);
  EXPECT_EQ(runs[1].data(), &f.slots[2]);
  EXPECT_EQ(runs[1].back().number, 3U);
  EXPECT_EQ(runs[2].data(), &f.slots[0]);
  EXPECT_EQ(runs[2].front().number, 4U);
  EXPECT_EQ(runs[2].back().number, 5U);
  EXPECT_EQ(f.ring.size(), 0U);
}

TEST(SpscRing, MemoryIsChecked) {
  std::array<Item, 8> slots{};
  EXPECT_THROW(Ring(std::span(slots).first(6)), std::invalid_argument);
  EXPECT_THROW(Ring(std::span(slots).first(0)), std::invalid_argument);
  alignas(kCacheLineBytes) std::array<std::uint64_t, 16> words{};
  EXPECT_THROW(SpscRing<std::uint64_t>(std::span(words).subspan(1, 8)), std::invalid_argument);
  alignas(kCacheLineBytes) std::array<std::byte, 5 * kCacheLineBytes> raw{};
  EXPECT_THROW((void)Ring::slots_in(std::span(raw).subspan(8)), std::invalid_argument);
  const std::span<Item> made = Ring::slots_in(std::span(raw).first(Ring::bytes_for(4)));
  ASSERT_EQ(made.size(), 4U);
  Ring ring(made);
  EXPECT_EQ(ring.push_burst(numbered(0, 5)), 4U);
  EXPECT_EQ(pop(ring, 5), numbers(0, 4));
}

}  // namespace
}  // namespace esc::ring
