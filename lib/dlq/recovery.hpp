// SPDX-License-Identifier: BSD-3-Clause
// What an appliance finds in its folder when it starts, and how it goes on from there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dlq/segment_log.hpp"

namespace esc::dlq {

struct Recovery {
  std::vector<KeptSegment> segments;    ///< sorted by their numbers; none is written any further
  std::vector<std::string> spares;      ///< of the right size
  std::vector<std::string> unfit;       ///< spare files of another size: to be removed
  std::vector<std::string> complaints;  ///< what was cut, and what is damaged; printable
  std::uint64_t next_number = 1;        ///< above every file's
  std::uint64_t letters = 0;
  std::uint64_t bytes = 0;  ///< of all files

  /// Hands all of it to the log.
  void hand_to(SegmentLog& log) const;
};

/// Scans all segments, on as many threads as oneTBB has. Changes nothing: each segment counts up to
/// its last whole record, and records behind that were never reported as durable. `segment_bytes`:
/// the size of the segments that will be written. Throws FolderError, also if there is a file that
/// is not ours.
[[nodiscard]] Recovery recover(const std::string& path, std::uint64_t segment_bytes);

}  // namespace esc::dlq
