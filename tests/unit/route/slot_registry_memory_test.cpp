// SPDX-License-Identifier: BSD-3-Clause
// A plan of slots for which there is no memory leaves everything as it was.
#include <gtest/gtest.h>

#include <stdexcept>

#include "route/slot_registry.hpp"
#include "support/out_of_memory.hpp"

namespace esc::route {
namespace {

using Patterns = std::vector<std::string_view>;
using Slots = std::vector<std::uint32_t>;

const Patterns kFirst = {"a", "b", "a long one, which does not fit into a string of its own"};
const Patterns kSecond = {"b", "another long one, which does not fit there either", "c", "d"};

SlotRegistry::Plan planned(const SlotRegistry& registry, const Patterns& patterns) {
  return std::get<SlotRegistry::Plan>(registry.plan(patterns));
}

TEST(SlotRegistryMemory, ACommitIsWholeOrNothing) {
  for (std::uint64_t enough = 0;; ++enough) {
    SlotRegistry registry(8);
    registry.commit(kFirst, planned(registry, kFirst));
    const SlotRegistry::Plan plan = planned(registry, kSecond);
    bool failed = false;
    try {
      const test::OutOfMemory scarce(enough);
      registry.commit(kSecond, plan);
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    if (!failed) {
      EXPECT_GT(enough, 4U);
      break;
    }
    EXPECT_EQ(registry.retired(), 0U) << enough;
    const SlotRegistry::Plan again = planned(registry, kSecond);
    EXPECT_EQ(again.slots, plan.slots) << enough;
    EXPECT_EQ(again.fresh, plan.fresh) << enough;
    std::uint64_t ticket = 0;
    ASSERT_NO_THROW(ticket = registry.commit(kSecond, plan)) << enough;
    EXPECT_EQ(registry.retired(), 2U) << enough;
    {
      const test::OutOfMemory none(0);
      registry.quiet(ticket);
    }
    EXPECT_EQ(registry.retired(), 0U) << enough;
    // The slots of "a" and of the long pattern are free, and are given out in reverse order.
    const Slots fresh = planned(registry, {"e", "f", "g"}).fresh;
    EXPECT_EQ(Slots(fresh.begin() + 2, fresh.end()), Slots{6}) << enough;
  }
}

}  // namespace
}  // namespace esc::route
