// SPDX-License-Identifier: BSD-3-Clause
// Losses in a window of time. The test sets the clock.
#include "control/loss_judge.hpp"

#include <gtest/gtest.h>

#include <map>

namespace esc::control {
namespace {

using namespace std::chrono_literals;
using Totals = std::vector<std::uint64_t>;

constexpr std::size_t at(LossKind kind) {
  return static_cast<std::size_t>(kind);
}

// One place of each kind, in the order of the kinds.
std::vector<LossPlace> one_of_each() {
  return {{LossKind::kPortLosses, "eth0.imissed"},
          {LossKind::kLosses, "hold_expired"},
          {LossKind::kShed, "shed_critical"},
          {LossKind::kDroppedAsTold, "worker_full.on_full_shed"},
          {LossKind::kRefused, "bad_session"},
          {LossKind::kProducerGaps, "lost"}};
}

TEST(LossJudge, NothingLostIsHealthy) {
  const LossJudge judge(one_of_each(), 5s);
  for (const auto& verdict : judge.judge(100s, Totals(6), {})) {
    EXPECT_TRUE(verdict.ok);
    EXPECT_EQ(verdict.in_window, 0U);
    EXPECT_TRUE(verdict.lost.empty());
  }
}

// By default one loss is too many, except drops that the configuration asks for and those that
// senders cause.
TEST(LossJudge, DefaultsPageOnTheFirstUnexpectedLoss) {
  const LossJudge judge(one_of_each(), 0s);
  const auto verdicts = judge.judge(1s, Totals(6, 1), {});
  EXPECT_FALSE(verdicts[at(LossKind::kPortLosses)].ok);
  EXPECT_FALSE(verdicts[at(LossKind::kLosses)].ok);
  EXPECT_FALSE(verdicts[at(LossKind::kShed)].ok);
  EXPECT_TRUE(verdicts[at(LossKind::kDroppedAsTold)].ok);
  EXPECT_TRUE(verdicts[at(LossKind::kRefused)].ok);
  EXPECT_FALSE(verdicts[at(LossKind::kProducerGaps)].ok);
}

TEST(LossJudge, NeverIsNever) {
  const LossJudge judge(one_of_each(), 0s);
  const auto verdicts = judge.judge(1s, {Totals(6, UINT64_MAX / 8)}, {});
  EXPECT_TRUE(verdicts[at(LossKind::kDroppedAsTold)].ok);
  EXPECT_TRUE(verdicts[at(LossKind::kRefused)].ok);
}

TEST(LossJudge, EachKindHasItsOwnBound) {
  const config::HealthConfig config{.window_s = 60,
                                    .max_port_losses = 1,
                                    .max_losses = 2,
                                    .max_shed = 3,
                                    .max_dropped_as_told = 4,
                                    .max_refused = 5,
                                    .max_producer_gaps = 6};
  const LossJudge judge(one_of_each(), 0s);
  for (std::size_t kind = 0; kind < kLossKinds; ++kind) {
    Totals totals(kLossKinds);
    totals[kind] = kind + 1;
    const auto within = judge.judge(1s, totals, config);
    ++totals[kind];
    const auto beyond = judge.judge(1s, totals, config);
    for (std::size_t i = 0; i < kLossKinds; ++i) {
      EXPECT_EQ(within[i].bound, i + 1);
      EXPECT_TRUE(within[i].ok) << kind << i;
      EXPECT_EQ(beyond[i].ok, i != kind) << kind << i;
    }
  }
}

TEST(LossJudge, PlacesAreNamedAndAddedUp) {
  LossJudge judge({{LossKind::kLosses, "a"}, {LossKind::kLosses, "b"}, {LossKind::kLosses, "c"}},
                  0s);
  judge.note(10s, Totals{3, 0, 7}, 10s);
  const auto verdict = judge.judge(20s, Totals{5, 1, 7}, {.window_s = 10})[at(LossKind::kLosses)];
  EXPECT_EQ(verdict.in_window, 3U);
  EXPECT_EQ(verdict.since_start, 13U);
  ASSERT_EQ(verdict.lost.size(), 3U);
  EXPECT_EQ(verdict.lost[0].in_window, 2U);
  EXPECT_EQ(verdict.lost[1].in_window, 1U);
  EXPECT_EQ(verdict.lost[1].since_start, 1U);
  EXPECT_EQ(verdict.lost[2].in_window, 0U);
  EXPECT_EQ(verdict.lost[2].since_start, 7U);
}

// A loss counts for as long as the window is, and longer by at most a 60th of that and one interval
// between notes.
TEST(LossJudge, ALossLeavesTheWindow) {
  constexpr auto kWindow = 60s;
  for (const auto lost_at : {0s, 1s, 7s, 59s, 60s, 61s, 200s}) {
    LossJudge judge({{LossKind::kLosses, "a"}}, 0s);
    for (auto now = 0ms; now <= 400s; now += 250ms) {
      const Totals totals{now > lost_at ? 1U : 0U};
      judge.note(now, totals, kWindow);
      const bool ok = judge.judge(now, totals, {.window_s = 60})[at(LossKind::kLosses)].ok;
      if (now > lost_at && now <= lost_at + kWindow) {
        EXPECT_FALSE(ok) << now.count();
      }
      if (now > lost_at + kWindow + 1250ms) {
        EXPECT_TRUE(ok) << now.count();
      }
    }
  }
}

TEST(LossJudge, HowOftenSomebodyAsksMakesNoDifference) {
  LossJudge often({{LossKind::kLosses, "a"}}, 0s);
  LossJudge seldom({{LossKind::kLosses, "a"}}, 0s);
  for (auto now = 0ms; now <= 100s; now += 100ms) {
    const Totals totals{static_cast<std::uint64_t>(now.count())};
    often.note(now, totals, 30s);
    seldom.note(now, totals, 30s);
    const auto first = often.judge(now, totals, {.window_s = 30})[at(LossKind::kLosses)];
    const auto second = often.judge(now, totals, {.window_s = 30})[at(LossKind::kLosses)];
    EXPECT_EQ(first.in_window, second.in_window);
  }
  const Totals last{100'000};
  EXPECT_EQ(often.judge(100s, last, {.window_s = 30})[1].in_window,
            seldom.judge(100s, last, {.window_s = 30})[1].in_window);
}

// A window that a reload made longer covers the time for which there are notes.
TEST(LossJudge, AWindowMayChange) {
  LossJudge judge({{LossKind::kLosses, "a"}}, 0s);
  for (auto now = 1s; now <= 100s; now += 1s)
    judge.note(now, Totals{static_cast<std::uint64_t>(now.count())}, 10s);
  const auto in_window = [&](std::uint32_t window_s) {
    return judge.judge(100s, Totals{100}, {.window_s = window_s})[at(LossKind::kLosses)].in_window;
  };
  EXPECT_EQ(in_window(5), 5U);
  EXPECT_EQ(in_window(10), 10U);
  EXPECT_EQ(in_window(1000), 10U);
}

TEST(LossJudge, ACounterThatBeganAnewLostNothingLess) {
  LossJudge judge({{LossKind::kPortLosses, "eth0.imissed"}}, 0s);
  judge.note(10s, Totals{50}, 10s);
  const auto verdict = judge.judge(20s, Totals{4}, {.window_s = 10})[at(LossKind::kPortLosses)];
  EXPECT_EQ(verdict.in_window, 0U);
  EXPECT_EQ(verdict.since_start, 4U);
}

TEST(LossJudge, APlaceMayBecomeExpected) {
  LossJudge judge({{LossKind::kLosses, "unknown_topic"}}, 0s);
  EXPECT_FALSE(judge.judge(1s, Totals{1}, {})[at(LossKind::kLosses)].ok);
  judge.set_kind(0, LossKind::kDroppedAsTold);
  const auto verdicts = judge.judge(1s, Totals{1}, {});
  EXPECT_TRUE(verdicts[at(LossKind::kLosses)].ok);
  EXPECT_EQ(verdicts[at(LossKind::kDroppedAsTold)].in_window, 1U);
}

}  // namespace
}  // namespace esc::control
