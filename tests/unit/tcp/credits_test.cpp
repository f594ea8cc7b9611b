// SPDX-License-Identifier: BSD-3-Clause
// How many events of a connection may be under way.
#include "tcp/credits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

namespace esc::test {
namespace {

TEST(Credits, AreOfEachConnectionAndPipeline) {
  control::HeldBoard first(8);
  control::HeldBoard second(8);
  tcp::Credits credits({&first, &second}, {.events = 10, .first_slot = 4, .slots = 4});
  EXPECT_TRUE(credits.has(1, 0, 10, 0));
  EXPECT_FALSE(credits.has(1, 0, 11, 0));
  credits.note(1, 0, 7, 107);
  EXPECT_TRUE(credits.has(1, 0, 3, 106));
  EXPECT_FALSE(credits.has(1, 0, 4, 106));
  EXPECT_TRUE(credits.has(1, 1, 10, 0));
  EXPECT_TRUE(credits.has(2, 0, 10, 0));
  EXPECT_TRUE(credits.has(1, 0, 10, 107));
  // What waits in a dispatcher counts, under the role's own slots.
  for (int i = 0; i < 6; ++i) second.add(5);
  EXPECT_TRUE(credits.has(1, 1, 4, 107));
  EXPECT_FALSE(credits.has(1, 1, 5, 107));
  EXPECT_TRUE(credits.has(5 - 4, 0, 10, 107));
  EXPECT_EQ(credits.held(1), 6U);
  second.remove(5);
  EXPECT_TRUE(credits.has(1, 1, 5, 107));
}

// Against a ring that counts: what the credits say is never less than what is in it, and nothing
// once the connection's last event was taken.
TEST(Credits, NeverSayLessThanTheRingHolds) {
  std::mt19937 random(4);
  tcp::Credits credits({nullptr}, {.events = UINT32_MAX, .first_slot = 0, .slots = 3});
  std::vector<std::uint32_t> ring;  // the slot of each event that was ever pushed
  std::size_t taken = 0;
  std::size_t exact = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto slot = static_cast<std::uint32_t>(random() % 3);
    const std::size_t events = 1 + random() % 4;
    ring.insert(ring.end(), events, slot);
    credits.note(slot, 0, events, ring.size());
    taken += random() % std::min<std::size_t>(ring.size() - taken + 1, 9);
    for (std::uint32_t each = 0; each < 3; ++each) {
      const auto held = static_cast<std::size_t>(
          std::count(ring.begin() + static_cast<std::ptrdiff_t>(taken), ring.end(), each));
      EXPECT_FALSE(held != 0 && credits.has(each, 0, UINT32_MAX - held + 1, taken));
      exact += credits.has(each, 0, UINT32_MAX - held, taken) ? 1 : 0;
      EXPECT_TRUE(held != 0 || credits.has(each, 0, UINT32_MAX, taken));
    }
  }
  EXPECT_GT(exact, 20'000U);
}

}  // namespace
}  // namespace esc::test
