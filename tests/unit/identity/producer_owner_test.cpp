// SPDX-License-Identifier: BSD-3-Clause
#include "identity/producer_owner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace esc::identity {
namespace {

// People number producers one after the other.
TEST(ProducerOwner, ConsecutiveProducersGoToEveryPipelineWhateverTheSeed) {
  std::mt19937_64 random(7);
  for (int start = 0; start < 5'000; ++start) {
    const ProducerOwner owner(random(), 3);
    const std::uint64_t first = start % 2 == 0 ? 6'001 : random();
    std::array<int, 3> of_each{};
    for (std::uint64_t i = 0; i < 120; ++i) ++of_each.at(owner(first + i));
    // Each gets 40 on average; fewer than 12 would happen once in ten million such starts.
    ASSERT_GE(*std::ranges::min_element(of_each), 12) << start;
  }
}

TEST(ProducerOwner, OnePipelineOwnsThemAll) {
  const ProducerOwner owner(0x1234, 1);
  for (std::uint64_t producer = 0; producer < 100; ++producer) EXPECT_EQ(owner(producer), 0U);
}

}  // namespace
}  // namespace esc::identity
