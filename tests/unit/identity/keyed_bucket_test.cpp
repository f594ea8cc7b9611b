// SPDX-License-Identifier: BSD-3-Clause
// One bucket against a model that keeps every key with its whole tick.
#include "identity/keyed_bucket.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

namespace esc::identity {
namespace {

/// The rules, as a model for ticks that never go back.
template <class Layout>
class Model {
 public:
  KeyMark mark(std::uint64_t tag, std::uint64_t now) {
    KeyMark mark;
    std::erase_if(keys_, [&](const Key& key) { return now - key.tick >= Layout::kWindowTicks; });
    if (std::ranges::any_of(keys_, [&](const Key& key) { return key.tag == tag; })) {
      mark.verdict = KeyVerdict::kDuplicate;
      return mark;
    }
    mark.verdict = KeyVerdict::kNew;
    if (keys_.size() == Layout::kSlots) {
      mark.evicted = true;
      mark.evicted_age = static_cast<std::uint32_t>(now - keys_.front().tick);
      keys_.pop_front();
    }
    keys_.push_back({tag, now});
    return mark;
  }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

 private:
  struct Key {
    std::uint64_t tag;
    std::uint64_t tick;
  };
  std::deque<Key> keys_;
};

template <class Layout>
class AgainstModel : public testing::Test {
 protected:
  void mark(std::uint64_t tag, std::uint64_t now) {
    const KeyMark found = bucket_.mark(tag, now);
    const KeyMark expected = model_.mark(tag, now);
    ASSERT_EQ(found.verdict, expected.verdict) << "tag " << tag << " at " << now;
    ASSERT_EQ(found.evicted, expected.evicted) << "tag " << tag << " at " << now;
    ASSERT_EQ(found.evicted_age, expected.evicted_age) << "tag " << tag << " at " << now;
    inserted_ += found.verdict == KeyVerdict::kNew ? 1U : 0U;
    gone_ += (found.evicted ? 1U : 0U) + found.expired;
    ASSERT_EQ(inserted_ - gone_, occupied());
    expect_the_same(bucket_alone_.mark_alone(tag, now), found);
  }

 private:
  [[nodiscard]] std::uint64_t occupied() const {
    return static_cast<std::uint64_t>(std::ranges::count_if(bucket_.slots, [](const auto& slot) {
      return Layout::tag_of(slot.word.load(std::memory_order_relaxed)) != 0;
    }));
  }
  void expect_the_same(const KeyMark& alone, const KeyMark& found) const {
    ASSERT_EQ(alone.verdict, found.verdict);
    ASSERT_EQ(alone.evicted, found.evicted);
    ASSERT_EQ(alone.evicted_age, found.evicted_age);
    ASSERT_EQ(alone.expired, found.expired);
    ASSERT_EQ(bucket_alone_.era.load(), bucket_.era.load());
    for (unsigned i = 0; i < Layout::kSlots; ++i)
      ASSERT_EQ(bucket_alone_.slots[i].word.load(), bucket_.slots[i].word.load()) << i;
  }

