// SPDX-License-Identifier: BSD-3-Clause
#include "control/loss_judge.hpp"

#include <algorithm>
#include <utility>

namespace esc::control {

std::uint64_t loss_bound(const config::HealthConfig& config, LossKind kind) noexcept {
  switch (kind) {
    case LossKind::kPortLosses:
      return config.max_port_losses;
    case LossKind::kShed:
      return config.max_shed;
    case LossKind::kDroppedAsTold:
      return config.max_dropped_as_told;
    case LossKind::kRefused:
      return config.max_refused;
    case LossKind::kProducerGaps:
      return config.max_producer_gaps;
    default:
      return config.max_losses;
  }
}

LossJudge::LossJudge(std::vector<LossPlace> places, Time start) : places_(std::move(places)) {
  notes_.push_back({start, std::vector<std::uint64_t>(places_.size())});
}

void LossJudge::note(Time now, std::span<const std::uint64_t> totals, Time window) {
  if (!is_due(now, window)) return;
  notes_.push_back({now, {totals.begin(), totals.end()}});
  // judge() compares with the newest note that is at least a window old.
  while (notes_.size() > 1 && notes_[1].at <= now - window) notes_.pop_front();
}

const LossJudge::Note& LossJudge::before_window(Time now, Time window) const noexcept {
  const auto after = std::ranges::find_if(
      notes_, [begin = now - window](const Note& note) { return note.at > begin; });
  return after == notes_.begin() ? notes_.front() : *std::prev(after);
}

LossJudge::Verdicts LossJudge::judge(Time now, std::span<const std::uint64_t> totals,
                                     const config::HealthConfig& config) const {
  const Note& before = before_window(now, std::chrono::seconds(config.window_s));
  Verdicts verdicts;
  for (std::size_t place = 0; place < places_.size(); ++place) {
    if (totals[place] == 0) continue;
    Verdict& verdict = verdicts[static_cast<std::size_t>(places_[place].kind)];
    // A port that was opened again counts from 0.
    const std::uint64_t old = std::min(before.totals[place], totals[place]);
    verdict.lost.push_back({place, totals[place] - old, totals[place]});
    verdict.in_window += totals[place] - old;
    verdict.since_start += totals[place];
  }
  for (std::size_t kind = 0; kind < kLossKinds; ++kind) {
    Verdict& verdict = verdicts[kind];
    verdict.bound = loss_bound(config, static_cast<LossKind>(kind));
    verdict.ok = verdict.bound == config::kNeverUnhealthy || verdict.in_window <= verdict.bound;
  }
  return verdicts;
}

}  // namespace esc::control
