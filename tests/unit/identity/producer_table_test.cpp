// SPDX-License-Identifier: BSD-3-Clause
#include "identity/producer_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace esc::identity {
namespace {

class Producers : public testing::Test {
 protected:
  void make(const ProducerTable::Settings& settings) {
    settings_ = settings;
    // Entries are neither copied nor moved.
    entries_ = std::make_unique<ProducerEntry[]>(ProducerTable::entries_for(settings));
    faults_ = std::make_unique<ProducerFaults[]>(ProducerTable::entries_for(settings));
    index_.assign(ProducerTable::buckets_for(settings), {});
    bits_ = std::vector<BitWord>(ProducerTable::words_for(settings));
    for (BitWord& word : bits_) word = UINT64_MAX;  // of those before
    table_.emplace(settings, ProducerTable::Memory{index_, entries(), faults(), bits_});
  }
  std::span<ProducerEntry> entries() {
    return {entries_.get(), ProducerTable::entries_for(settings_)};
  }
  std::span<ProducerFaults> faults() {
    return {faults_.get(), ProducerTable::entries_for(settings_)};
  }
  Verdict check(std::uint64_t producer, std::uint64_t sequence, std::uint32_t epoch = 1,
                std::uint64_t now = 1) {
    const wire::Identity identity{producer, sequence, epoch};
    Verdict verdict = Verdict::kCount;
    table_->check_and_mark({&identity, 1}, {&verdict, 1}, now);
    return verdict;
  }
  const ProducerEntry& entry_of(std::uint64_t producer) {
    for (const ProducerEntry& entry : entries()) {
      const bool live = (entry.version & ProducerEntry::kLive) != 0;
      if (live && entry.producer.get() == producer) return entry;
    }
    throw std::out_of_range("no such producer");
  }
  const ProducerFaults& faults_of(std::uint64_t producer) {
    return faults()[static_cast<std::size_t>(&entry_of(producer) - entries_.get())];
  }

