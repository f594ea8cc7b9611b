// SPDX-License-Identifier: BSD-3-Clause
// How much of the dead letters is kept.
#pragma once

#include <cstdint>

#include "dlq/file_system.hpp"
#include "dlq/segment_log.hpp"

namespace esc::dlq {

/// In each field 0 means: no limit.
struct RetentionLimits {
  std::uint64_t max_bytes = 0;       ///< of all segments, the open one included
  std::uint64_t max_segments = 0;    ///< the open one included
  std::uint64_t max_age_ns = 0;      ///< since the last letter of a segment died
  std::uint64_t min_free_bytes = 0;  ///< that must stay free on the disk
};

/// Decides which segments to remove: whole ones, the oldest first, and never the open one. Thread:
/// as the log's.
class Retention {
 public:
  enum class Step : std::uint8_t {
    kNone,
    kRecycle,    ///< remove the oldest segment; its file may serve a new one
    kDelete,     ///< remove it, and give its space back
    kDropSpare,  ///< give the space of a spare file back
  };

  Retention(FileSystem& files, const RetentionLimits& limits) : files_(files), limits_(limits) {}

  /// What has to be done next. To be asked again once that is done, but not at once after a file
  /// was deleted: some file systems free its space later, and meanwhile this would delete
  /// everything.
  [[nodiscard]] Step next(const SegmentLog& log, std::uint64_t unix_ns) const {
    if (const Step step = for_space(log); step != Step::kNone) return step;
    if (log.kept().empty()) return Step::kNone;
    const std::uint64_t last_ns = log.kept().front().last_ns;
    const bool too_many = limits_.max_segments != 0 && log.segments() > limits_.max_segments;
    const bool too_much = limits_.max_bytes != 0 && log.bytes() > limits_.max_bytes;
    const bool too_old =
        limits_.max_age_ns != 0 && unix_ns > last_ns && unix_ns - last_ns > limits_.max_age_ns;
    return too_many || too_much || too_old ? Step::kRecycle : Step::kNone;
  }

 private:
  // If too little space is free, files are deleted; if just enough is free, the next segment takes
  // the oldest one's file.
  [[nodiscard]] Step for_space(const SegmentLog& log) const {
    std::uint64_t free = 0;
    if (limits_.min_free_bytes == 0 || files_.free_bytes(free) != 0) return Step::kNone;
    if (free < limits_.min_free_bytes && log.spares() != 0) return Step::kDropSpare;
    if (log.kept().empty()) return Step::kNone;
    if (free < limits_.min_free_bytes) return Step::kDelete;
    if (log.spares() != 0 || free - limits_.min_free_bytes >= log.segment_bytes())
      return Step::kNone;
    return log.kept().front().reusable ? Step::kRecycle : Step::kDelete;
  }

  FileSystem& files_;
  RetentionLimits limits_;
};

}  // namespace esc::dlq
