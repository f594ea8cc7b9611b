// SPDX-License-Identifier: BSD-3-Clause
// Decides whether an appliance stood still while its ledger was read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace esc::telemetry {

/// The figures of several lcores are read one after the other. While events move between the
/// lcores, such figures do not fit together. That the counters did not change meanwhile is no proof
/// that nothing moved: an lcore may have handed an event over and not counted it yet. But once an
/// lcore's heartbeat has changed, the round that it was in when the figures were read is over, and
/// everything that round did is counted. If the counters are then still what they were before the
/// figures were read, nothing was under way, and the figures fit together exactly.
///
/// `moves` is a sum of counters, such that every hand-over between two stages adds one to at least
/// one of them, right after the hand-over. `heartbeats` has one number for each lcore, and the
/// lcore changes it in each of its rounds. The proof needs this order of reading: first `moves`,
/// then the figures, then `heartbeats`; later, as often as it takes, `heartbeats` and then `moves`.
///
/// Thread: any; each reader has a Stillness of its own.
class Stillness {
 public:
  enum class Verdict : std::uint8_t { kStill, kMoved, kUndecided };

  /// `moves` was read before the figures, `heartbeats` after them.
  Stillness(std::uint64_t moves, std::vector<std::uint64_t> heartbeats)
      : moves_(moves), heartbeats_(std::move(heartbeats)) {}

  /// `heartbeats` are those of now; `moves` was read after them.
  [[nodiscard]] Verdict judge(const std::vector<std::uint64_t>& heartbeats,
                              std::uint64_t moves) const noexcept {
    if (moves != moves_) return Verdict::kMoved;
    for (std::size_t i = 0; i < heartbeats_.size(); ++i) {
      if (heartbeats[i] == heartbeats_[i]) return Verdict::kUndecided;
    }
    return Verdict::kStill;
  }

 private:
  std::uint64_t moves_;
  std::vector<std::uint64_t> heartbeats_;
};

}  // namespace esc::telemetry
