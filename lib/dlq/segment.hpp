// SPDX-License-Identifier: BSD-3-Clause
// A segment file: one block of header, then commits, each a whole number of blocks
// (docs/dead-letters.md, "Segments").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dlq/record.hpp"

namespace esc::dlq {

/// The alignment that O_DIRECT needs on every disk, and the smallest size of a commit.
inline constexpr std::size_t kBlockBytes = 4096;
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kMaxInstanceBytes = 64;

struct SegmentHeader {
  std::uint64_t number = 0;      ///< of the segment, and in its file's name
  std::uint64_t run = 0;         ///< a random number of the start that wrote it
  std::uint64_t first_id = 0;    ///< of its first record; the others count on from there
  std::uint64_t created_ns = 0;  ///< Unix time
  std::uint64_t bytes = 0;       ///< of the file
  std::string instance;          ///< at most kMaxInstanceBytes

  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

using Block = std::array<std::byte, kBlockBytes>;
[[nodiscard]] Block write_header(const SegmentHeader& header);

enum class HeaderFault : std::uint8_t {
  kNone,
  kEmpty,    ///< zeros: its segment was never begun
  kForeign,  ///< no segment file
  kNewer,    ///< of a version that is not known here
  kDamaged,
};
struct ReadHeader {
  HeaderFault fault = HeaderFault::kNone;
  std::uint32_t version = 0;  ///< 0: damaged, or no header
  SegmentHeader header;       ///< without a fault
};
/// The header at the beginning of `bytes`, which may hold anything.
[[nodiscard]] ReadHeader read_header(std::span<const std::byte> bytes);

/// "000000000000002a.dlq"
[[nodiscard]] std::string segment_name(std::uint64_t number);
[[nodiscard]] std::optional<std::uint64_t> segment_number(std::string_view name) noexcept;
/// "000000000000002a.spare": a file that was that segment, kept for its blocks.
[[nodiscard]] std::string spare_name(std::uint64_t number);
[[nodiscard]] std::optional<std::uint64_t> spare_number(std::string_view name) noexcept;

/// Why a segment's records end where they do.
enum class SegmentEnd : std::uint8_t {
  kSealed,    ///< a seal says that there are no more
  kNothing,   ///< nothing was written after them
  kFull,      ///< they fill the file
  kBadBytes,  ///< behind them are bytes that are no item
  /// Behind them is an item with a wrong checksum: changed since it was written, or left by another
  /// run.
  kBadCrc,
  kOldBytes,  ///< behind them are records of the segment that the file was before
};
[[nodiscard]] std::string_view name(SegmentEnd end) noexcept;

/// Goes through the records of a segment, to the last whole one. Any thread.
class SegmentCursor {
 public:
  /// `bytes`: the file from its first byte, complete or not; outlives the cursor and the records
  /// read.
  SegmentCursor(std::span<const std::byte> bytes, const SegmentHeader& header) noexcept
      : bytes_(bytes), seed_(run_seed(header.run)), next_id_(header.first_id) {}

  /// The next record, there until the one after it is asked for; null: they end here, and end()
  /// says why.
  [[nodiscard]] const Record* next() noexcept;

  [[nodiscard]] SegmentEnd end() const noexcept { return end_; }
  /// Where the next item would be: what lies before it is sound.
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
  /// The id of the record that would come next.
  [[nodiscard]] std::uint64_t next_id() const noexcept { return next_id_; }

 private:
  const Record* stop(SegmentEnd end) noexcept;

  std::span<const std::byte> bytes_;
  std::uint32_t seed_;
  std::uint64_t next_id_;
  std::size_t offset_ = kBlockBytes;
  Item item_;
  SegmentEnd end_ = SegmentEnd::kNothing;
  bool ended_ = false;
};

}  // namespace esc::dlq
