// SPDX-License-Identifier: BSD-3-Clause
#include "route/slot_registry.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <stdexcept>

namespace esc::route {
namespace {

using Patterns = std::vector<std::string_view>;
using Slots = std::vector<std::uint32_t>;

SlotRegistry::Plan planned(const SlotRegistry& registry, const Patterns& patterns) {
  auto result = registry.plan(patterns);
  EXPECT_TRUE(std::holds_alternative<SlotRegistry::Plan>(result));
  return std::get<SlotRegistry::Plan>(std::move(result));
}

struct Committed {
  Slots slots;
  Slots fresh;
  std::uint64_t ticket;
};
Committed commit(SlotRegistry& registry, const Patterns& patterns) {
  const SlotRegistry::Plan plan = planned(registry, patterns);
  return {plan.slots, plan.fresh, registry.commit(patterns, plan)};
}

TEST(SlotRegistry, PatternsKeepTheirSlots) {
  SlotRegistry registry(4);
  EXPECT_EQ(commit(registry, {"a", "b", "c"}).slots, (Slots{0, 1, 2}));
  const Committed second = commit(registry, {"d", "c", "a"});
  EXPECT_EQ(second.slots, (Slots{3, 2, 0}));
  EXPECT_EQ(second.fresh, Slots{3});
  EXPECT_EQ(registry.retired(), 1U);
}

TEST(SlotRegistry, ARetiredSlotIsFreeOnceItIsQuiet) {
  SlotRegistry registry(2);
  (void)commit(registry, {"a", "b"});
  const std::uint64_t without_b = commit(registry, {"a"}).ticket;
  const auto refused = registry.plan(Patterns{"a", "c"});
  const auto* shortage = std::get_if<SlotRegistry::Shortage>(&refused);
  ASSERT_NE(shortage, nullptr);
  EXPECT_EQ(shortage->wanted, 1U);
  EXPECT_EQ(shortage->free, 0U);
  EXPECT_EQ(shortage->retired, 1U);
  registry.quiet(without_b - 1);
  EXPECT_EQ(registry.retired(), 1U);
  registry.quiet(without_b);
  EXPECT_EQ(registry.retired(), 0U);
  const Committed after = commit(registry, {"a", "c"});
  EXPECT_EQ(after.slots, (Slots{0, 1}));
  EXPECT_EQ(after.fresh, Slots{1});
}

TEST(SlotRegistry, APatternThatReturnsBeforeItIsQuietHasItsOldSlot) {
  SlotRegistry registry(3);
  (void)commit(registry, {"a", "b"});
  const std::uint64_t ticket = commit(registry, {"a"}).ticket;
  const Committed back = commit(registry, {"b", "a"});
  EXPECT_EQ(back.slots, (Slots{1, 0}));
  EXPECT_TRUE(back.fresh.empty());
  registry.quiet(ticket);
  registry.quiet(back.ticket);
  EXPECT_EQ(commit(registry, {"c", "b"}).slots, (Slots{2, 1}));
}

TEST(SlotRegistry, APlanAloneChangesNothing) {
  SlotRegistry registry(2);
  (void)planned(registry, {"x", "y"});
  EXPECT_EQ(commit(registry, {"a", "b"}).slots, (Slots{0, 1}));
  (void)planned(registry, {"a"});
  EXPECT_EQ(registry.retired(), 0U);
}

TEST(SlotRegistry, AnOldPlanIsRefused) {
  SlotRegistry registry(4);
  const SlotRegistry::Plan old = planned(registry, {"a"});
  const std::uint64_t ticket = commit(registry, {"b"}).ticket;
  EXPECT_THROW((void)registry.commit(Patterns{"a"}, old), std::logic_error);
  const SlotRegistry::Plan before_quiet = planned(registry, {"a"});
  registry.quiet(ticket);
  EXPECT_THROW((void)registry.commit(Patterns{"a"}, before_quiet), std::logic_error);
  EXPECT_THROW((void)registry.commit(Patterns{"a", "b"}, planned(registry, {"a"})),
               std::logic_error);
}

TEST(SlotRegistry, AllAtOnceNeedsRoomForBoth) {
  SlotRegistry registry(3);
  (void)commit(registry, {"a", "b"});
  const auto refused = registry.plan(Patterns{"c", "d"});
  const auto* shortage = std::get_if<SlotRegistry::Shortage>(&refused);
  ASSERT_NE(shortage, nullptr);
  EXPECT_EQ(shortage->wanted, 2U);
  EXPECT_EQ(shortage->free, 1U);
  EXPECT_EQ(shortage->retired, 2U);
}

// Compares with a plain record of which set uses which slots: random reloads, some of them refused,
// some of them quiet late.
TEST(SlotRegistry, NoSlotEverHasTwoPatterns) {
  constexpr std::uint32_t kSlots = 12;
  static constexpr std::string_view kNames = "abcdefghijklmnopqrst";
  std::size_t refused = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    SlotRegistry registry(kSlots);
    std::map<std::uint64_t, std::map<std::string_view, std::uint32_t>> sets;  // by ticket
    for (int step = 0; step < 60; ++step) {
      Patterns patterns;
      for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (random() % 3 == 0) patterns.push_back(kNames.substr(i, 1));
      }
      const auto result = registry.plan(patterns);
      if (const auto* plan = std::get_if<SlotRegistry::Plan>(&result)) {
        const std::uint64_t ticket = registry.commit(patterns, *plan);
        for (std::size_t i = 0; i < patterns.size(); ++i) {
          ASSERT_LT(plan->slots[i], kSlots);
          sets[ticket][patterns[i]] = plan->slots[i];
        }
      } else {
        ++refused;
      }
      // Among the sets that somebody may still use, each slot has one pattern.
      std::map<std::uint32_t, std::string_view> owner;
      for (const auto& [ticket, set] : sets) {
        for (const auto& [pattern, slot] : set) {
          ASSERT_EQ(owner.try_emplace(slot, pattern).first->second, pattern) << "seed " << seed;
        }
      }
      if (random() % 3 == 0 && !sets.empty()) {
        const std::uint64_t ticket =
            std::next(sets.begin(), static_cast<std::ptrdiff_t>(random() % sets.size()))->first;
        registry.quiet(ticket);
        sets.erase(sets.begin(), sets.find(ticket));  // older ones have no users
      }
    }
  }
  EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace esc::route
