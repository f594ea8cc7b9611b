// SPDX-License-Identifier: BSD-3-Clause
#include "dlq/soundness.hpp"

#include "base/errno_text.hpp"

namespace esc::dlq {

Soundness soundness_of(const ScannedSegment& segment) noexcept {
  const FoundSegment& found = segment.found;
  if (segment.error != 0) return Soundness::kDamaged;
  if (found.state == SegmentState::kNotBegun) return Soundness::kSound;
  if (found.state != SegmentState::kSound) return Soundness::kDamaged;
  if (found.records_behind != 0 || found.cut) return Soundness::kDamaged;
  const bool ends_well = found.end == SegmentEnd::kSealed || found.end == SegmentEnd::kNothing ||
                         found.end == SegmentEnd::kFull || found.end == SegmentEnd::kOldBytes;
  return ends_well ? Soundness::kSound : Soundness::kTorn;
}

std::string complaint_of(const ScannedSegment& segment) {
  const FoundSegment& found = segment.found;
  const std::string where = segment_name(segment.file.number) + ": ";
  if (segment.error != 0) {
    return where + "could not be read behind byte " + std::to_string(found.kept_bytes) + ": " +
           errno_text(segment.error);
  }
  switch (found.state) {
    case SegmentState::kDamaged:
      return where + "its header is damaged: nothing in it can be told from what was there before";
    case SegmentState::kForeign:
      return where + "is no segment of dead letters";
    case SegmentState::kNewer:
      return where + "has format version " + std::to_string(found.version) +
             "; this program knows " + std::to_string(kVersion);
    default:
      break;
  }
  if (found.cut) {
    return where + "has fewer bytes than the " + std::to_string(found.header.bytes) +
           " that its header says; " + std::to_string(found.records) + " records up to byte " +
           std::to_string(found.kept_bytes) + " are left, and what was behind them is gone";
  }
  return where + std::string(name(found.end)) + " at byte " + std::to_string(found.kept_bytes) +
         " after " + std::to_string(found.records) + " records; " +
         std::to_string(found.records_behind) + " in sound commits behind it";
}

}  // namespace esc::dlq
