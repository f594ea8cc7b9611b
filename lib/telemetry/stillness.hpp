// SPDX-License-Identifier: BSD-3-Clause
// Whether an appliance stood still while its ledger was read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace esc::telemetry {

/// Figures of several lcores read one after the other do not fit together while events move between
/// them, and counters that stand still prove nothing alone: an lcore may be between a hand-over and
/// its count. But a round that was under way when the figures had been read is over, counts and
/// all, once the lcore's heartbeat is a new one. If by then nothing has been counted since before
/// they were read, nothing was under way, and they fit together exactly.
///
/// `moves` is a sum of counters of which every hand-over between two stages bumps one, after it;
/// `heartbeats` is one figure for each lcore, new with each of its rounds. The order of reading is
/// what it rests on: moves, the figures, heartbeats; later, over and over, heartbeats, moves.
///
/// Thread: whoever reads; a value of his own.
class Stillness {
 public:
  enum class Verdict : std::uint8_t { kStill, kMoved, kUndecided };

  /// `moves` as read before the figures, `heartbeats` after them.
  Stillness(std::uint64_t moves, std::vector<std::uint64_t> heartbeats)
      : moves_(moves), heartbeats_(std::move(heartbeats)) {}

  /// `heartbeats` as they are now; `moves` read after those.
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
