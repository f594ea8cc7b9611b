// SPDX-License-Identifier: BSD-3-Clause
// A bucket of keys under every schedule within a context bound, and with its orders weakened one by
// one.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "identity/keyed_bucket.hpp"
#include "support/explored_bounds.hpp"
#include "support/explorer.hpp"

namespace esc::identity {
namespace {

using namespace esc::explorer;
using Kind = Mutation::Kind;

// Two slots, so that two insertions fill a bucket, or three; an era of one tick, a window of 7;
// ticks 8 apart look the same.
using Layout = KeyLayout<2, 8, 3, 3>;
using ThreeSlots = KeyLayout<3, 8, 3, 3>;
constexpr std::uint64_t kWindow = Layout::kWindowTicks;
constexpr std::uint64_t kNow = 800;

struct Call {
  std::uint64_t tag;
  std::uint64_t tick = kNow;
};

/// The calls made before the threads run, the calls of each thread, and the result that they must
/// have in any order.
struct Plan {
  std::vector<Call> before;
  std::vector<std::vector<Call>> threads;
  std::map<std::uint64_t, unsigned> fresh;  ///< by tag: how many of the threads' calls get kNew
  unsigned evicted = 0;
  unsigned expired = 0;
};

template <class Layout>
class Callers : public Scenario {
 public:
  explicit Callers(const Plan& plan) : plan_(plan) {
    for (const Call& call : plan.before) {
      require(bucket_.mark(call.tag, call.tick).verdict == KeyVerdict::kNew, "bad plan");
    }
  }

  void run(unsigned thread) override {
    for (const Call& call : plan_.threads[thread]) count(call, bucket_.mark(call.tag, call.tick));
  }

  void finish() override {
    for (const auto& [tag, fresh] : plan_.fresh) {
      require(fresh_[tag] >= fresh, "no caller heard new");
      require(fresh_[tag] <= fresh, "two callers heard new");
    }
    require(evicted_ == plan_.evicted, "evictions miscounted");
    require(expired_ == plan_.expired, "expiries miscounted");
    require(contended_ == 0, "a caller gave up");
  }

 private:
  void count(const Call& call, const KeyMark& mark) {
    fresh_[call.tag] += mark.verdict == KeyVerdict::kNew ? 1U : 0U;
    contended_ += mark.verdict == KeyVerdict::kContended ? 1U : 0U;
    evicted_ += mark.evicted ? 1U : 0U;
    expired_ += mark.expired;
  }

