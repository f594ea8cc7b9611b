// SPDX-License-Identifier: BSD-3-Clause
#include "dlq/scan.hpp"

#include <algorithm>

namespace esc::dlq {
namespace {

// The header is on the disk before the first commit is written. So if the header is empty and
// something follows it, the header has been lost.
bool has_lost_header(const ReadHeader& read, std::span<const std::byte> bytes) {
  constexpr std::size_t kSectorBytes = 512;
  if (read.fault != HeaderFault::kEmpty || bytes.size() <= kBlockBytes) return false;
  const auto behind = bytes.subspan(kBlockBytes);
  return std::ranges::any_of(behind.first(std::min(kSectorBytes, behind.size())),
                             [](std::byte byte) { return byte != std::byte{0}; });
}

SegmentState state_of(const ReadHeader& read, std::uint64_t number) {
  switch (read.fault) {
    case HeaderFault::kNone:
      return read.header.number == number ? SegmentState::kSound : SegmentState::kNotBegun;
    case HeaderFault::kEmpty:
      return SegmentState::kNotBegun;
    case HeaderFault::kForeign:
      return SegmentState::kForeign;
    case HeaderFault::kNewer:
      return SegmentState::kNewer;
    case HeaderFault::kDamaged:
      return SegmentState::kDamaged;
  }
  return SegmentState::kForeign;
}

// Looks only for commit heads, at the beginnings of blocks. So the work is one look at each block,
// whatever senders put into their frames.
std::uint64_t records_from(std::span<const std::byte> bytes, std::size_t offset,
                           const SegmentHeader& header, std::uint64_t next_id) {
  const std::uint32_t seed = run_seed(header.run);
  std::uint64_t records = 0;
  offset = (offset + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
  for (; offset < bytes.size(); offset += kBlockBytes) {
    const Item head = read_item(bytes.subspan(offset), seed);
    // The ids tell it from commits that an earlier segment left in the file.
    if (head.fault != ItemFault::kNone || head.kind != ItemKind::kCommit || head.next_id <= next_id)
      continue;
    std::size_t at = offset + head.bytes;
    for (;;) {
      const Item item = read_item(bytes.subspan(at), seed);
      if (item.fault != ItemFault::kNone || item.kind != ItemKind::kRecord) break;
      ++records;
      at += item.bytes;
    }
    next_id = head.next_id;
  }
  return records;
}

}  // namespace

bool is_cut(const SegmentHeader& header, std::span<const std::byte> bytes) noexcept {
  return bytes.size() < std::min(header.bytes, kMaxSegmentBytes);
}

FoundSegment scan_segment(std::uint64_t number, std::span<const std::byte> bytes) {
  const ReadHeader read = read_header(bytes);
  FoundSegment found;
  found.number = number;
  found.state = has_lost_header(read, bytes) ? SegmentState::kDamaged : state_of(read, number);
  found.version = read.version;
  if (found.state != SegmentState::kSound) return found;
  found.header = read.header;
  SegmentCursor cursor(bytes, read.header);
  while (const Record* record = cursor.next()) {
    const std::uint64_t died_ns = record->letter.died_ns;
    found.first_died_ns = found.records == 0 ? died_ns : std::min(found.first_died_ns, died_ns);
    found.last_died_ns = std::max(found.last_died_ns, died_ns);
    ++found.records;
  }
  found.next_id = cursor.next_id();
  found.kept_bytes = cursor.offset();
  found.end = cursor.end();
  found.cut = is_cut(found.header, bytes);
  if (found.end != SegmentEnd::kSealed && found.end != SegmentEnd::kFull)
    found.records_behind = records_from(bytes, cursor.offset(), read.header, found.next_id);
  return found;
}

std::optional<FoundSegment> scan_growing(
    std::uint64_t number, const std::function<std::optional<std::span<const std::byte>>()>& read) {
  constexpr int kMostLooks = 5;
  std::optional<FoundSegment> found;
  for (int look = 0; look < kMostLooks; ++look) {
    const auto bytes = read();
    if (!bytes) return std::nullopt;
    const std::uint64_t kept_before = found ? found->kept_bytes : 0;
    found = scan_segment(number, *bytes);
    // Two looks found the same end: nothing more is being written there.
    if (found->records_behind == 0 || found->kept_bytes == kept_before) break;
  }
  return found;
}

}  // namespace esc::dlq
