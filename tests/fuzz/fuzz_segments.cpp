// SPDX-License-Identifier: BSD-3-Clause
// Reads any bytes as a segment file, as an appliance does when it starts. Every record that is
// found lies within the file, has the number after that of the record before, and reads back as it
// was written. A file that was cut gives the same records up to the cut.
//
// Input: a byte of choices (see Choice), then the file. Without kWholeFile it is only what follows
// the header, and a valid header is put before it; with kMended its checksums are then made right.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "dlq/crc32c.hpp"
#include "dlq/record.hpp"
#include "dlq/scan.hpp"
#include "dlq/segment.hpp"

namespace {

using namespace esc::dlq;
using Bytes = std::span<const std::byte>;

enum Choice : std::uint8_t { kWholeFile = 1U << 0, kMended = 1U << 1, kCut = 1U << 2 };

constexpr std::uint64_t kNumber = 3;
constexpr std::uint64_t kRun = 7;
constexpr std::size_t kMostBytes = 1U << 20U;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Sets the checksum of everything after the header that may be an item.
void mend(std::span<std::byte> file) {
  for (std::size_t at = kBlockBytes; at + sizeof(ItemHead) <= file.size();) {
    std::uint32_t word = 0;
    std::memcpy(&word, file.data() + at + 4, sizeof word);
    const std::size_t bytes = word & kItemBytesMask;
    if (bytes < sizeof(ItemHead) || bytes > file.size() - at) {
      at += kItemAlign;
      continue;
    }
    const bool pad = static_cast<ItemKind>(word >> kItemKindShift) == ItemKind::kPad;
    const Bytes summed = file.subspan(at + 4, (pad ? sizeof(ItemHead) : bytes) - 4);
    const std::uint32_t crc = crc32c(summed, run_seed(kRun));
    std::memcpy(file.data() + at, &crc, sizeof crc);
    at += (bytes + kItemAlign - 1) & ~(kItemAlign - 1);
  }
}

std::vector<std::byte> file_of(std::uint8_t choices, Bytes input) {
  if ((choices & kWholeFile) != 0) return {input.begin(), input.end()};
  const std::size_t blocks = (input.size() + kBlockBytes - 1) / kBlockBytes;
  std::vector<std::byte> file(kBlockBytes * (1 + blocks));
  const Block header = write_header({.number = kNumber,
                                     .run = kRun,
                                     .first_id = 1,
                                     .created_ns = 0,
                                     .bytes = file.size(),
                                     .instance = "fuzz"});
  std::ranges::copy(header, file.begin());
  std::ranges::copy(input, file.begin() + kBlockBytes);
  if ((choices & kMended) != 0) mend(file);
  return file;
}

struct Read {
  std::uint64_t id;
  Letter letter;
  std::vector<std::byte> frame;
  friend bool operator==(const Read&, const Read&) = default;
};

/// Writing the record again gives an item that reads as the same record; and its frame lies in
/// `file`.
void writes_back(Bytes file, const Record& record, const SegmentHeader& header) {
  std::vector<std::byte> bytes(record_bytes(record.frame.size()));
  write_record(bytes.data(), run_seed(header.run), record.id, record.letter, record.frame);
  const Item item = read_item(bytes, run_seed(header.run));
  require(item.fault == ItemFault::kNone && item.record.id == record.id &&
          item.record.letter == record.letter);
  const std::byte* const frame = record.frame.data();
  require(frame >= file.data() && frame + record.frame.size() <= file.data() + file.size());
}

std::vector<Read> read_all(Bytes file, const SegmentHeader& header) {
  std::vector<Read> all;
  SegmentCursor cursor(file, header);
  while (const auto record = cursor.next()) {
    require(record->id == header.first_id + all.size());
    writes_back(file, *record, header);
    all.push_back({record->id, record->letter, {record->frame.begin(), record->frame.end()}});
  }
  require(cursor.offset() <= std::max(file.size(), kBlockBytes));
  require(cursor.next() == nullptr);
  return all;
}

void check(Bytes file, std::uint8_t choices) {
  const FoundSegment found = scan_segment(kNumber, file);
  if (found.state != SegmentState::kSound) {
    require(found.records == 0 && found.kept_bytes == 0);
    return;
  }
  const std::vector<Read> all = read_all(file, found.header);
  require(found.records == all.size() && found.kept_bytes % kItemAlign == 0);
  if (!all.empty()) {
    const auto died = [](const Read& read) { return read.letter.died_ns; };
    require(found.first_died_ns == std::ranges::min(all, {}, died).letter.died_ns);
    require(found.last_died_ns == std::ranges::max(all, {}, died).letter.died_ns);
  }
  if ((choices & kCut) == 0 || file.size() <= kBlockBytes) return;
  const std::size_t left = kBlockBytes + (file.size() - kBlockBytes) / 2;
  const std::vector<std::byte> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(left));
  const std::vector<Read> fewer = read_all(cut, found.header);
  require(fewer.size() <= all.size() && std::equal(fewer.begin(), fewer.end(), all.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kMostBytes) return 0;
  const std::vector<std::byte> file =
      file_of(data[0], std::as_bytes(std::span(data + 1, size - 1)));
  check(file, data[0]);
  return 0;
}
