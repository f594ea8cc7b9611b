// SPDX-License-Identifier: BSD-3-Clause
// Bursts of every make against a model that judges one event at a time.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "identity/producer_table.hpp"
#include "model.hpp"

namespace esc::identity::testing {
namespace {

/// Runs in order, repetitions, late ones, gaps, jumps, epochs and new producers, at random.
class Traffic {
 public:
  Traffic(std::uint64_t seed, std::uint64_t producers) : random_(seed), at_(producers) {}

  void burst(std::vector<wire::Identity>& events) {
    events.clear();
    const std::size_t size = 1 + random_() % ProducerTable::kMaxBurst;
    while (events.size() < size) {
      const std::uint64_t producer = random_() % at_.size();
      At& at = at_[producer];
      const std::uint64_t kind = random_() % 32;
      std::uint64_t sequence = at.next;
      if (kind == 0) ++at.epoch;
      if (kind <= 1) sequence = random_() % 300;
      if (kind == 2) sequence += random_() % 400;
      if (kind == 3) sequence += 1;
      if (kind >= 24) sequence -= std::min<std::uint64_t>(sequence, random_() % 200);
      const std::uint32_t epoch = kind == 4 ? at.epoch - 1 : at.epoch;
      const std::size_t room = size - events.size();
      const std::size_t length =
          std::min<std::size_t>(room, random_() % 3 == 0 ? random_() % 65 : 8);
      for (std::size_t i = 0; i < length; ++i) events.push_back({producer, sequence + i, epoch});
      if (epoch == at.epoch) at.next = std::max(kind == 0 ? 0 : at.next, sequence + length);
    }
  }

