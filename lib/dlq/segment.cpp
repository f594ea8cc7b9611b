// SPDX-License-Identifier: BSD-3-Clause
#include "dlq/segment.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>

#include "base/number.hpp"
#include "dlq/crc32c.hpp"

namespace esc::dlq {
namespace {

constexpr std::array<char, 8> kMagic = {'E', 'S', 'C', 'D', 'L', 'Q', 'S', 'G'};
constexpr std::string_view kSuffix = ".dlq";
constexpr std::string_view kSpareSuffix = ".spare";
constexpr std::size_t kNameDigits = 16;

struct HeaderBytes {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t header_bytes;
  std::uint64_t number;
  std::uint64_t run;
  std::uint64_t first_id;
  std::uint64_t created_ns;
  std::uint64_t bytes;
  std::uint32_t instance_bytes;
  std::uint32_t reserved;
  std::array<char, kMaxInstanceBytes> instance;
};
static_assert(sizeof(HeaderBytes) == 128 && std::is_trivially_copyable_v<HeaderBytes>);
constexpr std::size_t kCrcOffset = kBlockBytes - sizeof(std::uint32_t);

std::string digits_of(std::uint64_t number) {
  std::array<char, kNameDigits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(number));
  return digits.data();
}

std::optional<std::uint64_t> number_before(std::string_view name,
                                           std::string_view suffix) noexcept {
  if (name.size() != kNameDigits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  const std::string_view digits = name.substr(0, kNameDigits);
  if (digits.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  return parse_hex(digits);
}

bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

// If power was lost while the header was written, its first sector may be missing or damaged. The
// file is still ours.
HeaderFault fault_without_magic(std::span<const std::byte> block,
                                const std::array<char, 8>& found) noexcept {
  constexpr std::size_t kSectorBytes = 512;
  constexpr int kDecayedBits = 8;
  if (all_zero(block.first(kSectorBytes))) return HeaderFault::kEmpty;
  const auto other = std::bit_cast<std::uint64_t>(found) ^ std::bit_cast<std::uint64_t>(kMagic);
  return std::popcount(other) <= kDecayedBits ? HeaderFault::kDamaged : HeaderFault::kForeign;
}

}  // namespace

Block write_header(const SegmentHeader& header) {
  HeaderBytes bytes{.magic = kMagic,
                    .version = kVersion,
                    .header_bytes = kBlockBytes,
                    .number = header.number,
                    .run = header.run,
                    .first_id = header.first_id,
                    .created_ns = header.created_ns,
                    .bytes = header.bytes,
                    .instance_bytes = static_cast<std::uint32_t>(
                        std::min(header.instance.size(), kMaxInstanceBytes)),
                    .reserved = 0,
                    .instance = {}};
  std::memcpy(bytes.instance.data(), header.instance.data(), bytes.instance_bytes);
  Block block{};
  std::memcpy(block.data(), &bytes, sizeof bytes);
  const std::uint32_t crc = crc32c(std::span(block).first(kCrcOffset));
  std::memcpy(block.data() + kCrcOffset, &crc, sizeof crc);
  return block;
}

ReadHeader read_header(std::span<const std::byte> bytes) {
  ReadHeader read;
  if (bytes.size() < kBlockBytes) {
    read.fault = all_zero(bytes) ? HeaderFault::kEmpty : HeaderFault::kDamaged;
    return read;
  }
  const std::span<const std::byte> block = bytes.first(kBlockBytes);
  HeaderBytes found;
  std::memcpy(&found, block.data(), sizeof found);
  if (found.magic != kMagic) {
    read.fault = fault_without_magic(block, found.magic);
    return read;
  }
  std::uint32_t crc = 0;
  std::memcpy(&crc, block.data() + kCrcOffset, sizeof crc);
  // All versions have their checksum at this place, so a damaged header is not taken for one of a
  // newer version.
  if (crc != crc32c(block.first(kCrcOffset))) {
    read.fault = HeaderFault::kDamaged;
    return read;
  }
  read.version = found.version;
  if (found.version > kVersion) {
    read.fault = HeaderFault::kNewer;
    return read;
  }
  if (found.version != kVersion || found.header_bytes != kBlockBytes ||
      found.instance_bytes > kMaxInstanceBytes || found.bytes % kBlockBytes != 0) {
    read.fault = HeaderFault::kDamaged;
    return read;
  }
  read.header = {.number = found.number,
                 .run = found.run,
                 .first_id = found.first_id,
                 .created_ns = found.created_ns,
                 .bytes = found.bytes,
                 .instance = std::string(found.instance.data(), found.instance_bytes)};
  return read;
}

std::string segment_name(std::uint64_t number) {
  return digits_of(number) + std::string(kSuffix);
}

std::string spare_name(std::uint64_t number) {
  return digits_of(number) + std::string(kSpareSuffix);
}

std::optional<std::uint64_t> segment_number(std::string_view name) noexcept {
  return number_before(name, kSuffix);
}

std::optional<std::uint64_t> spare_number(std::string_view name) noexcept {
  return number_before(name, kSpareSuffix);
}

std::string_view name(SegmentEnd end) noexcept {
  switch (end) {
    case SegmentEnd::kSealed:
      return "sealed";
    case SegmentEnd::kNothing:
      return "nothing_written";
    case SegmentEnd::kFull:
      return "full";
    case SegmentEnd::kBadBytes:
      return "bad_bytes";
    case SegmentEnd::kBadCrc:
      return "bad_checksum";
    case SegmentEnd::kOldBytes:
      return "old_bytes";
  }
  return "?";
}

const Record* SegmentCursor::stop(SegmentEnd end) noexcept {
  end_ = end;
  ended_ = true;
  return nullptr;
}

const Record* SegmentCursor::next() noexcept {
  while (!ended_) {
    if (offset_ >= bytes_.size()) return stop(SegmentEnd::kFull);
    switch (read_item(bytes_.subspan(offset_), seed_, item_)) {
      case ItemFault::kNone:
        break;
      case ItemFault::kNothing:
        return stop(SegmentEnd::kNothing);
      case ItemFault::kBadBytes:
        return stop(SegmentEnd::kBadBytes);
      case ItemFault::kBadCrc:
        return stop(SegmentEnd::kBadCrc);
    }
    if (item_.kind == ItemKind::kRecord) {
      if (item_.record.id != next_id_) return stop(SegmentEnd::kOldBytes);
      ++next_id_;
      offset_ += item_.bytes;
      return &item_.record;
    }
    if (item_.kind == ItemKind::kCommit && item_.next_id != next_id_)
      return stop(SegmentEnd::kOldBytes);
    if (item_.kind == ItemKind::kSeal) {
      return stop(item_.next_id == next_id_ ? SegmentEnd::kSealed : SegmentEnd::kOldBytes);
    }
    offset_ += item_.bytes;
  }
  return nullptr;
}

}  // namespace esc::dlq
