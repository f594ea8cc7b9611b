// SPDX-License-Identifier: BSD-3-Clause
// Measures how full the rings to the storage are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "storage/dead_item.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::storage {

/// The rings of one pipeline. Thread: its dispatcher's lcore, which reads what other lcores write.
class Backlog {
 public:
  static constexpr std::uint64_t kFullPermille = 1'000;

  Backlog() = default;
  /// Nothing is owned. If the storage takes nothing for `patience_cycles` although something waits,
  /// it counts as stopped.
  Backlog(const std::vector<const DeadRing*>& rings, const telemetry::GatherCounters& gathered,
          std::uint64_t patience_cycles) noexcept
      : rings_(&rings), gathered_(&gathered), patience_cycles_(patience_cycles) {}

  /// The fill level of the fullest ring, in per mille. 0 if the storage has stopped, since nobody
  /// is to wait for a disk that hangs.
  [[nodiscard]] std::uint16_t permille(std::uint64_t now) noexcept {
    if (rings_ == nullptr) return 0;
    std::uint64_t fullest = 0;
    for (const DeadRing* ring : *rings_)
      fullest = std::max<std::uint64_t>(fullest, ring->size() * kFullPermille / ring->capacity());
    const std::uint64_t taken = gathered_->taken.get();
    if (taken != taken_ || fullest == 0) {
      taken_ = taken;
      moved_at_ = now;
    }
    return now - moved_at_ < patience_cycles_ ? static_cast<std::uint16_t>(fullest) : 0;
  }

 private:
  const std::vector<const DeadRing*>* rings_ = nullptr;
  const telemetry::GatherCounters* gathered_ = nullptr;
  std::uint64_t patience_cycles_ = 0;
  std::uint64_t taken_ = 0;     ///< how many letters the storage had taken at the last call
  std::uint64_t moved_at_ = 0;  ///< when it was last seen to take some, or when nothing waited
};

}  // namespace esc::storage
