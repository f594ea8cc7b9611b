// SPDX-License-Identifier: BSD-3-Clause
// Which segments are kept, and which are removed first.
#include "dlq/retention.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "simulated_disk.hpp"

namespace esc::dlq::testing {
namespace {

constexpr std::uint64_t kRetainedSegmentBytes = 64 * kBlockBytes;
constexpr std::uint64_t kSecond = 1'000'000'000;

class RetentionTest : public ::testing::Test {
 protected:
  void make(const RetentionLimits& limits) {
    log_ = std::make_unique<SegmentLog>(disk_,
                                        LogSettings{.instance = "log",
                                                    .segment_bytes = kRetainedSegmentBytes,
                                                    .run = 5,
                                                    .min_free_bytes = limits.min_free_bytes},
                                        1);
    retention_ = std::make_unique<Retention>(disk_, limits);
  }
  /// A segment with one letter, which died at `died_s`.
  int segment(std::uint64_t died_s, bool open = false) {
    buffer_.clear();
    EXPECT_TRUE(buffer_.add(next_id_++, {}, {}));
    const int error = log_->commit(buffer_, died_s * kSecond, next_id_ * 2 * kSecond);
    if (!open) log_->close(died_s * kSecond);
    return error;
  }
  [[nodiscard]] Retention::Step next(std::uint64_t now_s = 0) const {
    return retention_->next(*log_, now_s * kSecond);
  }

  SimulatedDisk disk_{{}, 1};
  std::unique_ptr<SegmentLog> log_;
  std::unique_ptr<Retention> retention_;
  CommitBuffer buffer_{CommitBuffer::kMinBytes, 5};
  std::uint64_t next_id_ = 1;
};

TEST_F(RetentionTest, WithoutBoundsNothingGoes) {
  make({});
  disk_.set_free_bytes(0);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(segment(1), 0);
  EXPECT_EQ(next(UINT32_MAX), Retention::Step::kNone);
}

TEST_F(RetentionTest, ByTheNumberOfSegmentsTheOpenOneIncluded) {
  make({.max_segments = 2});
  ASSERT_EQ(segment(1), 0);
  ASSERT_EQ(segment(1), 0);
  EXPECT_EQ(next(), Retention::Step::kNone);
  ASSERT_EQ(segment(1, true), 0);
  EXPECT_EQ(next(), Retention::Step::kRecycle);
  ASSERT_EQ(log_->remove_oldest(), 0);
  EXPECT_EQ(next(), Retention::Step::kNone);
}

TEST_F(RetentionTest, ByBytes) {
  make({.max_bytes = 2 * kRetainedSegmentBytes});
  ASSERT_EQ(segment(1), 0);
  ASSERT_EQ(segment(1), 0);
  EXPECT_EQ(log_->bytes(), 2 * kRetainedSegmentBytes);
  EXPECT_EQ(next(), Retention::Step::kNone);
  ASSERT_EQ(segment(1), 0);
  EXPECT_EQ(next(), Retention::Step::kRecycle);
}

TEST_F(RetentionTest, ByAgeOfTheLastLetter) {
  make({.max_age_ns = 60 * kSecond});
  ASSERT_EQ(segment(100), 0);
  ASSERT_EQ(segment(130), 0);
  EXPECT_EQ(next(160), Retention::Step::kNone);
  EXPECT_EQ(next(161), Retention::Step::kRecycle);
  EXPECT_EQ(next(50), Retention::Step::kNone) << "a clock that was set back makes nothing old";
  ASSERT_EQ(log_->remove_oldest(), 0);
  EXPECT_EQ(next(161), Retention::Step::kNone);
  EXPECT_EQ(next(191), Retention::Step::kRecycle);
}

TEST_F(RetentionTest, NeverTheOpenSegment) {
  make({.max_bytes = 1, .max_segments = 1, .max_age_ns = 1});
  ASSERT_EQ(segment(1, true), 0);
  EXPECT_EQ(next(UINT32_MAX), Retention::Step::kNone);
}

TEST_F(RetentionTest, TheNextSegmentTakesTheOldestOnesPlaceWhereTheDiskHasNone) {
  constexpr std::uint64_t kFloor = 10 * kRetainedSegmentBytes;
  make({.min_free_bytes = kFloor});
  ASSERT_EQ(segment(1), 0);
  ASSERT_EQ(segment(1), 0);
  disk_.set_free_bytes(kFloor + kRetainedSegmentBytes);
  EXPECT_EQ(next(), Retention::Step::kNone);
  disk_.set_free_bytes(kFloor + kRetainedSegmentBytes - 1);
  EXPECT_EQ(next(), Retention::Step::kRecycle);
  ASSERT_EQ(log_->remove_oldest(), 0);
  EXPECT_EQ(log_->spares(), 1U);
  EXPECT_EQ(next(), Retention::Step::kNone);
  EXPECT_EQ(segment(1), 0) << "in the spare file";
}

TEST_F(RetentionTest, AFileThatCannotBeUsedAgainGivesItsSpaceBack) {
  constexpr std::uint64_t kFloor = 10 * kRetainedSegmentBytes;
  make({.min_free_bytes = kFloor});
  log_->keep({.number = 7, .bytes = 2 * kRetainedSegmentBytes, .reusable = false});
  disk_.set_free_bytes(kFloor);
  EXPECT_EQ(next(), Retention::Step::kDelete);
}

TEST_F(RetentionTest, BelowTheFloorSpaceIsGivenBackAndNoFileIsMade) {
  constexpr std::uint64_t kFloor = 10 * kRetainedSegmentBytes;
  make({.min_free_bytes = kFloor});
  for (int i = 0; i < 3; ++i) ASSERT_EQ(segment(1), 0);
  ASSERT_EQ(log_->remove_oldest(), 0);
  disk_.set_free_bytes(kFloor - 1);
  EXPECT_EQ(next(), Retention::Step::kDropSpare);
  ASSERT_EQ(log_->drop_spare(), 0);
  EXPECT_EQ(next(), Retention::Step::kDelete);
  ASSERT_EQ(log_->remove_oldest(false), 0);
  ASSERT_EQ(log_->remove_oldest(false), 0);
  EXPECT_EQ(log_->spares(), 0U);
  EXPECT_EQ(log_->bytes(), 0U);
  EXPECT_EQ(next(), Retention::Step::kNone) << "there is nothing more to give";
  EXPECT_EQ(segment(1), ENOSPC);
  std::vector<FolderEntry> entries;
  ASSERT_EQ(disk_.list(entries), 0);
  EXPECT_TRUE(entries.empty());
}

}  // namespace
}  // namespace esc::dlq::testing