  const Plan& plan_;
  KeyedBucket<Layout, Atomics> bucket_;
  std::array<unsigned, 256> fresh_{};
  unsigned evicted_ = 0;
  unsigned expired_ = 0;
  unsigned contended_ = 0;
};

template <class OfLayout = Layout>
Result explore_plan(const Plan& plan, const Bounds& bounds, const Mutation& mutation = {}) {
  return explore(
      bounds, static_cast<unsigned>(plan.threads.size()),
      [&] { return std::make_unique<Callers<OfLayout>>(plan); }, mutation);
}

template <class OfLayout = Layout>
void expect_sound(const char* what, const Plan& plan, unsigned preemptions, unsigned stale_reads) {
  const Bounds bounds =
      stale_reads == 0 ? interleavings(preemptions) : with_stale_reads(preemptions, stale_reads);
  const Result result = explore_plan<OfLayout>(plan, bounds);
  report(what, bounds, result);
  EXPECT_EQ(result.defect, "") << what;
  EXPECT_GT(result.schedules, 20U) << what;
}

constexpr std::uint64_t kX = 3;
constexpr std::uint64_t kY = 4;
constexpr std::uint64_t kZ = 5;
constexpr std::uint64_t kP = 8;
constexpr std::uint64_t kQ = 9;
constexpr std::uint64_t kR = 10;

/// The bucket was aired in the present era, and is empty.
const std::vector<Call> kNothing = {};
/// Both slots hold keys within the window.
const std::vector<Call> kFull = {{kP, kNow}, {kQ, kNow}};

// Beside each: schedules explored in a build without sanitizers.
const Plan kOneKey{kNothing, {{{kX}}, {{kX}}}, {{kX, 1}}};
const Plan kOneKeyOfThree{kNothing, {{{kX}}, {{kX}}, {{kX}}}, {{kX, 1}}};
const Plan kTwoKeysCrossing{kNothing, {{{kX}, {kY}}, {{kY}, {kX}}}, {{kX, 1}, {kY, 1}}};
const Plan kTwoKeysOfThree{kNothing, {{{kX}, {kY}}, {{kY}, {kX}}, {{kX}}}, {{kX, 1}, {kY, 1}}};
const Plan kEvicting{kFull, {{{kX}, {kY}}, {{kY}, {kX}}}, {{kX, 1}, {kY, 1}}, 2};
const Plan kEvictingThree{kFull, {{{kX}}, {{kY}}, {{kX}}}, {{kX, 1}, {kY, 1}}, 2};
const Plan kEvictingEachOther{kFull, {{{kX}}, {{kY}}, {{kZ}}}, {{kX, 1}, {kY, 1}, {kZ, 1}}, 3};
// The ring of slots is filled more than once while a caller looks at it.
const Plan kLapping{kFull, {{{kX}, {kY}, {kZ}}, {{kR}}}, {{kX, 1}, {kY, 1}, {kZ, 1}, {kR, 1}}, 4};
// Exactly as old as the window: expired for everybody.
const Plan kExpired{{{kX, kNow - kWindow}, {kY, kNow - kWindow}},
                    {{{kX}, {kY}}, {{kY}, {kX}}},
                    {{kX, 1}, {kY, 1}},
                    0,
                    2};
// As old as what the tick's bits can tell, or twice that: they look like keys of this moment.
const Plan kWrapped{
    {{kX, kNow - 8}, {kY, kNow - 8}}, {{{kX}}, {{kX}}, {{kY}}}, {{kX, 1}, {kY, 1}}, 0, 2};
const Plan kWrappedTwice{
    {{kX, kNow - 16}, {kY, kNow - 16}}, {{{kX}}, {{kX}}, {{kY}}}, {{kX, 1}, {kY, 1}}, 0, 2};
// One tick younger than the window: known to everybody.
const Plan kStillKnown{{{kX, kNow - kWindow + 1}}, {{{kX}}, {{kY}}, {{kX}}}, {{kX, 0}, {kY, 1}}};
// Clocks that differ, over a bucket that none of them has aired.
const Plan kSkewed{
    {{kX, kNow - 8}}, {{{kX, kNow}}, {{kX, kNow + 1}}, {{kX, kNow + 2}}}, {{kX, 1}}, 0, 1};

TEST(KeyedExplored, OneKey) {
  expect_sound("keyed_one_key_2", kOneKey, 8, 0);
  expect_sound("keyed_one_key_3", kOneKeyOfThree, 4, 0);
  expect_sound("keyed_one_key_2_stale", kOneKey, 6, 4);
  expect_sound("keyed_one_key_3_stale", kOneKeyOfThree, 3, 2);
}

TEST(KeyedExplored, TwoKeysInOneBucket) {
  expect_sound("keyed_two_keys_2x2", kTwoKeysCrossing, 5, 0);
  expect_sound("keyed_two_keys_3", kTwoKeysOfThree, 3, 0);
  expect_sound<ThreeSlots>("keyed_two_keys_3_three_slots", kTwoKeysOfThree, 3, 0);
  expect_sound("keyed_two_keys_2x2_stale", kTwoKeysCrossing, 3, 3);
}

TEST(KeyedExplored, FullBucket) {
  expect_sound("keyed_evicting_2x2", kEvicting, 5, 0);
  expect_sound("keyed_evicting_3", kEvictingThree, 4, 0);
  expect_sound("keyed_evicting_each_other_3", kEvictingEachOther, 4, 0);
  expect_sound("keyed_evicting_3_stale", kEvictingThree, 3, 2);
  expect_sound("keyed_lapping", kLapping, 6, 0);
  expect_sound("keyed_lapping_stale", kLapping, 4, 3);
}

TEST(KeyedExplored, KeysBeyondTheWindow) {
  expect_sound("keyed_expired_2x2", kExpired, 4, 0);
  expect_sound("keyed_expired_2x2_stale", kExpired, 3, 2);
  expect_sound("keyed_wrapped_3", kWrapped, 3, 0);
  expect_sound("keyed_wrapped_twice_3", kWrappedTwice, 3, 0);
  expect_sound("keyed_wrapped_3_stale", kWrapped, 2, 2);
  expect_sound("keyed_still_known_3_stale", kStillKnown, 3, 2);
}

TEST(KeyedExplored, ClocksThatDiffer) {
  expect_sound("keyed_skewed_3", kSkewed, 4, 0);
  expect_sound("keyed_skewed_3_stale", kSkewed, 3, 2);
}

// The atomics of a bucket in order of construction.
constexpr unsigned kEra = 0;
constexpr unsigned kFirstSlot = 1;
constexpr unsigned kLastSlot = Layout::kSlots;

constexpr Bounds kMutantBounds{.preemptions = 3, .stale_reads = 2, .steps = 500};

std::string defect_of(const Plan& plan, const Mutation& mutation,
                      const Bounds& bounds = kMutantBounds) {
  const Result result = explore_plan(plan, bounds, mutation);
  return result.defect.substr(0, result.defect.find('\n'));
}

// The whole bounds are explored, where a defect is found soon: under a sanitizer as little as the
// others explore there.
TEST(KeyedMutants, NoDefectWithoutMutation) {
  Bounds bounds = with_stale_reads(kMutantBounds.preemptions, kMutantBounds.stale_reads);
  bounds.steps = kMutantBounds.steps;
  for (const Plan* plan : {&kOneKey, &kWrapped, &kSkewed})
    EXPECT_EQ(defect_of(*plan, {}, bounds), "");
}

TEST(KeyedMutants, InsertionMustBeOneStep) {
  EXPECT_EQ(defect_of(kOneKey, {Kind::kSplitExchange, kFirstSlot, kLastSlot}),
            "two callers heard new");
}

TEST(KeyedMutants, TheEraMustMoveInOneStep) {
  EXPECT_NE(defect_of(kSkewed, {Kind::kSplitExchange, kEra, kEra}), "");
}

TEST(KeyedMutants, AiringMustReleaseTheEra) {
  EXPECT_EQ(defect_of(kWrapped, {Kind::kRelaxStores, kEra, kEra}), "no caller heard new");
}

TEST(KeyedMutants, TheEraMustBeAcquired) {
  EXPECT_EQ(defect_of(kWrapped, {Kind::kRelaxLoads, kEra, kEra}), "no caller heard new");
}

TEST(KeyedMutants, InsertionMustRelease) {
  EXPECT_EQ(defect_of(kSkewed, {Kind::kRelaxStores, kFirstSlot, kLastSlot}),
            "two callers heard new");
}

TEST(KeyedMutants, SlotsMustBeAcquired) {
  EXPECT_EQ(defect_of(kSkewed, {Kind::kRelaxLoads, kFirstSlot, kLastSlot}),
            "two callers heard new");
}

TEST(KeyedMutants, LapsMustBeReadAsTheyAre) {
  EXPECT_NE(defect_of(kTwoKeysCrossing, {Kind::kReadAhead, kFirstSlot, kFirstSlot}), "");
}

}  // namespace
}  // namespace esc::identity
