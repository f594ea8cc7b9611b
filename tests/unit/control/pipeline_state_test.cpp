// SPDX-License-Identifier: BSD-3-Clause
// The states against a model of four facts: is it started, paused, draining, stopped?
#include "control/pipeline_state.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

#include "support/enumerators.hpp"

namespace esc::control {
namespace {

using enum PipelineRequest;

std::vector<PipelineState> all_states() {
  std::vector<PipelineState> all;
  for (std::size_t i = 0; i < kPipelineStates; ++i) all.push_back(static_cast<PipelineState>(i));
  return all;
}
std::vector<PipelineRequest> all_requests() {
  std::vector<PipelineRequest> all;
  for (std::size_t i = 0; i < kPipelineRequests; ++i) {
    all.push_back(static_cast<PipelineRequest>(i));
  }
  return all;
}

/// The rules as sentences about facts; no table.
struct Model {
  bool up = false;
  bool held = false;
  bool ending = false;
  bool over = false;

  [[nodiscard]] bool may(PipelineRequest request) const {
    if (over) return false;
    switch (request) {
      case kStarted:
        return !up && !ending;
      case kPause:
        return up && !held && !ending;
      case kResume:
        return held && !ending;
      case kDrain:
        return !ending;
      case kDrained:
        return ending;
      case kFail:
        return true;
      case kCount:
        break;
    }
    return false;
  }

  void grant(PipelineRequest request) {
    if (request == kStarted) up = true;
    if (request == kPause) held = true;
    if (request == kResume) held = false;
    // A pipeline that never came up, or is ending already, has nothing to finish.
    if (request == kDrained || (request == kFail && (!up || ending))) over = true;
    if (request == kDrain || request == kFail) ending = true;
  }