 private:
  struct At {
    std::uint64_t next = 200;
    std::uint32_t epoch = 1;
  };
  std::mt19937_64 random_;
  std::vector<At> at_;
};

void expect_figures(const OwnedTable& owned, const TableModel& model) {
  std::size_t live = 0;
  for (std::size_t i = 0; i < owned.entries.size(); ++i) {
    const ProducerEntry& entry = owned.entries[i];
    if ((entry.version & ProducerEntry::kLive) == 0) continue;
    ++live;
    const ProducerFaults& faults = owned.faults[i];
    const TableModel::Known& known = model.known().at(entry.producer.get());
    EXPECT_EQ(entry.epoch, known.epoch);
    EXPECT_EQ(entry.highest.get(), known.highest);
    EXPECT_EQ(entry.accepted.get(), known.accepted);
    EXPECT_EQ(entry.duplicates.get(), known.duplicates);
    EXPECT_EQ(entry.last_seen_tsc.get(), known.last_seen);
    EXPECT_EQ(faults.lost.get(), known.lost);
    EXPECT_EQ(faults.stale.get(), known.stale);
    EXPECT_EQ(faults.late.get(), known.late);
    EXPECT_EQ(faults.reorder_depth.get(), known.depth);
    EXPECT_EQ(faults.epochs.get(), known.epochs);
  }
  EXPECT_EQ(live, model.known().size());
  EXPECT_EQ(owned.table.totals().live.get(), live);
}

class Bursts : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Bursts, AgreeWithTheModel) {
  const std::uint64_t seed = GetParam();
  // More producers than there is room for, and silences that the window of idempotency ends.
  const ProducerTable::Settings settings{
      .producers = 24, .window = std::size_t{64} << seed % 3, .expiry_cycles = 50, .seed = seed};
  OwnedTable owned(settings);
  TableModel model(settings);
  Traffic traffic(seed, seed % 2 == 0 ? 3 : 40);
  std::mt19937_64 random(seed);
  std::vector<wire::Identity> events;
  std::array<Verdict, ProducerTable::kMaxBurst> verdicts{};
  std::uint64_t now = 1;
  for (int i = 0; i < 1500; ++i) {
    now += random() % 16 == 0 ? random() % 60 : random() % 3;
    traffic.burst(events);
    owned.table.check_and_mark(events, verdicts, now);
    for (std::size_t k = 0; k < events.size(); ++k) {
      ASSERT_EQ(verdicts[k], model.judge(events[k], now))
          << "burst " << i << ", event " << k << " of " << events.size() << ": producer "
          << events[k].producer << ", number " << events[k].sequence << ", epoch "
          << events[k].epoch;
    }
    if (random() % 4 == 0) {
      owned.table.housekeep(now);  // all 24 at once
      model.sweep(now);
    }
    expect_figures(owned, model);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Bursts, ::testing::Range<std::uint64_t>(1, 25));

TEST(Bursts, NumbersThatEndStartFromZeroWithoutBeingARun) {
  OwnedTable owned({.producers = 4, .window = 64, .expiry_cycles = 1000, .seed = 1});
  const std::vector<wire::Identity> events = {
      {1, UINT64_MAX - 1, 1}, {1, UINT64_MAX, 1}, {1, 0, 1}, {1, 1, 1}};
  std::array<Verdict, 4> verdicts{};
  for (int i = 0; i < 2; ++i) {
    owned.table.check_and_mark(events, verdicts, 1);
    const Verdict first = i == 0 ? Verdict::kNew : Verdict::kDuplicate;
    EXPECT_EQ(verdicts, (std::array{first, first, Verdict::kStale, Verdict::kStale}));
  }
}

TEST(Bursts, EventsThatLieElsewhereAreJudgedTheSame) {
  struct Elsewhere {
    std::uint64_t rest[3];
    std::uint64_t producer;
    std::uint64_t sequence;
    std::uint32_t epoch;
  };
  OwnedTable owned({.producers = 4, .window = 64, .expiry_cycles = 1000, .seed = 1});
  const std::vector<Elsewhere> events = {{{}, 1, 5, 1}, {{}, 1, 6, 1}, {{}, 1, 6, 1},
                                         {{}, 2, 6, 1}, {{}, 1, 7, 1}, {{}, 2, 7, 1}};
  std::array<Verdict, 6> verdicts{};
  const auto check = [&](std::size_t first, std::size_t count) {
    return owned.table.check_and_mark(
        count, [&](std::size_t i) -> const Elsewhere& { return events[first + i]; },
        std::span(verdicts).subspan(first), 1);
  };
  EXPECT_TRUE(check(0, 4));
  using enum Verdict;
  EXPECT_EQ(verdicts, (std::array{kNew, kNew, kDuplicate, kNew, kNew, kNew}));
  // The next numbers of known producers: nothing to look at.
  EXPECT_FALSE(check(4, 2));
  EXPECT_EQ(verdicts, (std::array{kNew, kNew, kDuplicate, kNew, kNew, kNew}));
}

TEST(Bursts, AFullTableFindsEveryProducerAgain) {
  // The table is filled, emptied and filled with other producers: places in the index are used
  // again.
  const ProducerTable::Settings settings{
      .producers = 4096, .window = 64, .expiry_cycles = 100, .seed = 5};
  OwnedTable owned(settings);
  for (std::uint64_t round = 0; round < 20; ++round) {
    const std::uint64_t now = 1 + round * 100;
    const std::uint64_t from = round * 1'000'003;
    for (std::size_t i = 0; i < settings.producers; ++i) {
      ASSERT_EQ(owned.check({from + i, 7, 1}, now), Verdict::kNew) << round << ' ' << i;
    }
    for (std::size_t i = 0; i < settings.producers; ++i) {
      ASSERT_EQ(owned.check({from + i, 7, 1}, now), Verdict::kDuplicate) << round << ' ' << i;
    }
    ASSERT_EQ(owned.check({from - 1, 7, 1}, now), Verdict::kUntracked);
    for (std::size_t i = 0; i < settings.producers / 64; ++i) owned.table.housekeep(now + 100);
    ASSERT_EQ(owned.table.totals().live.get(), 0U);
  }
}

}  // namespace
}  // namespace esc::identity::testing
