// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/stillness.hpp"

#include <gtest/gtest.h>

namespace esc::telemetry {
namespace {

using Verdict = Stillness::Verdict;

TEST(Stillness, EveryLcoreHasComeRoundAndNothingWasCounted) {
  const Stillness since(7, {100, 200});
  EXPECT_EQ(since.judge({101, 201}, 7), Verdict::kStill);
}

TEST(Stillness, AnLcoreStillInItsRoundMayYetCount) {
  const Stillness since(7, {100, 200});
  EXPECT_EQ(since.judge({100, 200}, 7), Verdict::kUndecided);
  EXPECT_EQ(since.judge({101, 200}, 7), Verdict::kUndecided);
  EXPECT_EQ(since.judge({100, 999}, 7), Verdict::kUndecided);
}

TEST(Stillness, WhatWasCountedMoved) {
  const Stillness since(7, {100, 200});
  EXPECT_EQ(since.judge({101, 201}, 8), Verdict::kMoved);
  EXPECT_EQ(since.judge({100, 200}, 8), Verdict::kMoved);
}

TEST(Stillness, WithoutLcoresNothingMoves) {
  EXPECT_EQ(Stillness(0, {}).judge({}, 0), Verdict::kStill);
}

}  // namespace
}  // namespace esc::telemetry
