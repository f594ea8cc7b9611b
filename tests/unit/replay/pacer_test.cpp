// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/pacer.hpp"

#include <gtest/gtest.h>

namespace esc::replay {
namespace {

TEST(Pacer, ScheduleIsAbsolute) {
  const Pacer pacer(1000, 500);   // one a millisecond
  EXPECT_EQ(pacer.due(500), 1u);  // the first at once
  EXPECT_EQ(pacer.due(500 + 999'999), 1u);
  EXPECT_EQ(pacer.due(500 + 1'000'000), 2u);
  EXPECT_EQ(pacer.due(500 + 5'000'000'000), 5001u);
  EXPECT_EQ(pacer.due_at_ns(5000), 500u + 5'000'000'000u);
}

TEST(Pacer, DueAndDueAtAgreeAtAwkwardRates) {
  for (const double rate : {3.0, 7777.7, 999'983.0, 1e7}) {
    const Pacer pacer(rate, 12345);
    for (std::uint64_t unit = 0; unit < 100'000; unit += 37) {
      const std::uint64_t at_ns = pacer.due_at_ns(unit);
      ASSERT_EQ(pacer.due(at_ns), unit + 1) << rate;
      if (unit > 0) {
        ASSERT_EQ(pacer.due(at_ns - 1), unit) << rate;
      }
    }
  }
}

TEST(Pacer, LatenessIsCountedPerUnit) {
  Pacer pacer(1000, 0);
  pacer.sent(0, 4, 3'000'000);  // due at 0, 1, 2, 3 ms
  EXPECT_EQ(pacer.lateness().units, 4u);
  EXPECT_EQ(pacer.lateness().max_ns, 3'000'000u);
  EXPECT_DOUBLE_EQ(pacer.lateness().mean_ns(), 1'500'000.0);
  EXPECT_EQ(pacer.lateness().over_1ms, 2u);
}

TEST(Pacer, FlatOutIsNeverLate) {
  Pacer pacer(0, 100);
  EXPECT_EQ(pacer.due(100), UINT64_MAX);
  pacer.sent(0, 10, 1'000'000'000);
  EXPECT_EQ(pacer.lateness().units, 0u);
}

}  // namespace
}  // namespace esc::replay
