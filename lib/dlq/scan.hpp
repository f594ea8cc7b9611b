// SPDX-License-Identifier: BSD-3-Clause
// Finds out what is in a segment file, and how much of it is sound.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dlq/segment.hpp"

namespace esc::dlq {

/// Only so many bytes of a file are read. No segment that this code writes is larger.
inline constexpr std::uint64_t kMaxSegmentBytes = std::uint64_t{1} << 30;

/// The state of a file.
enum class SegmentState : std::uint8_t {
  kSound,  ///< it has a header, and records up to `kept_bytes`
  /// Its header was never written, or it is still the header of the segment that the file was
  /// before.
  kNotBegun,
  /// The header has changed since it was written, so its records cannot be told from others.
  kDamaged,
  kForeign,  ///< no segment file
  kNewer,    ///< of a version that this program does not know
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

  /// Sound records of this segment that lie behind its end, in whole commits. What lies in between
  /// was damaged, since each commit is on the disk before the next one is written.
  std::uint64_t records_behind = 0;

  /// The file has fewer bytes than its header says. It had them when the header was written, and
  /// this code never makes a file shorter, so the contents of the rest are lost.
  bool cut = false;
};

/// Whether there are fewer bytes than the header says. Of a larger file than kMaxSegmentBytes only
/// so many are looked at.
[[nodiscard]] bool is_cut(const SegmentHeader& header, std::span<const std::byte> bytes) noexcept;

/// Reads all of a segment: `bytes` are the file's, and may be anything. Any thread.
[[nodiscard]] FoundSegment scan_segment(std::uint64_t number, std::span<const std::byte> bytes);

/// The same for a file that may be written meanwhile. `read` reads it; nullopt: it is gone. A read
/// that misses one commit and sees the next makes the file look damaged; so then it is read again,
/// a bounded number of times.
[[nodiscard]] std::optional<FoundSegment> scan_growing(
    std::uint64_t number, const std::function<std::optional<std::span<const std::byte>>()>& read);

}  // namespace esc::dlq
