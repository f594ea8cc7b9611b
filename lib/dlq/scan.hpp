// SPDX-License-Identifier: BSD-3-Clause
// What is in a folder of segment files, and what of it is sound.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dlq/segment.hpp"

namespace esc::dlq {

/// Of a larger file, which nothing here writes, only so much is looked at.
inline constexpr std::uint64_t kMaxSegmentBytes = std::uint64_t{1} << 30;

/// What became of a file.
enum class SegmentState : std::uint8_t {
  kSound,     ///< it has a header, and records up to `kept_bytes`
  kNotBegun,  ///< its header was never written, or is that of the segment it was before
  kDamaged,   ///< the header is not what was written: its records cannot be told from others
  kForeign,   ///< no segment file
  kNewer,     ///< of a version that is not known here
};

struct FoundSegment {
  std::uint64_t number = 0;  ///< by its name
  SegmentState state = SegmentState::kSound;
  std::uint32_t version = 0;
  SegmentHeader header;  ///< of a sound one, like what follows
  std::uint64_t records = 0;
  std::uint64_t next_id = 0;
  std::uint64_t kept_bytes = 0;  ///< up to the last whole record
  std::uint64_t first_died_ns = 0;
  std::uint64_t last_died_ns = 0;
  SegmentEnd end = SegmentEnd::kNothing;

  /// Sound records in commits of this very segment that lie behind its end: what is between was
  /// damaged, for a commit is on the disk before the next one is written.
  std::uint64_t records_behind = 0;

  /// The file has fewer bytes than its header says. It had them before the header was written, and
  /// nothing here ever makes one shorter: so what was in the rest is gone.
  bool cut = false;
};

/// Whether there are fewer bytes than the header says. Of a larger file than kMaxSegmentBytes only
/// so many are looked at.
[[nodiscard]] bool is_cut(const SegmentHeader& header, std::span<const std::byte> bytes) noexcept;

/// Reads all of a segment: `bytes` are the file's, and may be anything. Any thread.
[[nodiscard]] FoundSegment scan_segment(std::uint64_t number, std::span<const std::byte> bytes);

/// The same of a file that may be written meanwhile: `read` reads it, and none is one that is gone.
/// Where a commit was missed and the one behind it was not, it looks as if something were damaged;
/// then another look, some at most, finds it.
[[nodiscard]] std::optional<FoundSegment> scan_growing(
    std::uint64_t number, const std::function<std::optional<std::span<const std::byte>>()>& read);

}  // namespace esc::dlq
