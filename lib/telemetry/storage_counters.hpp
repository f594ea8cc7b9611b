// SPDX-License-Identifier: BSD-3-Clause
// The counter blocks of the storage: one of the lcore that gathers dead letters, one of the thread
// that brings them to the disk.
#pragma once

#include "base/align.hpp"
#include "base/reasons.hpp"
#include "telemetry/counter.hpp"

namespace esc::telemetry {

/// Dead letters of one pipeline. Writer: the storage lcore. Readers: main lcore, telemetry thread.
struct alignas(kCacheLineBytes) GatherCounters {
  Counter taken;  ///< out of the rings; each is settled sooner or later
};

/// Writer: the storage lcore. Readers: main lcore, telemetry thread.
struct alignas(kCacheLineBytes) StorageCounters {
  Counter polls;
  Counter bursts;         ///< polls that took dead letters
  Counter polls_blocked;  ///< polls that had to wait for the disk to give a buffer back
  Counter commits;        ///< handed to the thread that writes
  Counter bytes;          ///< of the frames in them
};

/// Dead letters of one pipeline, settled. Writer: the writing thread. Readers: main lcore,
/// telemetry thread.
struct alignas(kCacheLineBytes) SettledCounters {
  CounterSet<DeadReason> durable;  ///< they survive whatever happens to the machine but its disk
  Counter write_failed;            ///< the disk did not take them

  [[nodiscard]] std::uint64_t all_durable() const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < CounterSet<DeadReason>::kSize; ++i) {
      sum += durable.get(static_cast<DeadReason>(i));
    }
    return sum;
  }
};

/// What became of the commits. Writer: the writing thread. Readers: main lcore, telemetry thread.
struct alignas(kCacheLineBytes) DiskCounters {
  Counter commits;         ///< that are durable
  Counter commits_failed;  ///< that the disk did not take
  Counter bytes;           ///< on the disk, of durable commits
  Counter last_error;      ///< gauge: errno of the last commit; 0: it is durable
  Counter commit_ns;       ///< time that commits took
  Counter segments_begun;
  Counter segments_abandoned;  ///< after an error; what was durable in them stays
  Counter segments;            ///< gauge: files there are
  Counter segment_bytes;       ///< gauge: and their size
  Counter segments_removed;    ///< by retention, with the letters in them
  Counter letters_removed;
};

}  // namespace esc::telemetry
