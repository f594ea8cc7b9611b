// SPDX-License-Identifier: BSD-3-Clause
#include "control/pipeline_state.hpp"

namespace esc::control {
namespace {

using enum PipelineState;

constexpr PipelineTransition go(PipelineState to, std::string_view text) {
  return {.to = to, .text = text, .fix = {}};
}
constexpr PipelineTransition refuse(std::string_view reason, std::string_view fix) {
  return {.to = std::nullopt, .text = reason, .fix = fix};
}

using Row = std::array<PipelineTransition, kPipelineRequests>;

// Cells in the order of PipelineRequest: started, pause, resume, drain, drained, fail.
constexpr Row kFromStarting = {
    go(kRunning, "every lcore polls"),
    refuse("cannot pause: the pipeline is starting", "ask again when it runs"),
    refuse("cannot resume: the pipeline is starting, and not paused", "wait until it runs"),
    go(kDraining, "ends before it has received anything"),
    refuse("cannot be drained: the pipeline is starting, and no drain has begun",
           "ask for a drain first"),
    go(kStopped, "the start failed; nothing was received"),
};
constexpr Row kFromRunning = {
    refuse("cannot complete the start: the pipeline is running already", "nothing is to be done"),
    go(kPaused, "events are held back outside; what is in flight is finished"),
    refuse("cannot resume: the pipeline is running, and not paused", "nothing is to be done"),
    go(kDraining, "receives nothing more; what is in flight is finished"),
    refuse("cannot be drained: the pipeline is running, and no drain has begun",
           "ask for a drain first"),
    go(kDraining, "receives nothing more; what can be is finished"),
};
constexpr Row kFromPaused = {
    refuse("cannot complete the start: the pipeline has run, and is paused",
           "ask for resume to let it run"),
    refuse("cannot pause: the pipeline is paused already", "nothing is to be done"),
    go(kRunning, "receives again"),
    go(kDraining, "receives nothing more; what is in flight is finished"),
    refuse("cannot be drained: the pipeline is paused, and no drain has begun",
           "ask for a drain first"),
    go(kDraining, "receives nothing more; what can be is finished"),
};
constexpr Row kFromDraining = {
    refuse("cannot complete the start: the pipeline is draining",
           "start escd anew once it stopped"),
    refuse("cannot pause: the pipeline is draining, and receives nothing already",
           "wait until it stopped"),
    refuse("cannot resume: the pipeline is draining, which cannot be taken back",
           "start escd anew once it stopped"),
    refuse("cannot drain: the pipeline is draining already",
           "wait until it stopped, at the latest a little after shutdown.drain_timeout_ms"),
    go(kStopped, "everything is finished or counted as left"),
    go(kStopped, "the drain cannot be finished; what is left is counted"),
};
constexpr Row kFromStopped = {
    refuse("cannot complete the start: the pipeline has stopped", "start escd anew"),
    refuse("cannot pause: the pipeline has stopped", "start escd anew"),
    refuse("cannot resume: the pipeline has stopped", "start escd anew"),
    refuse("cannot drain: the pipeline has stopped, and nothing is in flight",
           "nothing is to be done"),
    refuse("cannot be drained: the pipeline has stopped already", "nothing is to be done"),
    refuse("cannot fail: the pipeline has stopped", "nothing is to be done"),
};

constexpr std::array<Row, kPipelineStates> kTable = {kFromStarting, kFromRunning, kFromPaused,
                                                     kFromDraining, kFromStopped};

constexpr bool complete() {
  for (const Row& row : kTable) {
    for (const PipelineTransition& cell : row) {
      if (cell.text.empty() || cell.legal() != cell.fix.empty()) return false;
    }
  }
  return true;
}
static_assert(complete(), "every cell says what happens, or why not and what to do");

}  // namespace

const PipelineTransition& transition(PipelineState from, PipelineRequest request) noexcept {
  return kTable[static_cast<std::size_t>(from)][static_cast<std::size_t>(request)];
}

std::optional<PipelineRefusal> PipelineStateHolder::request(PipelineRequest request,
                                                            std::string_view cause,
                                                            std::uint64_t now) {
  writer_.require("the pipeline's state");
  const PipelineState from = state();
  const PipelineTransition& cell = transition(from, request);
  if (!cell.legal()) return PipelineRefusal{cell.text, cell.fix};
  last_cause_.assign(cause);
  ticks_[static_cast<std::size_t>(from)].add(now - since_.get());
  entered_[static_cast<std::size_t>(*cell.to)].add();
  since_.set(now);
  // Release: pairs with the acquire in state().
  state_.store(*cell.to, std::memory_order_release);
  return std::nullopt;
}

std::uint64_t PipelineStateHolder::ticks_in(PipelineState state_asked,
                                            std::uint64_t now) const noexcept {
  const std::uint64_t since = since_.get();
  const std::uint64_t present = state_asked == state() && now > since ? now - since : 0;
  return ticks_[static_cast<std::size_t>(state_asked)].get() + present;
}

PipelineStateTotals PipelineStateHolder::totals(std::uint64_t now) const noexcept {
  PipelineStateTotals totals;
  for (std::size_t i = 0; i < kPipelineStates; ++i) {
    totals.ticks[i] = ticks_in(static_cast<PipelineState>(i), now);
    totals.entered[i] = entered_[i].get();
  }
  return totals;
}

}  // namespace esc::control
