// SPDX-License-Identifier: BSD-3-Clause
// What a start finds in the folder, and how it continues.
#include "dlq/recovery.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "dlq/commit_buffer.hpp"
#include "dlq/crc32c.hpp"
#include "dlq/folder.hpp"
#include "dlq/posix_file_system.hpp"
#include "support/temp_folder.hpp"

namespace esc::dlq {
namespace {

constexpr std::uint64_t kRecoveredSegmentBytes = 16 * kBlockBytes;

class RecoveryTest : public ::testing::Test {
 protected:
  /// A start that writes one commit of two letters into each of `segments` segments, and ends.
  void run(std::uint64_t run_number, int segments, int taken_out = 0, bool sealed = true) {
    PosixFileSystem files;
    ASSERT_EQ(files.open(path_), 0);
    const Recovery found = recover(path_, kRecoveredSegmentBytes);
    SegmentLog log(files,
                   {.instance = "r", .segment_bytes = kRecoveredSegmentBytes, .run = run_number},
                   found.next_number);
    found.hand_to(log);
    CommitBuffer buffer(CommitBuffer::kMinBytes, run_number);
    for (int i = 0; i < segments; ++i) {
      buffer.clear();
      for (int n = 0; n < 2; ++n) {
        ASSERT_TRUE(buffer.add(static_cast<std::uint64_t>(2 * i + n), {.died_ns = 5}, {}));
      }
      ASSERT_EQ(log.commit(buffer, 9, 0), 0);
      if (sealed || i + 1 < segments) log.close(9);
    }
    for (int i = 0; i < taken_out; ++i) ASSERT_EQ(log.remove_oldest(), 0);
  }
  [[nodiscard]] std::string file(std::uint64_t number) const {
    return path_ + "/" + segment_name(number);
  }

  test::TempFolder temp_;
  std::string path_ = temp_.path();
};

TEST_F(RecoveryTest, AnEmptyFolder) {
  const Recovery found = recover(path_, kRecoveredSegmentBytes);
  EXPECT_EQ(found.next_number, 1U);
  EXPECT_TRUE(found.segments.empty());
}

TEST_F(RecoveryTest, GoesOnBehindWhatItFinds) {
  run(1, 3);
  run(2, 2, 0, false);
  const Recovery found = recover(path_, kRecoveredSegmentBytes);
  EXPECT_EQ(found.next_number, 6U);
  EXPECT_EQ(found.letters, 10U);
  EXPECT_EQ(found.bytes, 5 * kRecoveredSegmentBytes);
  ASSERT_EQ(found.segments.size(), 5U);
  EXPECT_EQ(found.segments[4].records, 2U);
  EXPECT_GE(found.segments[4].last_ns, 5U);
  EXPECT_TRUE(found.segments[4].reusable);
  EXPECT_TRUE(found.complaints.empty());
}

// If its old number came again, a spare file would be taken for the segment that it was, with all
// its letters.
TEST_F(RecoveryTest, ANumberDoesNotComeAgainWhileASpareFileHadIt) {
  run(1, 2, 2);
  Recovery found = recover(path_, kRecoveredSegmentBytes);
  EXPECT_EQ(found.spares.size(), 2U);
  EXPECT_EQ(found.next_number, 3U);
  EXPECT_EQ(found.letters, 0U);
  run(2, 1);
  found = recover(path_, kRecoveredSegmentBytes);
  EXPECT_EQ(found.letters, 2U);
  EXPECT_EQ(found.next_number, 4U);
}

TEST_F(RecoveryTest, FilesOfAnotherSizeAreReadAndNotUsedAgain) {
  run(1, 2, 1);
  const Recovery found = recover(path_, 2 * kRecoveredSegmentBytes);
  ASSERT_EQ(found.segments.size(), 1U);
  EXPECT_FALSE(found.segments[0].reusable);
  EXPECT_EQ(found.letters, 2U);
  EXPECT_EQ(found.unfit, std::vector<std::string>{spare_name(1)});
  EXPECT_TRUE(found.spares.empty());
}

TEST_F(RecoveryTest, SaysWhatIsDamaged) {
  run(1, 2);
  std::fstream(file(1), std::ios::in | std::ios::out | std::ios::binary).seekp(100) << "decayed";
  const Recovery found = recover(path_, kRecoveredSegmentBytes);
  EXPECT_EQ(found.letters, 2U);
  ASSERT_EQ(found.complaints.size(), 1U);
  EXPECT_TRUE(found.complaints[0].starts_with(segment_name(1) + ": its header is damaged"));
}

TEST_F(RecoveryTest, SaysWhatWasCutAndGoesOn) {
  run(1, 1, 0, false);
  // Damages the only commit, after its first record.
  std::fstream(file(1), std::ios::in | std::ios::out | std::ios::binary)
          .seekp(
              static_cast<std::streamoff>(kBlockBytes + sizeof(CommitHead) + record_bytes(0) + 9))
      << "torn";
  const Recovery found = recover(path_, kRecoveredSegmentBytes);
  EXPECT_EQ(found.letters, 1U);
  ASSERT_EQ(found.complaints.size(), 1U);
  EXPECT_TRUE(found.complaints[0].starts_with(segment_name(1) + ": ")) << found.complaints[0];
  EXPECT_NE(
      found.complaints[0].find(std::to_string(kBlockBytes + sizeof(CommitHead) + record_bytes(0))),
      std::string::npos)
      << found.complaints[0];
}

TEST_F(RecoveryTest, RefusesANewerFormatAndSaysBoth) {
  run(1, 1);
  Block block = write_header({.number = 2,
                              .run = 1,
                              .first_id = 1,
                              .created_ns = 0,
                              .bytes = kRecoveredSegmentBytes,
                              .instance = "later"});
  block[8] = std::byte{kVersion + 1};
  const std::uint32_t crc = crc32c(std::span(block).first(kBlockBytes - sizeof(std::uint32_t)));
  std::memcpy(block.data() + kBlockBytes - sizeof crc, &crc, sizeof crc);
  std::ofstream(file(2), std::ios::binary)
      .write(reinterpret_cast<const char*>(block.data()), kBlockBytes);
  try {
    (void)recover(path_, kRecoveredSegmentBytes);
    FAIL() << "it was taken";
  } catch (const FolderError& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("has format version 2; this program knows 1"), std::string::npos) << what;
  }
}

TEST_F(RecoveryTest, RefusesWhatIsNotOurs) {
  run(1, 1);
  std::ofstream(file(2)) << std::string(2 * kBlockBytes, 'x');
  EXPECT_THROW((void)recover(path_, kRecoveredSegmentBytes), FolderError);
}

}  // namespace
}  // namespace esc::dlq
