// SPDX-License-Identifier: BSD-3-Clause
// Writes commits to the disk, reports whether that succeeded, and removes what is too old.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "dlq/retention.hpp"
#include "dlq/segment_log.hpp"
#include "storage/commit_pipe.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::storage {

/// Thread: the writing thread, which may wait for the disk. Any thread may read the counters.
class CommitWriter {
 public:
  /// Called with each commit that was written, or that the disk did not take, before its buffer is
  /// given back.
  using Settle = std::function<void(const Commit& commit, bool durable)>;

  /// Nothing is owned; everything outlives it.
  CommitWriter(CommitPipe& pipe, dlq::SegmentLog& log, const dlq::Retention& retention,
               Settle settle, telemetry::DiskCounters& counters)
      : pipe_(pipe),
        log_(log),
        retention_(retention),
        settle_(std::move(settle)),
        counters_(counters) {}

  /// Writes the oldest commit that was handed over; returns false if there is none. `unix_ns` is
  /// the wall clock, `tick_ns` a clock that never jumps.
  bool write_one(std::uint64_t (*unix_ns)(), std::uint64_t (*tick_ns)());

  /// Removes the segments that the retention rules no longer keep. Where it has to give space back
  /// to the file system, one call deletes one file. It may wait for the disk, so call it only now
  /// and then.
  void retain(std::uint64_t unix_ns);

  /// Ends the open segment. Nothing is written after that.
  void close(std::uint64_t unix_ns);

 private:
  void count(const Commit& commit, int error);
  void show();

  CommitPipe& pipe_;
  dlq::SegmentLog& log_;
  const dlq::Retention& retention_;
  Settle settle_;
  telemetry::DiskCounters& counters_;
};

}  // namespace esc::storage
