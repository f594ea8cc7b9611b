// SPDX-License-Identifier: BSD-3-Clause
// RecordLog alone, and with real threads.
#include "ring/record_log.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

namespace esc::ring {
namespace {

struct Record {
  std::uint64_t number = 0;
  std::uint64_t twice = 0;  ///< 2 * number: shows a record that is put together from two
};

TEST(RecordLog, GivesBackWhatWasWrittenInOrder) {
  RecordLog<Record, 4> log;
  RecordLog<Record, 4>::Cursor cursor;
  Record out;
  EXPECT_FALSE(log.next(cursor, out));
  for (std::uint64_t n = 0; n < 10; ++n) {
    log.append({n, 2 * n});
    ASSERT_TRUE(log.next(cursor, out));
    EXPECT_EQ(out.number, n);
    EXPECT_EQ(out.twice, 2 * n);
    EXPECT_FALSE(log.next(cursor, out));
  }
  EXPECT_EQ(cursor.missed, 0U);
  EXPECT_EQ(log.appended(), 10U);
}

TEST(RecordLog, KeepsTheNewestAndCountsWhatAReaderMissed) {
  RecordLog<Record, 4> log;
  RecordLog<Record, 4>::Cursor slow;
  for (std::uint64_t n = 0; n < 11; ++n) log.append({n, 2 * n});
  Record out;
  for (std::uint64_t n = 7; n < 11; ++n) {
    ASSERT_TRUE(log.next(slow, out));
    EXPECT_EQ(out.number, n);
  }
  EXPECT_FALSE(log.next(slow, out));
  EXPECT_EQ(slow.missed, 7U);

  auto late = log.from_oldest();
  ASSERT_TRUE(log.next(late, out));
  EXPECT_EQ(out.number, 7U);
  EXPECT_EQ(late.missed, 0U);
  EXPECT_EQ((RecordLog<Record, 4>{}.from_oldest().next), 0U);
}

TEST(RecordLogStress, AReaderGetsWholeRecordsInOrderAndMissesWhatItSays) {
  constexpr std::uint64_t kRecords = 200'000;
  RecordLog<Record, 8> log;
  std::thread writer([&log] {
    for (std::uint64_t n = 0; n < kRecords; ++n) log.append({n, 2 * n});
  });
  RecordLog<Record, 8>::Cursor cursor;
  std::uint64_t had = 0;
  std::uint64_t torn = 0;
  std::uint64_t astray = 0;
  while (cursor.next < kRecords) {
    Record out;
    if (!log.next(cursor, out)) continue;
    ++had;
    torn += out.twice == 2 * out.number ? 0 : 1;
    astray += out.number + 1 == cursor.next ? 0 : 1;
  }
  writer.join();
  EXPECT_EQ(torn, 0U);
  EXPECT_EQ(astray, 0U);
  EXPECT_EQ(had + cursor.missed, kRecords);
  EXPECT_GE(had, 1U);
}

}  // namespace
}  // namespace esc::ring
