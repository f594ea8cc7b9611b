// SPDX-License-Identifier: BSD-3-Clause
#include "dlq/recovery.hpp"

#include <algorithm>
#include <utility>

#include "dlq/folder.hpp"
#include "dlq/soundness.hpp"

namespace esc::dlq {
namespace {

KeptSegment kept_from(const ScannedSegment& segment, std::uint64_t segment_bytes) {
  const FoundSegment& found = segment.found;
  return {.number = segment.file.number,
          .bytes = segment.file.bytes,
          .last_ns = std::max(found.last_died_ns, found.header.created_ns),
          .records = found.records,
          .reusable = segment.file.bytes == segment_bytes && segment.error == 0};
}

}  // namespace

// Numbers are never used twice, those of spare files included: under its old number a spare file
// would be the segment that it was.
Recovery recover(const std::string& path, std::uint64_t segment_bytes) {
  const Folder folder(path);
  const std::vector<ScannedSegment> scanned = scan_folder(folder);
  check_usable(path, folder, scanned);
  Recovery recovery;
  recovery.bytes = folder.bytes();
  for (const ScannedSegment& segment : scanned) {
    recovery.segments.push_back(kept_from(segment, segment_bytes));
    recovery.letters += segment.found.records;
    recovery.next_number = std::max(recovery.next_number, segment.file.number + 1);
    if (soundness_of(segment) != Soundness::kSound)
      recovery.complaints.push_back(complaint_of(segment));
  }
  for (const FolderEntry& spare : folder.spares()) {
    const std::uint64_t number = spare_number(spare.name).value_or(0);
    recovery.next_number = std::max(recovery.next_number, number + 1);
    (spare.bytes == segment_bytes ? recovery.spares : recovery.unfit).push_back(spare.name);
  }
  return recovery;
}

void Recovery::hand_to(SegmentLog& log) const {
  for (const KeptSegment& segment : segments) log.keep(segment);
  for (const std::string& name : spares) log.keep_spare(name);
}

}  // namespace esc::dlq