  KeyedBucket<Layout> bucket_;
  KeyedBucket<Layout> bucket_alone_;
  Model<Layout> model_;
  std::uint64_t inserted_ = 0;
  std::uint64_t gone_ = 0;
};

using Layouts = testing::Types<KeyLayout<>, KeyLayout<7, 20, 3, 2>, KeyLayout<3, 8, 4, 3>,
                               KeyLayout<1, 8, 5, 6>, KeyLayout<2, 58, 3, 2>>;
TYPED_TEST_SUITE(AgainstModel, Layouts);

/// Makes ticks that mostly stay the same and sometimes jump to a boundary: of a tick, of an era, of
/// the window, of the range of a tick's bits, or of many of these.
template <class Layout>
std::uint64_t later(std::uint64_t now, std::mt19937_64& random) {
  constexpr std::uint64_t kWrap = Layout::kTickMask + 1;
  switch (random() % 40) {
    case 0:
      return now + Layout::kEraTicks;
    case 1:
      return now + Layout::kWindowTicks - 1;
    case 2:
      return now + Layout::kWindowTicks;
    case 3:
      return now + kWrap * (1 + random() % 5) + random() % 3 - 1;
    case 4:
      return now + random() % (3 * kWrap);
    case 5:
      return now + kWrap * (random() % (std::uint64_t{1} << 40));
    default:
      return now + (random() % 4 == 0 ? 1 + random() % Layout::kEraTicks : 0);
  }
}

TYPED_TEST(AgainstModel, AgreesOnRandomTraffic) {
  std::mt19937_64 random(1);
  std::uint64_t now = 0;
  for (int i = 0; i < 300'000; ++i) {
    now = later<TypeParam>(now, random);
    this->mark(1 + random() % (2 * TypeParam::kSlots), now);
    if (this->HasFatalFailure()) return;
  }
}

using Layout = KeyLayout<>;

/// For every tick of several wraps: a key is known within the window, unknown at its end and ever
/// after, even if nobody looks into the bucket in between.
TEST(KeyedBucket, AKeyIsKnownForTheWindowWhereverTheTickBegins) {
  constexpr std::uint64_t kWrap = Layout::kTickMask + 1;
  for (std::uint64_t start = 5 * kWrap; start < 6 * kWrap; start += 7) {
    for (std::uint64_t after = 0; after < 3 * kWrap; ++after) {
      KeyedBucket<> bucket;
      ASSERT_EQ(bucket.mark(9, start).verdict, KeyVerdict::kNew);
      ASSERT_EQ(bucket.mark(9, start + after).verdict,
                after < Layout::kWindowTicks ? KeyVerdict::kDuplicate : KeyVerdict::kNew)
          << start << " + " << after;
    }
  }
}

TEST(KeyedBucket, SeeingAKeyAgainDoesNotProlongIt) {
  KeyedBucket<> bucket;
  ASSERT_EQ(bucket.mark(9, 1000).verdict, KeyVerdict::kNew);
  for (std::uint64_t now = 1001; now < 1000 + Layout::kWindowTicks; ++now)
    ASSERT_EQ(bucket.mark(9, now).verdict, KeyVerdict::kDuplicate);
  EXPECT_EQ(bucket.mark(9, 1000 + Layout::kWindowTicks).verdict, KeyVerdict::kNew);
}

TEST(KeyedBucket, ACallerAloneThatIsBehindDoesAsOneOfMany) {
  std::mt19937_64 random(2);
  KeyedBucket<> bucket;
  KeyedBucket<> alone;
  std::uint64_t latest = 10'000;
  for (int i = 0; i < 200'000; ++i) {
    latest += random() % 8 == 0 ? random() % Layout::kEraTicks : 0;
    const std::uint64_t now = latest - random() % (2 * Layout::kEraTicks);
    const std::uint64_t tag = 1 + random() % 14;
    ASSERT_EQ(alone.mark_alone(tag, now).verdict, bucket.mark(tag, now).verdict) << i;
    for (unsigned k = 0; k < Layout::kSlots; ++k)
      ASSERT_EQ(alone.slots[k].word.load(), bucket.slots[k].word.load()) << i;
  }
}

/// A caller whose tick is behind neither forgets keys that others inserted later, nor inserts a key
/// that would be too old for the bucket's ticks.
TEST(KeyedBucket, ACallerBehindGoesByTheEraOfTheBucket) {
  constexpr std::uint64_t kNow = 100 * Layout::kEraTicks;
  for (std::uint64_t behind = 0; behind < 20 * Layout::kEraTicks; ++behind) {
    KeyedBucket<> bucket;
    ASSERT_EQ(bucket.mark(1, kNow + 5).verdict, KeyVerdict::kNew);
    ASSERT_EQ(bucket.mark(1, kNow - behind).verdict, KeyVerdict::kDuplicate) << behind;
    ASSERT_EQ(bucket.mark(2, kNow - behind).verdict, KeyVerdict::kNew) << behind;
    ASSERT_EQ(bucket.mark(2, kNow + Layout::kWindowTicks - 1).verdict, KeyVerdict::kDuplicate);
    ASSERT_EQ(bucket.mark(2, kNow + Layout::kWindowTicks).verdict, KeyVerdict::kNew) << behind;
  }
}

TEST(KeyedBucket, FillsAllSlotsThenEvictsTheOldest) {
  KeyedBucket<> bucket;
  for (std::uint64_t tag = 1; tag <= 7; ++tag) {
    const KeyMark mark = bucket.mark(tag, 1000 + tag);
    ASSERT_EQ(mark.verdict, KeyVerdict::kNew);
    ASSERT_FALSE(mark.evicted);
  }
  const KeyMark eighth = bucket.mark(8, 1100);
  EXPECT_TRUE(eighth.evicted);
  EXPECT_EQ(eighth.evicted_age, 99U);
  for (std::uint64_t tag = 2; tag <= 8; ++tag)
    EXPECT_EQ(bucket.mark(tag, 1100).verdict, KeyVerdict::kDuplicate);
  EXPECT_EQ(bucket.mark(1, 1100).verdict, KeyVerdict::kNew);
}

TEST(KeyedBucket, AHashOfZeroIsAKeyAsWell) {
  KeyedBucket<> bucket;
  EXPECT_EQ(bucket.mark(Layout::tag_from(0), 1).verdict, KeyVerdict::kNew);
  EXPECT_EQ(bucket.mark(Layout::tag_from(0), 1).verdict, KeyVerdict::kDuplicate);
}

/// Atomics on which every compare-and-swap fails, as if another thread were always faster.
struct Unlucky {
  template <class U>
  class atomic {
   public:
    explicit atomic(U value) : value_(value) {}
    [[nodiscard]] U load(std::memory_order) const { return value_; }
    bool compare_exchange_weak(U&, U, std::memory_order, std::memory_order) {
      ++swaps;
      return false;
    }
    void store(U value, std::memory_order) { value_ = value; }
    static inline unsigned swaps = 0;

   private:
    U value_;
  };
};

TEST(KeyedBucket, GivesUpAfterABoundedNumberOfTries) {
  using Bucket = KeyedBucket<KeyLayout<>, Unlucky>;
  Bucket bucket;
  Bucket::Word::swaps = 0;
  EXPECT_EQ(bucket.mark(1, 0).verdict, KeyVerdict::kContended);
  EXPECT_EQ(Bucket::Word::swaps, Bucket::kAttempts);
  // The same where the era cannot be moved on.
  EXPECT_EQ(bucket.mark(1, 1'000'000).verdict, KeyVerdict::kContended);
  EXPECT_EQ(Bucket::Word::swaps, 2 * Bucket::kAttempts);
  // A caller that is alone makes one compare-and-swap, of the era; without the test's atomics it
  // could not fail.
  EXPECT_EQ(bucket.mark_alone(1, 1'000'000).verdict, KeyVerdict::kContended);
  EXPECT_EQ(Bucket::Word::swaps, 2 * Bucket::kAttempts + 1);
}

}  // namespace
}  // namespace esc::identity
