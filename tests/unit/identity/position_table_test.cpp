// SPDX-License-Identifier: BSD-3-Clause
// Who has a position, and who gets whose place.
#include "identity/position_table.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace esc::identity {
namespace {

constexpr std::uint64_t kIdle = 100;

TEST(PositionTable, EachEpochOfAProducerHasItsOwn) {
  PositionTable table({.producers = 16, .window = 64, .idle_cycles = kIdle, .seed = 3});
  EXPECT_FALSE(table.position(7, 1).known);
  const std::uint32_t first = table.track(7, 1, 40, 1);
  const std::uint32_t second = table.track(7, 2, 0, 1);
  ASSERT_NE(first, PositionTable::kNone);
  EXPECT_NE(first, second);
  EXPECT_EQ(table.track(7, 1, 99, 2), first);  // it goes on
  table.numbers(first).came(40, 2);
  table.numbers(second).came(0, 1);
  table.numbers(first).settle(40, 2, false);
  EXPECT_EQ(table.position(7, 1).next, 42U);
  EXPECT_EQ(table.position(7, 2).next, 0U);
  EXPECT_FALSE(table.position(7, 3).known);
  EXPECT_FALSE(table.position(8, 1).known);
}

TEST(PositionTable, OnlyWhoHasNothingInFlightAndIsIdleLosesItsPlace) {
  // One bucket: they all share it.
  PositionTable table({.producers = 1, .window = 64, .idle_cycles = kIdle, .seed = 3});
  ASSERT_EQ(table.places(), PositionTable::kWays);
  std::set<std::uint32_t> places;
  for (std::uint64_t producer = 1; producer <= PositionTable::kWays; ++producer) {
    places.insert(table.track(producer, 1, 0, producer));
  }
  EXPECT_EQ(places.size(), PositionTable::kWays);
  EXPECT_FALSE(places.contains(PositionTable::kNone));
  EXPECT_EQ(table.track(99, 1, 0, 50), PositionTable::kNone);
  EXPECT_FALSE(table.position(99, 1).known);
  // Producer 1 is the one that was unused for longest, but it has a number in flight.
  const std::uint32_t one = table.track(1, 1, 0, 2);
  table.numbers(one).came(0, 1);
  const std::uint32_t given = table.track(99, 1, 500, 2 + kIdle);
  ASSERT_NE(given, PositionTable::kNone);
  EXPECT_NE(given, one);
  EXPECT_FALSE(table.position(2, 1).known);
  EXPECT_TRUE(table.position(1, 1).known);
  EXPECT_EQ(table.position(99, 1).next, 500U);
  table.numbers(one).settle(0, 1, true);
  EXPECT_EQ(table.track(100, 1, 0, 3 + kIdle), one);
  EXPECT_EQ(table.position(100, 1).rejected, 0U);
  EXPECT_FALSE(table.position(1, 1).known);
}

// A place goes from one producer to the other and back. Nobody reads one's position as the other's:
// those of the first are even numbers, those of the second odd ones.
TEST(PositionTableThreaded, APlaceThatChangesHandsShowsNobodyAnothersPosition) {
  PositionTable table({.producers = 1, .window = 64, .idle_cycles = 0, .seed = 3});
  for (std::uint64_t other = 10; other < 10 + PositionTable::kWays - 1; ++other) {
    table.numbers(table.track(other, 1, 0, 1)).came(0, 1);  // they stay
  }
  std::atomic<bool> done{false};
  std::thread reader([&] {
    std::uint64_t known = 0;
    while (!done.load() || known == 0) {
      for (const std::uint64_t producer : {std::uint64_t{0}, std::uint64_t{1}}) {
        const SettledPosition position = table.position(producer, 1);
        if (!position.known) continue;
        ++known;
        ASSERT_EQ(position.next % 2, producer);
      }
    }
  });
  std::uint32_t place = PositionTable::kNone;
  for (std::uint64_t turn = 0; turn < 100'000; ++turn) {
    place = table.track(turn % 2, 1, turn, 1);
    ASSERT_NE(place, PositionTable::kNone);
  }
  done.store(true);
  reader.join();
}

}  // namespace
}  // namespace esc::identity
