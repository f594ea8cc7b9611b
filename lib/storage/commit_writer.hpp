// SPDX-License-Identifier: BSD-3-Clause
// Brings commits to the disk, says what became of them, and removes what is too old.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "dlq/retention.hpp"
#include "dlq/segment_log.hpp"
#include "storage/commit_pipe.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::storage {

/// Thread: one, which may wait for the disk; figures from any.
class CommitWriter {
 public:
  /// Says what became of a commit, before its buffer goes back.
  using Settle = std::function<void(const Commit& commit, bool durable)>;

  /// Nothing is owned; everything outlives it.
  CommitWriter(CommitPipe& pipe, dlq::SegmentLog& log, const dlq::Retention& retention,
               Settle settle, telemetry::DiskCounters& counters)
      : pipe_(pipe),
        log_(log),
        retention_(retention),
        settle_(std::move(settle)),
        counters_(counters) {}

  /// Writes the oldest commit that waits; false: none does. `unix_ns` and `tick_ns` are clocks: the
  /// world's, and one that does not jump.
  bool write_one(std::uint64_t (*unix_ns)(), std::uint64_t (*tick_ns)());

  /// Removes what the rules no longer keep; to give space back one file at a time. Now and then: it
  /// asks the disk.
  void retain(std::uint64_t unix_ns);

  /// Ends the open segment. Nothing comes after it.
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
