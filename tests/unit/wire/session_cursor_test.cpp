// SPDX-License-Identifier: BSD-3-Clause
#include "wire/session_cursor.hpp"

#include <gtest/gtest.h>

namespace esc::wire::test {
namespace {

Session session_of(std::uint64_t first_sequence, std::uint16_t count) {
  return {
      .flags = 0x21, .count = count, .epoch = 3, .producer = 7, .first_sequence = first_sequence};
}

Identity identity(std::uint64_t sequence) {
  return {.producer = 7, .sequence = sequence, .epoch = 3};
}

FrameView refused(FrameDrop reason, bool ends_datagram = false) {
  FrameView view{};
  view.kind = FrameKind::kRefused;
  view.reason = reason;
  view.ends_datagram = ends_datagram;
  return view;
}

TEST(SessionCursor, WithoutASessionNothingIsNumbered) {
  SessionCursor cursor;
  EXPECT_FALSE(cursor.active());
  EXPECT_EQ(cursor.next(), std::nullopt);
}

TEST(SessionCursor, NumbersAsManyFramesAsTheCountSays) {
  SessionCursor cursor;
  cursor.begin(session_of(10, 2));
  EXPECT_TRUE(cursor.active());
  EXPECT_EQ(cursor.next(), identity(10));
  EXPECT_EQ(cursor.next(), identity(11));
  EXPECT_FALSE(cursor.active());
  EXPECT_EQ(cursor.next(), std::nullopt);
  EXPECT_EQ(cursor.next(), std::nullopt);
  EXPECT_EQ(cursor.flags(), 0x21);
}

TEST(SessionCursor, ACountOfZeroHasNoEnd) {
  SessionCursor cursor;
  cursor.begin(session_of(0, 0));
  for (std::uint64_t sequence = 0; sequence < 70000; ++sequence) {
    ASSERT_EQ(cursor.next(), identity(sequence));
  }
}

TEST(SessionCursor, NumberingEndsAfterTheLastNumber) {
  SessionCursor cursor;
  cursor.begin(session_of(UINT64_MAX - 1, 0));
  EXPECT_EQ(cursor.next(), identity(UINT64_MAX - 1));
  EXPECT_EQ(cursor.next(), identity(UINT64_MAX));
  EXPECT_EQ(cursor.next(), std::nullopt);
  cursor.begin(session_of(UINT64_MAX, 1));
  EXPECT_EQ(cursor.next(), identity(UINT64_MAX));
  EXPECT_EQ(cursor.next(), std::nullopt);
}

TEST(SessionCursor, TheHighestCountIsCoveredWhole) {
  SessionCursor cursor;
  cursor.begin(session_of(UINT64_MAX - 65534, 65535));
  for (std::uint64_t k = 0; k < 65535; ++k)
    ASSERT_EQ(cursor.next(), identity(UINT64_MAX - 65534 + k));
  EXPECT_EQ(cursor.next(), std::nullopt);
}

TEST(SessionCursor, SeveralNumbersAtOnceAreThoseOfOneAfterTheOther) {
  constexpr std::size_t kMost = 64;
  for (const std::uint64_t first : {std::uint64_t{10}, UINT64_MAX - 3}) {
    for (std::uint16_t count = 0; count <= 4; ++count) {
      for (std::size_t taken = 1; taken <= kMost; ++taken) {
        SessionCursor at_once;
        at_once.begin(session_of(first, count));
        // A session without a count ends where the numbers end.
        const std::size_t to_the_end = first == 10 ? kMost : 4;
        const std::size_t left = count == 0 ? to_the_end : count;
        ASSERT_EQ(at_once.left(kMost), left);
        ASSERT_EQ(at_once.left(1), 1U);
        ASSERT_EQ(at_once.peek(), identity(first));
        if (taken > left) continue;
        SessionCursor one_by_one = at_once;
        at_once.skip(taken);
        for (std::size_t i = 0; i < taken; ++i) (void)one_by_one.next();
        ASSERT_EQ(at_once.active(), one_by_one.active())
            << first << ", " << taken << " of " << left;
        ASSERT_EQ(at_once.next(), one_by_one.next());
      }
    }
  }
}

TEST(SessionCursor, EndMakesTheRestUnsequencedUntilTheNextSession) {
  SessionCursor cursor;
  cursor.begin(session_of(10, 0));
  cursor.end();
  EXPECT_EQ(cursor.next(), std::nullopt);
  cursor.begin(session_of(20, 1));
  EXPECT_EQ(cursor.next(), identity(20));
}

TEST(SessionCursor, RefusedFramesConsumeNumbersUnlessTheyEndTheDatagramOrAreSessions) {
  SessionCursor cursor;
  cursor.begin(session_of(10, 0));
  EXPECT_EQ(cursor.observe(refused(FrameDrop::kTopicNotUtf8)), identity(10));
  EXPECT_EQ(cursor.observe(refused(FrameDrop::kTopicControlCharacter)), identity(11));
  EXPECT_EQ(cursor.observe(refused(FrameDrop::kTopicLenOutOfBounds)), identity(12));
  EXPECT_EQ(cursor.observe(refused(FrameDrop::kReservedTopic)), identity(13));
  EXPECT_EQ(cursor.observe(refused(FrameDrop::kFrameTruncated, true)), std::nullopt);
  EXPECT_EQ(cursor.next(), identity(14));
  EXPECT_EQ(cursor.observe(refused(FrameDrop::kBadSession)), std::nullopt);
  EXPECT_EQ(cursor.next(), std::nullopt);
}

TEST(Session, OverflowIsAQuestionOfTheLastNumber) {
  EXPECT_FALSE(session_overflows(UINT64_MAX, 0));
  EXPECT_FALSE(session_overflows(UINT64_MAX, 1));
  EXPECT_TRUE(session_overflows(UINT64_MAX, 2));
  EXPECT_FALSE(session_overflows(UINT64_MAX - 65534, 65535));
  EXPECT_TRUE(session_overflows(UINT64_MAX - 65533, 65535));
  EXPECT_FALSE(session_overflows(0, 65535));
}

TEST(Session, FlagsArePackedAndRead) {
  EXPECT_EQ(make_session_flags(true, 15), 0xf1);
  EXPECT_EQ(make_session_flags(false, 0), 0x00);
  EXPECT_EQ(make_session_flags(false, 3), 0x30);
  EXPECT_TRUE(Session{.flags = 0x01}.wants_ack());
  EXPECT_FALSE(Session{.flags = 0xfe}.wants_ack());
  EXPECT_EQ(Session{.flags = 0xa7}.replay_count(), 10);
}

}  // namespace
}  // namespace esc::wire::test
