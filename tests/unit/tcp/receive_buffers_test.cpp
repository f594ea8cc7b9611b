// SPDX-License-Identifier: BSD-3-Clause
// How a TCP role's buffers are shared out.
#include "tcp/receive_buffers.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/mbufs.hpp"

namespace esc::test {
namespace {

class ReceiveBuffersTest : public testing::Test {
 protected:
  /// Takes as many as the connection gets, with an event in each.
  std::vector<rte_mbuf*> take_all(std::uint32_t slot) {
    std::vector<rte_mbuf*> got;
    while (rte_mbuf* buffer = buffers_.take(slot)) {
      rte_mbuf_refcnt_update(buffer, 1);
      buffers_.give(slot, buffer);
      got.push_back(buffer);
    }
    return got;
  }

  TestPool pool_{31};
  tcp::ReceiveBuffers buffers_{pool_.get(), {.slots = 8, .buffers = 24}};
};

TEST_F(ReceiveBuffersTest, EveryConnectionHasOneHoweverManyOthersTake) {
  std::vector<rte_mbuf*> stuck;
  std::vector<std::size_t> counts;
  for (std::uint32_t slot = 0; slot < 8; ++slot) {
    const auto got = take_all(slot);
    counts.push_back(got.size());
    stuck.insert(stuck.end(), got.begin(), got.end());
  }
  // 16 are shared: 7 more, then of 9 left 5, of 4 left 2, of 2 left 1, of 1 left 1, and none.
  EXPECT_EQ(counts, (std::vector<std::size_t>{8, 6, 3, 2, 2, 1, 1, 1}));
  // Their events end: all come back.
  for (rte_mbuf* buffer : stuck) event::free_segment(buffer);
  EXPECT_EQ(pool_.in_use(), 24U);
  buffers_.reclaim(10);
  EXPECT_EQ(pool_.in_use(), 14U);
  buffers_.reclaim(100);
  EXPECT_TRUE(pool_.whole());
  for (std::uint32_t slot = 0; slot < 8; ++slot) EXPECT_EQ(buffers_.owned(slot), 0U);
  EXPECT_EQ(take_all(3).size(), 8U);
  for (int i = 0; i < 8; ++i) buffers_.reclaim(1);
}

TEST_F(ReceiveBuffersTest, WhatNoEventPointsIntoGoesBackAtOnce) {
  rte_mbuf* buffer = buffers_.take(1);
  ASSERT_NE(buffer, nullptr);
  EXPECT_EQ(buffers_.owned(1), 1U);
  buffers_.give(1, buffer);
  EXPECT_EQ(buffers_.owned(1), 0U);
  EXPECT_TRUE(pool_.whole());
}

TEST_F(ReceiveBuffersTest, OneThatIsInUseKeepsNoOtherFromComingBack) {
  std::vector<rte_mbuf*> events;
  for (std::uint32_t slot = 0; slot < 3; ++slot) {
    rte_mbuf* buffer = buffers_.take(slot);
    ASSERT_NE(buffer, nullptr);
    rte_mbuf_refcnt_update(buffer, 1);
    buffers_.give(slot, buffer);
    events.push_back(buffer);
  }
  event::free_segment(events[1]);
  buffers_.reclaim(2);
  EXPECT_EQ(buffers_.owned(0), 1U);
  EXPECT_EQ(buffers_.owned(1), 0U);
  event::free_segment(events[0]);
  event::free_segment(events[2]);
  buffers_.reclaim(2);
  EXPECT_TRUE(pool_.whole());
}

}  // namespace
}  // namespace esc::test
