// SPDX-License-Identifier: BSD-3-Clause
// RecordLog under every schedule within a context bound, and with its orders weakened one by one.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "ring/record_log.hpp"
#include "support/explored_bounds.hpp"
#include "support/explorer.hpp"

namespace esc::ring {
namespace {

using namespace esc::explorer;

struct Record {
  std::uint64_t number = 0;
  std::uint64_t twice = 0;  ///< 2 * number: shows a record that is put together from two
};

using Kind = Mutation::Kind;

/// One writer of kRecords records, one reader that asks kAsks times.
template <std::size_t kSlots, std::uint64_t kRecords, unsigned kAsks>
class Traffic : public Scenario {
  using Log = RecordLog<Record, kSlots, Atomics>;

 public:
  void run(unsigned thread) override {
    if (thread == 0) {
      for (std::uint64_t n = 1; n <= kRecords; ++n) log_.append({n, 2 * n});
    } else {
      for (unsigned i = 0; i < kAsks; ++i) ask();
    }
  }

  void finish() override {
    while (cursor_.next < kRecords) {
      require(ask(), "the last records stay");
    }
    require(had_ + cursor_.missed == kRecords, "every record is had or missed");
    require(had_ >= (kRecords < kSlots ? kRecords : kSlots), "what is there is had");
  }

 private:
  bool ask() {
    Record out;
    if (!log_.next(cursor_, out)) return false;
    require(out.twice == 2 * out.number, "torn");
    require(out.number == cursor_.next, "another record than the cursor says");
    ++had_;
    return true;
  }

  Log log_;
  typename Log::Cursor cursor_;
  std::uint64_t had_ = 0;
};

template <std::size_t kSlots, std::uint64_t kRecords, unsigned kAsks>
void expect_sound(const char* what, const Bounds& bounds) {
  const Result result =
      explore(bounds, 2, [] { return std::make_unique<Traffic<kSlots, kRecords, kAsks>>(); });
  report(what, bounds, result);
  EXPECT_EQ(result.defect, "");
  EXPECT_GT(result.schedules, 100U);
}

TEST(RecordLogExplored, Interleavings) {
  expect_sound<1, 3, 2>("records_1_slot_3_records", interleavings(6));
  expect_sound<2, 4, 3>("records_2_slots_4_records", interleavings(6));
}

TEST(RecordLogExplored, WithStaleReads) {
  expect_sound<1, 3, 2>("records_1_slot_3_records_stale", with_stale_reads(4, 3));
  expect_sound<2, 4, 2>("records_2_slots_4_records_stale", with_stale_reads(4, 3));
}

// The atomics in order of construction: the words of the one slot, then the two numbers.
constexpr unsigned kFirstWord = 0;
constexpr unsigned kLastWord = 1;
constexpr unsigned kFinished = 3;

std::string defect_with(const Mutation& mutation) {
  const Bounds bounds = {.preemptions = 3, .stale_reads = 3, .steps = 500};
  return explore(
             bounds, 2, [] { return std::make_unique<Traffic<1, 3, 2>>(); }, mutation)
      .defect;
}

TEST(RecordLogMutants, AreFound) {
  EXPECT_EQ(defect_with({}), "");
  for (const Kind kind : {Kind::kRelaxStores, Kind::kRelaxLoads}) {
    EXPECT_NE(defect_with({kind, kFirstWord, kLastWord}), "");
    EXPECT_NE(defect_with({kind, kFinished, kFinished}), "");
  }
}

}  // namespace
}  // namespace esc::ring