  [[nodiscard]] PipelineState state() const {
    if (over) return PipelineState::kStopped;
    if (ending) return PipelineState::kDraining;
    if (held) return PipelineState::kPaused;
    return up ? PipelineState::kRunning : PipelineState::kStarting;
  }
};

TEST(PipelineState, EverySequenceOfRequestsAgreesWithTheModel) {
  constexpr int kLength = 7;
  std::size_t sequences = 1;
  for (int i = 0; i < kLength; ++i) sequences *= kPipelineRequests;
  for (std::size_t sequence = 0; sequence < sequences; ++sequence) {
    PipelineStateHolder holder(1'000);
    Model model;
    std::uint64_t now = 1'000;
    std::array<std::uint64_t, kPipelineStates> ticks{};
    std::array<std::uint64_t, kPipelineStates> entered{};
    entered[0] = 1;
    std::string cause;
    std::size_t rest = sequence;
    for (int i = 0; i < kLength; ++i, rest /= kPipelineRequests) {
      const auto request = static_cast<PipelineRequest>(rest % kPipelineRequests);
      const std::uint64_t step = std::uint64_t{1} << i;
      ticks[static_cast<std::size_t>(model.state())] += step;
      now += step;
      const std::string asked = std::to_string(i);
      const bool granted = !holder.request(request, asked, now).has_value();
      ASSERT_EQ(granted, model.may(request)) << sequence << " at " << i;
      if (granted) {
        model.grant(request);
        ++entered[static_cast<std::size_t>(model.state())];
        cause = asked;
        ASSERT_EQ(holder.since(), now);
      }
      ASSERT_EQ(holder.state(), model.state()) << sequence << " at " << i;
      ASSERT_EQ(holder.last_cause(), cause);
    }
    for (const PipelineState state : all_states()) {
      const auto at = static_cast<std::size_t>(state);
      ASSERT_EQ(holder.ticks_in(state, now), ticks[at]) << sequence << name(state);
      ASSERT_EQ(holder.entered(state), entered[at]) << sequence << name(state);
    }
  }
}

TEST(PipelineState, TimeOfThePresentStateGoesOn) {
  PipelineStateHolder holder(50);
  EXPECT_EQ(holder.ticks_in(PipelineState::kStarting, 60), 10U);
  EXPECT_EQ(holder.request(kStarted, "start", 70), std::nullopt);
  EXPECT_EQ(holder.ticks_in(PipelineState::kStarting, 100), 20U);
  EXPECT_EQ(holder.ticks_in(PipelineState::kRunning, 100), 30U);
  EXPECT_EQ(holder.ticks_in(PipelineState::kRunning, 60), 0U);  // a clock read before the change
}

// Any thread may read everything except the text of the cause, which has no lock.
TEST(PipelineStateThreaded, OnlyWhoMadeItChangesItOrReadsTheCause) {
  PipelineStateHolder holder(50);
  EXPECT_EQ(holder.request(kStarted, "start", 70), std::nullopt);
  std::thread other([&] {
    EXPECT_THROW((void)holder.last_cause(), std::logic_error);
    EXPECT_THROW((void)holder.request(kPause, "another", 80), std::logic_error);
    EXPECT_EQ(holder.state(), PipelineState::kRunning);
    EXPECT_EQ(holder.since(), 70U);
    EXPECT_EQ(holder.entered(PipelineState::kRunning), 1U);
    EXPECT_EQ(holder.ticks_in(PipelineState::kRunning, 100), 30U);
  });
  other.join();
  EXPECT_EQ(holder.last_cause(), "start");
}

TEST(PipelineState, StatesAndRequestsHaveTheirOwnNames) {
  const auto states = test::plain_names<PipelineState>();
  for (std::size_t i = 0; i < states.size(); ++i)
    EXPECT_EQ(name(static_cast<PipelineState>(i)), states[i]);
  const auto requests = test::plain_names<PipelineRequest>();
  for (std::size_t i = 0; i < requests.size(); ++i)
    EXPECT_EQ(name(static_cast<PipelineRequest>(i)), requests[i]);
}

TEST(PipelineState, ARefusalSaysWhatTheTableSaysAndChangesNothing) {
  PipelineStateHolder holder(0);
  const auto refusal = holder.request(kResume, "escctl resume", 5);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, "cannot resume: the pipeline is starting, and not paused");
  EXPECT_EQ(refusal->fix, "wait until it runs");
  EXPECT_EQ(holder.state(), PipelineState::kStarting);
  EXPECT_EQ(holder.since(), 0U);
  EXPECT_EQ(holder.last_cause(), "");
}

// The texts themselves stand in docs/pressure.md, compared word for word by
// pressure_page_test.cpp.
TEST(PipelineState, EveryCellSaysWhatItIsAbout) {
  for (const PipelineState from : all_states()) {
    for (const PipelineRequest request : all_requests()) {
      const PipelineTransition& cell = transition(from, request);
      const std::string where = std::string(name(from)) + ", " + std::string(name(request));
      ASSERT_FALSE(cell.text.empty()) << where;
      EXPECT_NE(cell.text.back(), '.') << where;
      EXPECT_EQ(cell.legal(), cell.fix.empty()) << where;
      if (cell.legal()) {
        EXPECT_NE(*cell.to, from) << where;
        continue;
      }
      const std::string_view verb = request == kStarted   ? "complete the start"
                                    : request == kDrained ? "be drained"
                                                          : name(request);
      EXPECT_TRUE(cell.text.starts_with("cannot " + std::string(verb) + ": the pipeline "))
          << where;
      EXPECT_NE(cell.text.find(name(from), cell.text.find(':')), std::string_view::npos) << where;
    }
  }
}

TEST(PipelineState, NothingLeavesStoppedAndAnythingCanBeDrained) {
  for (const PipelineRequest request : all_requests()) {
    EXPECT_FALSE(transition(PipelineState::kStopped, request).legal()) << name(request);
  }
  for (const PipelineState from : all_states()) {
    if (from == PipelineState::kStopped) continue;
    EXPECT_TRUE(transition(from, kFail).legal()) << name(from);
    EXPECT_TRUE(from == PipelineState::kDraining ||
                transition(from, kDrain).to == PipelineState::kDraining)
        << name(from);
  }
  EXPECT_EQ(transition(PipelineState::kDraining, kDrained).to, PipelineState::kStopped);
}

TEST(PipelineState, NamesAreThese) {
  EXPECT_EQ(name(PipelineState::kStarting), "starting");
  EXPECT_EQ(name(PipelineState::kRunning), "running");
  EXPECT_EQ(name(PipelineState::kPaused), "paused");
  EXPECT_EQ(name(PipelineState::kDraining), "draining");
  EXPECT_EQ(name(PipelineState::kStopped), "stopped");
  EXPECT_EQ(name(kStarted), "started");
  EXPECT_EQ(name(kPause), "pause");
  EXPECT_EQ(name(kResume), "resume");
  EXPECT_EQ(name(kDrain), "drain");
  EXPECT_EQ(name(kDrained), "drained");
  EXPECT_EQ(name(kFail), "fail");
}

}  // namespace
}  // namespace esc::control
