// SPDX-License-Identifier: BSD-3-Clause
#include "dlq/record.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string_view>
#include <vector>

#include "dlq/commit_buffer.hpp"
#include "dlq/crc32c.hpp"

namespace esc::dlq::testing {
namespace {

using Bytes = std::vector<std::byte>;
constexpr std::uint64_t kRun = 77;
const std::uint32_t kSeed = run_seed(kRun);

Bytes frame_of(std::size_t bytes) {
  Bytes frame(bytes);
  for (std::size_t i = 0; i < bytes; ++i) frame[i] = static_cast<std::byte>(i * 7 + 1);
  return frame;
}

Letter letter_of() {
  return {.received_ns = 1,
          .died_ns = 2,
          .producer = 3,
          .sequence = 4,
          .epoch = 5,
          .peer = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
          .peer_port = 6,
          .port = 7,
          .queue = 8,
          .reason = 9,
          .stage = Stage::kWorker,
          .flags = kSequenced | kPeerKnown,
          .attempts = 11,
          .replay_count = 12};
}

Bytes record_of(const Bytes& frame) {
  Bytes bytes(record_bytes(frame.size()), std::byte{0xFF});
  write_record(bytes.data(), kSeed, 42, letter_of(), frame);
  return bytes;
}

TEST(Crc32c, IsTheOneOfRfc3720) {
  const std::string_view digits = "123456789";
  EXPECT_EQ(crc32c(std::as_bytes(std::span(digits))), 0xE3069283U);
  EXPECT_EQ(crc32c(Bytes(32)), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::as_bytes(std::span(digits)).subspan(4),
                   crc32c(std::as_bytes(std::span(digits)).first(4))),
            0xE3069283U);
}

TEST(Record, ComesBackAsItWas) {
  for (const std::size_t bytes : {0U, 1U, 7U, 8U, 9U, 100U, 65'407U, 65'536U}) {
    const Bytes frame = frame_of(bytes);
    const Bytes written = record_of(frame);
    ASSERT_EQ(written.size() % kItemAlign, 0U);
    const Item item = read_item(written, kSeed);
    ASSERT_EQ(item.fault, ItemFault::kNone) << bytes;
    ASSERT_EQ(item.kind, ItemKind::kRecord);
    ASSERT_EQ(item.bytes, written.size());
    EXPECT_EQ(item.record.id, 42U);
    EXPECT_EQ(item.record.letter, letter_of());
    EXPECT_TRUE(std::ranges::equal(item.record.frame, frame));
  }
}

TEST(Record, OfAnotherRunIsNone) {
  EXPECT_EQ(read_item(record_of(frame_of(20)), run_seed(kRun + 1)).fault, ItemFault::kBadCrc);
}

TEST(Record, EveryBitOfItCounts) {
  const Bytes sound = record_of(frame_of(21));
  const std::size_t summed = sizeof(RecordHead) + 21;
  for (std::size_t bit = 0; bit < summed * 8; ++bit) {
    Bytes other = sound;
    other[bit / 8] ^= std::byte{1} << bit % 8;
    ASSERT_NE(read_item(other, kSeed).fault, ItemFault::kNone) << "bit " << bit;
  }
}

TEST(Record, CutAnywhereIsNone) {
  const Bytes sound = record_of(frame_of(21));
  for (std::size_t bytes = 0; bytes < sound.size(); ++bytes)
    ASSERT_NE(read_item(std::span(sound).first(bytes), kSeed).fault, ItemFault::kNone) << bytes;
}

TEST(Record, AnyBytesAreReadWithoutHarm) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    Bytes bytes(random() % 300);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    if (bytes.size() > 4 && i % 2 == 0) bytes[3] = bytes[2] = bytes[1] = std::byte{0};
    const Item item = read_item(bytes, kSeed);
    ASSERT_TRUE(item.fault != ItemFault::kNone || item.bytes <= bytes.size());
  }
}

TEST(CommitBuffer, IsWholeBlocksWhateverIsInIt) {
  CommitBuffer buffer(CommitBuffer::kMinBytes, kRun);
  std::uint64_t id = 5;
  while (buffer.add(id, letter_of(), frame_of(100))) ++id;
  EXPECT_EQ(buffer.first_id(), 5U);
  EXPECT_EQ(buffer.records(), id - 5);
  std::span<const std::byte> bytes = buffer.finish();
  EXPECT_EQ(bytes.size() % kBlockBytes, 0U);
  std::uint64_t records = 0;
  while (!bytes.empty()) {
    const Item item = read_item(bytes, kSeed);
    ASSERT_EQ(item.fault, ItemFault::kNone);
    records += item.kind == ItemKind::kRecord ? 1U : 0U;
    bytes = bytes.subspan(item.bytes);
  }
  EXPECT_EQ(records, id - 5);
  buffer.clear();
  EXPECT_TRUE(buffer.finish().empty());
  EXPECT_TRUE(buffer.add(id, letter_of(), frame_of(kMaxFrameBytes)));
  EXPECT_FALSE(buffer.add(id + 1, letter_of(), frame_of(kMaxFrameBytes)));
}

}  // namespace
}  // namespace esc::dlq::testing
