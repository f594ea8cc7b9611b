// SPDX-License-Identifier: BSD-3-Clause
#include "dlq/segment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "dlq/commit_buffer.hpp"
#include "dlq/crc32c.hpp"
#include "dlq/scan.hpp"
#include "dlq/soundness.hpp"

namespace esc::dlq::testing {
namespace {

using Bytes = std::vector<std::byte>;

SegmentHeader header_of() {
  return {.number = 42,
          .run = 7,
          .first_id = 100,
          .created_ns = 1'800'000'000'000'000'000,
          .bytes = 8 * kBlockBytes,
          .instance = "plant-7"};
}

/// A segment with `commits` commits of two records each, and room behind them.
Bytes segment_of(std::uint64_t commits) {
  const SegmentHeader header = header_of();
  Bytes bytes(header.bytes);
  std::ranges::copy(write_header(header), bytes.begin());
  CommitBuffer buffer(CommitBuffer::kMinBytes, header.run);
  auto to = bytes.begin() + kBlockBytes;
  std::uint64_t id = header.first_id;
  for (std::uint64_t i = 0; i < commits; ++i) {
    buffer.clear();
    for (int k = 0; k < 2; ++k, ++id)
      (void)buffer.add(id, {.died_ns = 1000 - id}, Bytes(50, std::byte{9}));
    to = std::ranges::copy(buffer.finish(), to).out;
  }
  return bytes;
}

void change(Bytes& bytes, std::size_t offset) {
  bytes[offset] ^= std::byte{0x10};
}

TEST(SegmentHeader, ComesBackAsItWas) {
  const Block block = write_header(header_of());
  const ReadHeader read = read_header(block);
  EXPECT_EQ(read.fault, HeaderFault::kNone);
  EXPECT_EQ(read.header, header_of());
  EXPECT_EQ(read.version, kVersion);
}

TEST(SegmentHeader, SaysWhatIsWrong) {
  const Block sound = write_header(header_of());
  EXPECT_EQ(read_header(std::span(sound).first(kBlockBytes - 1)).fault, HeaderFault::kDamaged);
  EXPECT_EQ(read_header({}).fault, HeaderFault::kEmpty);
  EXPECT_EQ(read_header(Block{}).fault, HeaderFault::kEmpty);
  for (std::size_t bit = 0; bit < kBlockBytes * 8; ++bit) {
    Block other = sound;
    other[bit / 8] ^= std::byte{1} << bit % 8;
    ASSERT_EQ(read_header(other).fault, HeaderFault::kDamaged) << "bit " << bit;
  }
  Block foreign{};
  std::ranges::fill(foreign, std::byte{'x'});
  EXPECT_EQ(read_header(foreign).fault, HeaderFault::kForeign);
  Block newer = sound;
  newer[8] = std::byte{kVersion + 1};
  const std::uint32_t crc = crc32c(std::span(newer).first(kBlockBytes - 4));
  std::memcpy(newer.data() + kBlockBytes - 4, &crc, sizeof crc);
  EXPECT_EQ(read_header(newer).fault, HeaderFault::kNewer);
  EXPECT_EQ(read_header(newer).version, kVersion + 1);
}

TEST(SegmentName, IsANumberOfSixteenDigits) {
  EXPECT_EQ(segment_name(42), "000000000000002a.dlq");
  EXPECT_EQ(segment_number("000000000000002a.dlq"), 42U);
  EXPECT_EQ(segment_number(segment_name(UINT64_MAX)), UINT64_MAX);
  for (const char* other : {"", "2a.dlq", "000000000000002A.dlq", "000000000000002a.spare",
                            "00000000000000-1.dlq", "000000000000002a.dlq.new"})
    EXPECT_EQ(segment_number(other), std::nullopt) << other;
  EXPECT_EQ(spare_number(spare_name(42)), 42U);
  EXPECT_EQ(spare_number(segment_name(42)), std::nullopt);
}

TEST(Scan, CountsWhatIsThere) {
  const FoundSegment found = scan_segment(42, segment_of(3));
  EXPECT_EQ(found.state, SegmentState::kSound);
  EXPECT_EQ(found.header, header_of());
  EXPECT_EQ(found.records, 6U);
  EXPECT_EQ(found.next_id, 106U);
  EXPECT_EQ(found.first_died_ns, 895U);
  EXPECT_EQ(found.last_died_ns, 900U);
  EXPECT_EQ(found.kept_bytes, 4 * kBlockBytes);
  EXPECT_EQ(found.end, SegmentEnd::kNothing);
  EXPECT_EQ(found.records_behind, 0U);
}

TEST(Scan, OfAnotherSegmentsHeaderThereIsNothing) {
  EXPECT_EQ(scan_segment(43, segment_of(3)).state, SegmentState::kNotBegun);
  EXPECT_EQ(scan_segment(43, Bytes(kBlockBytes)).state, SegmentState::kNotBegun);
  EXPECT_EQ(scan_segment(43, {}).state, SegmentState::kNotBegun);
}

TEST(Scan, TellsATornEndFromDamageInTheMiddle) {
  // In the last commit, behind which nothing was written: only parts of it got to the disk.
  Bytes torn = segment_of(3);
  change(torn, 3 * kBlockBytes + 100);
  const FoundSegment end = scan_segment(42, torn);
  EXPECT_EQ(end.records, 4U);
  EXPECT_EQ(end.end, SegmentEnd::kBadCrc);
  EXPECT_EQ(end.records_behind, 0U);
  // The same with the head of the commit destroyed.
  Bytes headless = segment_of(3);
  change(headless, 3 * kBlockBytes + 9);
  EXPECT_EQ(scan_segment(42, headless).records, 4U);
  EXPECT_EQ(scan_segment(42, headless).records_behind, 0U);
  // In a commit that was on the disk before the next one was written.
  for (const std::size_t offset : {std::size_t{9}, std::size_t{100}}) {
    Bytes damaged = segment_of(3);
    change(damaged, kBlockBytes + offset);
    const FoundSegment middle = scan_segment(42, damaged);
    EXPECT_EQ(middle.records, 0U);
    EXPECT_EQ(middle.records_behind, 4U) << offset;
  }
}

TEST(Scan, AHoleIsDamageToo) {
  Bytes hole = segment_of(3);
  std::fill_n(hole.begin() + 2 * kBlockBytes, kBlockBytes, std::byte{0});
  const FoundSegment found = scan_segment(42, hole);
  EXPECT_EQ(found.records, 2U);
  EXPECT_EQ(found.end, SegmentEnd::kNothing);
  EXPECT_EQ(found.records_behind, 2U);
  // The same with the bytes of another commit in its place.
  Bytes old = segment_of(3);
  std::copy_n(old.begin() + kBlockBytes, kBlockBytes, old.begin() + 2 * kBlockBytes);
  EXPECT_EQ(scan_segment(42, old).end, SegmentEnd::kOldBytes);
  EXPECT_EQ(scan_segment(42, old).records_behind, 2U);
}

TEST(Scan, ACommitThatWasMissedWhileTheFileGrewIsFoundAtAnotherLook) {
  // Read page by page while two commits came: the first of them was missed.
  const Bytes grown = segment_of(3);
  Bytes missed = grown;
  std::fill_n(missed.begin() + 2 * kBlockBytes, kBlockBytes, std::byte{0});
  int looks = 0;
  const auto found = scan_growing(
      42, [&] { return std::optional<std::span<const std::byte>>(++looks == 1 ? missed : grown); });
  EXPECT_EQ(looks, 2);
  EXPECT_EQ(found->records, 6U);
  EXPECT_EQ(found->records_behind, 0U);
  // Looking again does not help if the record is damaged.
  looks = 0;
  const auto damaged = scan_growing(42, [&] {
    ++looks;
    return std::optional<std::span<const std::byte>>(missed);
  });
  EXPECT_EQ(looks, 2);
  EXPECT_EQ(damaged->records_behind, 2U);
  EXPECT_FALSE(scan_growing(42, [] { return std::optional<std::span<const std::byte>>(); }));
}

TEST(Scan, AFileThatIsTooShortKeepsItsFirstRecords) {
  const Bytes whole = segment_of(3);
  for (std::size_t bytes = kBlockBytes; bytes < 4 * kBlockBytes; bytes += 8) {
    const FoundSegment found = scan_segment(42, std::span(whole).first(bytes));
    std::uint64_t expected = 0;
    for (std::uint64_t commit = 0; commit < 3; ++commit) {
      for (std::uint64_t k = 1; k <= 2; ++k)
        expected += (1 + commit) * kBlockBytes + sizeof(CommitHead) + k * record_bytes(50) <= bytes
                        ? 1U
                        : 0U;
    }
    ASSERT_EQ(found.records, expected) << bytes;
    ASSERT_TRUE(found.cut) << bytes;
  }
  EXPECT_TRUE(scan_segment(42, std::span(whole).first(whole.size() - 1)).cut);
  EXPECT_FALSE(scan_segment(42, whole).cut);
}

TEST(Scan, AFileThatIsTooShortIsDamagedAndALongerOneIsNot) {
  const Bytes whole = segment_of(3);
  const auto judged = [](std::span<const std::byte> bytes) {
    return soundness_of({.file = {42, bytes.size()}, .found = scan_segment(42, bytes)});
  };
  EXPECT_EQ(judged(whole), Soundness::kSound);
  EXPECT_EQ(judged(std::span(whole).first(3 * kBlockBytes)), Soundness::kDamaged);
  Bytes longer = whole;
  longer.resize(2 * whole.size());
  EXPECT_EQ(judged(longer), Soundness::kSound);
}

}  // namespace
}  // namespace esc::dlq::testing