  ProducerTable::Settings settings_;
  std::unique_ptr<ProducerEntry[]> entries_;
  std::unique_ptr<ProducerFaults[]> faults_;
  std::vector<IndexBucket> index_;
  std::vector<BitWord> bits_;
  std::optional<ProducerTable> table_;
};

constexpr ProducerTable::Settings kSmall{
    .producers = 4, .window = 64, .expiry_cycles = 1000, .seed = 7};

TEST_F(Producers, EachHasNumbersOfItsOwn) {
  make(kSmall);
  for (const std::uint64_t producer : {0U, 1U, 2U}) {
    EXPECT_EQ(check(producer, 5), Verdict::kNew);
    EXPECT_EQ(check(producer, 5), Verdict::kDuplicate);
    EXPECT_EQ(check(producer, 7), Verdict::kNew);
    EXPECT_EQ(check(producer, 6), Verdict::kNew);
    EXPECT_EQ(check(producer, 7 + 64), Verdict::kNew);
    EXPECT_EQ(check(producer, 7), Verdict::kStale);
    EXPECT_EQ(entry_of(producer).accepted.get(), 4U);
    EXPECT_EQ(entry_of(producer).duplicates.get(), 1U);
    EXPECT_EQ(faults_of(producer).late.get(), 1U);
    EXPECT_EQ(faults_of(producer).reorder_depth.get(), 1U);
    EXPECT_EQ(faults_of(producer).stale.get(), 1U);
  }
  EXPECT_EQ(table_->totals().live.get(), 3U);
}

TEST_F(Producers, AHigherEpochStartsAnewAndALowerOneIsStale) {
  make(kSmall);
  EXPECT_EQ(check(1, 10, 5), Verdict::kNew);
  EXPECT_EQ(check(1, 13, 5), Verdict::kNew);
  EXPECT_EQ(check(1, 13, 4), Verdict::kStale);
  EXPECT_EQ(check(1, 10, 6), Verdict::kNew);
  EXPECT_EQ(faults_of(1).lost.get(), 2U);  // 11 and 12 can come no more
  EXPECT_EQ(check(1, 11, 5), Verdict::kStale);
  EXPECT_EQ(check(1, 10, 6), Verdict::kDuplicate);
  EXPECT_EQ(faults_of(1).epochs.get(), 2U);
}

TEST_F(Producers, SilenceOfTheIdempotencyWindowForgets) {
  make(kSmall);
  EXPECT_EQ(check(1, 10, 1, 100), Verdict::kNew);
  EXPECT_EQ(check(1, 10, 1, 1099), Verdict::kDuplicate);  // and that was a sign of life
  EXPECT_EQ(check(1, 10, 1, 2098), Verdict::kDuplicate);
  EXPECT_EQ(check(1, 10, 1, 3098), Verdict::kNew);
  EXPECT_EQ(table_->totals().expired.get(), 1U);
  EXPECT_EQ(table_->totals().live.get(), 1U);
  EXPECT_EQ(entry_of(1).accepted.get(), 1U);
}

// 2, 4 and 5 never come: whether its producer is swept away, or returns first.
TEST_F(Producers, AGapOutlivesItsProducer) {
  for (const bool returns : {false, true}) {
    make(kSmall);
    for (const std::uint64_t sequence : {1U, 3U, 6U}) check(1, sequence);
    EXPECT_EQ(table_->totals().missing.get(), 3U);
    EXPECT_EQ(table_->totals().lost.get(), 0U);
    check(2, 9, 1, 1000);
    if (returns) {
      EXPECT_EQ(check(1, 4, 1, 1001), Verdict::kNew);
      EXPECT_EQ(table_->totals().live.get(), 2U);
    } else {
      table_->housekeep(1001);
      EXPECT_EQ(table_->totals().live.get(), 1U);
    }
    EXPECT_EQ(table_->totals().missing.get(), 0U);
    EXPECT_EQ(table_->totals().lost.get(), 3U);
    EXPECT_EQ(table_->totals().expired.get(), 1U);
  }
}

// Forged numbers go as far as they like; what is lost is counted up to a bound, and never wraps.
TEST_F(Producers, ForgedJumpsDoNotMakeTheLostFew) {
  make(kSmall);
  for (std::uint32_t epoch = 1; epoch < 10; ++epoch) {
    check(1, 0, epoch);
    check(1, UINT64_MAX, epoch);
  }
  EXPECT_EQ(table_->totals().lost.get(), ProducerTotals::kMostLost);
  check(1, 0, 10);
  EXPECT_EQ(table_->totals().missing.get(), 0U);
}

TEST_F(Producers, BeyondTheBoundTheyAreNotJudgedUntilThereIsRoom) {
  make(kSmall);
  for (std::uint64_t producer = 0; producer < 4; ++producer) {
    EXPECT_EQ(check(producer, 1, 1, 100 + producer), Verdict::kNew);
  }
  EXPECT_EQ(check(4, 1, 1, 200), Verdict::kUntracked);
  EXPECT_EQ(check(4, 1, 1, 200), Verdict::kUntracked);
  EXPECT_EQ(check(3, 1, 1, 200), Verdict::kDuplicate);  // those that are known stay exact
  EXPECT_EQ(table_->totals().untracked.get(), 2U);
  table_->housekeep(1102);  // 0, 1 and 2 have expired
  EXPECT_EQ(table_->totals().live.get(), 1U);
  EXPECT_EQ(check(4, 1, 1, 1102), Verdict::kNew);
  EXPECT_EQ(check(4, 1, 1, 1102), Verdict::kDuplicate);
}

TEST_F(Producers, ManyAgreeWithAModelThroughExpiryAndReturn) {
  constexpr ProducerTable::Settings kMany{
      .producers = 512, .window = 64, .expiry_cycles = 5000, .seed = 99};
  make(kMany);
  struct Known {
    std::uint64_t highest = 0;
    std::uint64_t seen = 0;  ///< bit i: highest - i has come
    std::uint64_t last = 0;
  };
  std::map<std::uint64_t, Known> model;
  std::mt19937_64 random(3);
  for (std::uint64_t now = 1; now < 200'000; ++now) {
    const std::uint64_t producer = random() % 400 + (now / 20'000) * 100;  // some fall silent
    Known& known = model[producer];
    const bool fresh = known.last == 0 || now - known.last >= 5000;
    const std::uint64_t sequence =
        fresh ? 1000 : known.highest + 2 - std::min<std::uint64_t>(random() % 70, known.highest);
    Verdict expected = Verdict::kNew;
    if (fresh) {
      known = {sequence, 1, now};
    } else if (sequence > known.highest) {
      const std::uint64_t step = sequence - known.highest;
      known = {sequence, step < 64 ? known.seen << step | 1 : 1, now};
    } else if (known.highest - sequence >= 64) {
      expected = Verdict::kStale;
    } else {
      const std::uint64_t bit = std::uint64_t{1} << (known.highest - sequence);
      if ((known.seen & bit) != 0) expected = Verdict::kDuplicate;
      known.seen |= bit;
    }
    known.last = now;
    ASSERT_EQ(check(producer, sequence, 1, now), expected) << producer << ' ' << sequence;
    if (now % 16 == 0) table_->housekeep(now);
  }
  EXPECT_EQ(table_->totals().untracked.get(), 0U);
}

TEST_F(Producers, ABurstIsJudgedInItsOrder) {
  make(kSmall);
  EXPECT_EQ(check(9, 1, 1, 1), Verdict::kNew);
  const std::vector<wire::Identity> burst = {
      {1, 5, 1},                                   // known to nobody, and then three times more
      {1, 5, 1}, {1, 6, 1}, {2, 1, 1}, {1, 4, 1},  //
      {9, 1, 1},                                   // silent for long: as if new
      {9, 1, 1}, {3, 1, 1}, {4, 1, 1},             // one more than there is room for
      {3, 1, 2},                                   // an epoch begins within the burst
      {3, 1, 1}};
  std::vector<Verdict> verdicts(burst.size());
  table_->check_and_mark(burst, verdicts, 2000);
  using enum Verdict;
  EXPECT_EQ(verdicts, (std::vector<Verdict>{kNew, kDuplicate, kNew, kNew, kNew, kNew, kDuplicate,
                                            kNew, kUntracked, kNew, kStale}));
}

}  // namespace
}  // namespace esc::identity
