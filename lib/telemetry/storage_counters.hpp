// SPDX-License-Identifier: BSD-3-Clause
// The counter blocks of the storage: those of the storage lcore, which gathers dead letters, and
// those of the thread that writes them to the disk.
#pragma once

#include "base/align.hpp"
#include "base/reasons.hpp"
#include "telemetry/counter.hpp"
#include "telemetry/figure.hpp"

namespace esc::telemetry {

/// Dead letters of one pipeline. Writer: the storage lcore. Readers: the main lcore, and the
/// dispatcher, which measures the pressure.
struct alignas(kCacheLineBytes) GatherCounters {
  Counter taken;  ///< dead letters taken out of the rings; each is settled later
};

[[nodiscard]] constexpr auto figures_of(const GatherCounters* /*block*/) {
  using B = GatherCounters;
  return describe("storage", Figure{"taken", "Dead letters taken out of the rings", &B::taken});
}
static_assert(well_described<GatherCounters>());

/// Writer: the storage lcore. Reader: the main lcore.
struct alignas(kCacheLineBytes) StorageCounters {
  Counter polls;
  Counter bursts;         ///< polls that took dead letters
  Counter polls_blocked;  ///< polls that had to wait for the disk to give a buffer back
  Counter commits;        ///< commits handed to the writing thread
  Counter bytes;          ///< bytes of these commits
};

[[nodiscard]] constexpr auto figures_of(const StorageCounters* /*block*/) {
  using B = StorageCounters;
  return describe(
      "storage", Figure{"commits", "Commits handed to the writing thread", &B::commits},
      Figure{"bytes", "Bytes of the commits handed to the writing thread", &B::bytes,
             Kind::kCounter, Unit::kBytes},
      Figure{"polls", "Polls of the rings of dead letters", &B::polls},
      Figure{"bursts", "Polls that took dead letters", &B::bursts},
      Figure{"polls_blocked", "Polls that had to wait for the disk to give a buffer back",
             &B::polls_blocked});
}
static_assert(well_described<StorageCounters>());

/// What became of the dead letters of one pipeline. Writer: the writing thread. Reader: the main
/// lcore.
struct alignas(kCacheLineBytes) SettledCounters {
  CounterSet<DeadReason> durable;  ///< on the disk: they survive a crash and a power failure
  Counter write_failed;            ///< the disk refused them

  [[nodiscard]] std::uint64_t all_durable() const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < CounterSet<DeadReason>::kSize; ++i) {
      sum += durable.get(static_cast<DeadReason>(i));
    }
    return sum;
  }
};

[[nodiscard]] constexpr auto figures_of(const SettledCounters* /*block*/) {
  using B = SettledCounters;
  return describe(
      "dead_letters",
      Figure{"durable", "Dead letters that are on the disk, by reason", &B::durable, Kind::kCounter,
             Unit::kNone, "durable", "reason", kDeadReasonNames},
      Figure{"write_failed", "Dead letters that the disk did not take", &B::write_failed});
}
static_assert(well_described<SettledCounters>());

/// What became of the commits. Writer: the writing thread. Reader: the main lcore.
struct alignas(kCacheLineBytes) DiskCounters {
  Counter commits;         ///< commits that are durable
  Counter commits_failed;  ///< commits that the disk refused
  Counter bytes;           ///< bytes of durable commits
  Counter last_error;      ///< gauge: errno of the last commit; 0: that commit is durable
  Counter commit_ns;       ///< time that commits took
  Counter segments_begun;
  /// Segments given up after an error; letters that were durable in them stay.
  Counter segments_abandoned;
  Counter segments;          ///< gauge: number of segment files
  Counter segment_bytes;     ///< gauge: their size
  Counter segments_removed;  ///< segments that retention removed
  Counter letters_removed;
};

[[nodiscard]] constexpr auto figures_of(const DiskCounters* /*block*/) {
  using B = DiskCounters;
  return describe(
      "disk", Figure{"commits", "Commits of dead letters that are durable", &B::commits},
      Figure{"commits_failed", "Commits that the disk did not take", &B::commits_failed},
      Figure{"bytes", "Bytes of durable commits", &B::bytes, Kind::kCounter, Unit::kBytes},
      Figure{"last_error", "errno of the last commit; 0: it is durable", &B::last_error,
             Kind::kGauge},
      Figure{"commit", "Time that commits took", &B::commit_ns, Kind::kCounter, Unit::kNanoseconds,
             "commit_s"},
      Figure{"segments", "Segment files that exist", &B::segments, Kind::kGauge},
      Figure{"segment_bytes", "Size of the segment files", &B::segment_bytes, Kind::kGauge,
             Unit::kBytes},
      Figure{"segments_begun", "Segment files begun", &B::segments_begun},
      Figure{"segments_abandoned", "Segment files given up after an error", &B::segments_abandoned},
      Figure{"segments_removed", "Segment files removed by retention", &B::segments_removed},
      Figure{"letters_removed", "Dead letters removed by retention", &B::letters_removed});
}
static_assert(well_described<DiskCounters>());

}  // namespace esc::telemetry
