// SPDX-License-Identifier: BSD-3-Clause
// A reader's figures are exact while the table stands still, and never a mixture of two producers
// while it is written.
#include "identity/producer_reader.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "model.hpp"

namespace esc::identity::testing {
namespace {

using Missing = ProducerReader::Missing;
using Outcome = ProducerReader::Outcome;

std::vector<std::uint64_t> names(const ProducerSelection& selection) {
  std::vector<std::uint64_t> producers;
  for (const ProducerFigures& figures : selection.producers) producers.push_back(figures.producer);
  return producers;
}

TEST(ProducerReader, FiguresAgreeWithTheModel) {
  const ProducerTable::Settings settings{
      .producers = 16, .window = 128, .expiry_cycles = 1000, .seed = 3};
  OwnedTable owned(settings);
  TableModel model(settings);
  std::mt19937_64 random(4);
  std::array<std::uint64_t, 12> next{};
  next.fill(500);
  for (std::uint64_t now = 1; now < 5000; ++now) {
    const std::uint64_t producer = random() % next.size();
    std::uint64_t sequence = next[producer] + random() % 3;
    if (random() % 4 == 0) sequence -= random() % 150;
    next[producer] = std::max(next[producer], sequence + 1);
    const wire::Identity identity{producer, sequence, 1 + static_cast<std::uint32_t>(now / 2000)};
    ASSERT_EQ(owned.check(identity, now), model.judge(identity, now));
  }
  const ProducerReader reader = owned.table.reader();
  std::size_t live = 0;
  for (std::size_t place = 0; place < reader.places(); ++place) {
    ProducerFigures found;
    if (reader.read(place, 6000, Missing::kCount, found) != Outcome::kRead) continue;
    ++live;
    const TableModel::Known& known = model.known().at(found.producer);
    EXPECT_EQ(found.epoch, known.epoch);
    EXPECT_EQ(found.highest, known.highest);
    EXPECT_EQ(found.accepted, known.accepted);
    EXPECT_EQ(found.lost, known.lost);
    EXPECT_EQ(found.missing, model.missing(known));
    EXPECT_EQ(found.duplicates, known.duplicates);
    EXPECT_EQ(found.stale, known.stale);
    EXPECT_EQ(found.late, known.late);
    EXPECT_EQ(found.reorder_depth, known.depth);
    EXPECT_EQ(found.epochs, 3U);
    EXPECT_EQ(found.age_cycles, 6000 - known.last_seen);
  }
  EXPECT_EQ(live, next.size());
}

// Bursts of runs, disorder, copies, epochs and silence: at any time the table's totals of lost and
// missing numbers are those of the model, however producers end.
TEST(ProducerTotals, AgreeWithTheModelThroughEveryEnd) {
  const ProducerTable::Settings settings{
      .producers = 16, .window = 128, .expiry_cycles = 150, .seed = 3};
  OwnedTable owned(settings);
  TableModel model(settings);
  std::mt19937_64 random(8);
  std::array<std::uint64_t, 12> next{};
  std::array<std::uint32_t, 12> epoch{};
  for (std::uint64_t now = 1; now < 20'000; ++now) {
    const std::uint64_t producer = std::min(random() % next.size(), random() % next.size());
    if (random() % 200 == 0) ++epoch[producer];
    std::uint64_t at = next[producer] + (random() % 8 == 0 ? random() % 200 : 0);
    if (random() % 4 == 0) at -= std::min(at, random() % 150);
    std::vector<wire::Identity> burst(1 + random() % 40);
    for (wire::Identity& identity : burst) identity = {producer, at++, epoch[producer]};
    next[producer] = std::max(next[producer], at);
    std::vector<Verdict> verdicts(burst.size());
    owned.table.check_and_mark(burst, verdicts, now);
    for (std::size_t i = 0; i < burst.size(); ++i)
      ASSERT_EQ(verdicts[i], model.judge(burst[i], now));
    if (now % 50 == 0) {
      owned.table.housekeep(now);
      model.sweep(now);
    }
    ASSERT_EQ(owned.table.totals().missing.get(), model.missing_now()) << now;
    ASSERT_EQ(owned.table.totals().lost.get(), model.lost_ever()) << now;
    ASSERT_EQ(owned.table.totals().expired.get(), model.forgotten()) << now;
  }
  EXPECT_GT(model.forgotten(), 20U);
  EXPECT_GT(model.lost_ever(), 1000U);
}

double rate_at(const OwnedTable& owned, std::uint64_t now) {
  ProducerFigures found;
  EXPECT_EQ(owned.table.reader().read(0, now, Missing::kLeaveOut, found), Outcome::kRead);
  return found.events_per_cycle;
}

TEST(ProducerReader, TheRateIsThatOfTheLastMeasurement) {
  OwnedTable owned(ProducerTable::Settings{
      .producers = 8, .window = 64, .expiry_cycles = UINT64_MAX, .rate_cycles = 1000, .seed = 3});
  std::uint64_t sequence = 1;
  const auto feed = [&](std::uint64_t events, std::uint64_t now) {
    for (; events > 0; --events) (void)owned.check({7, sequence++, 1}, now);
  };
  feed(100, 5000);
  EXPECT_EQ(rate_at(owned, 5000), 0.0);
  EXPECT_EQ(rate_at(owned, 5200), 0.5);  // so far
  owned.table.housekeep(5999);           // too early
  feed(20, 5999);
  EXPECT_EQ(rate_at(owned, 5999 + 1), 0.12F);
  owned.table.housekeep(6000);
  EXPECT_EQ(rate_at(owned, 6500), 0.12F);
  feed(500, 6500);
  (void)owned.check({7, 1, 1}, 6500);  // a refused event does not count
  EXPECT_EQ(rate_at(owned, 6999), 0.12F);
  owned.table.housekeep(8000);  // late: the rate is taken over the longer time
  EXPECT_EQ(rate_at(owned, 8000), 0.25);
  owned.table.housekeep(9000);
  EXPECT_EQ(rate_at(owned, 9000), 0.0);
}

TEST(ProducerReader, AnEntryThatGoesToAnotherProducerBringsNoRateAlong) {
  OwnedTable owned(ProducerTable::Settings{
      .producers = 1, .window = 64, .expiry_cycles = 5000, .rate_cycles = 1000, .seed = 3});
  for (std::uint64_t i = 1; i <= 100; ++i) (void)owned.check({7, i, 1}, 1000);
  owned.table.housekeep(2000);
  EXPECT_EQ(rate_at(owned, 2000), 0.1F);
  owned.table.housekeep(6000);
  (void)owned.check({8, 1, 1}, 7000);
  EXPECT_EQ(rate_at(owned, 7100), 0.01F);
}

TEST(ProducerReader, SelectsTheFirstOfEachOrderOfAllTables) {
  const ProducerTable::Settings settings{
      .producers = 8, .window = 64, .expiry_cycles = 1000, .seed = 3};
  OwnedTable one(settings);
  OwnedTable two(settings);
  const auto feed = [](OwnedTable& table, std::uint64_t producer, std::uint64_t lost,
                       int duplicates, std::uint64_t now) {
    (void)table.check({producer, 100, 1}, now);
    (void)table.check({producer, 100 + 64 + lost, 1}, now);
    for (int i = 0; i < duplicates; ++i) (void)table.check({producer, 164 + lost, 1}, now);
  };
  feed(one, 1, 5, 3, 10);
  feed(two, 2, 7, 1, 40);
  feed(one, 3, 0, 9, 30);
  feed(two, 4, 5, 0, 20);
  const std::array tables{one.table.reader(), two.table.reader()};
  const auto first = [&](ProducerOrder order, std::size_t count) {
    return names(select_producers(tables, order, count, 50));
  };
  using Names = std::vector<std::uint64_t>;
  EXPECT_EQ(first(ProducerOrder::kLost, 3), (Names{2, 1, 4}));
  EXPECT_EQ(first(ProducerOrder::kDuplicates, 2), (Names{3, 1}));
  EXPECT_EQ(first(ProducerOrder::kAccepted, 9), (Names{1, 2, 3, 4}));
  EXPECT_EQ(first(ProducerOrder::kLastSeen, 4), (Names{2, 3, 4, 1}));
  EXPECT_EQ(first(ProducerOrder::kSilent, 1), (Names{1}));
  EXPECT_EQ(first(ProducerOrder::kSilent, 0), Names{});
  const ProducerSelection lost = select_producers(tables, ProducerOrder::kLost, 1, 50);
  EXPECT_EQ(lost.live, 4U);
  EXPECT_EQ(lost.busy, 0U);
  EXPECT_EQ(lost.producers[0].lost, 7U);
  EXPECT_EQ(lost.producers[0].missing, 63U);
  EXPECT_EQ(lost.producers[0].age_cycles, 10U);

  EXPECT_EQ(find_producer(tables, 3, 50)->duplicates, 9U);
  EXPECT_FALSE(find_producer(tables, 5, 50).has_value());
  two.table.housekeep(5000);
  EXPECT_FALSE(find_producer(tables, 2, 50).has_value());
}

TEST(ProducerReader, AnEntryInTheMiddleOfAChangeIsNotReadAndSaidSo) {
  OwnedTable owned({.producers = 4, .window = 64, .expiry_cycles = 1000, .seed = 3});
  (void)owned.check({1, 5, 1}, 1);
  const ProducerReader reader = owned.table.reader();
  owned.entries[0].begin_change();
  ProducerFigures figures;
  EXPECT_EQ(reader.read(0, 1, Missing::kCount, figures), Outcome::kBusy);
  const ProducerSelection selection =
      select_producers({&reader, 1}, ProducerOrder::kAccepted, 4, 1);
  EXPECT_EQ(selection.live, 1U);
  EXPECT_EQ(selection.busy, 1U);
  EXPECT_TRUE(selection.producers.empty());
  owned.entries[0].end_change(true);
  EXPECT_EQ(reader.read(0, 1, Missing::kCount, figures), Outcome::kRead);
}

/// Producer p sends with epochs of p's own and numbers of p's own, without a gap when p is even and
/// every other number when it is odd: a reader can tell whose figures it holds.
constexpr std::uint64_t kWindow = 256;
#if defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kRounds = 20'000;
#else
constexpr std::uint64_t kRounds = 400'000;
#endif
constexpr std::uint64_t first_number(std::uint64_t producer) {
  return producer << 32U;
}

void expect_of_one_producer(const ProducerFigures& figures) {
  ASSERT_EQ(figures.highest >> 32U, figures.producer);
  ASSERT_EQ(figures.epoch, figures.producer + 1);
  ASSERT_EQ(figures.epochs, 1U);
  ASSERT_EQ(figures.stale, 0U);
  if (figures.producer % 2 == 0) {
    ASSERT_EQ(figures.missing, 0U) << "at " << (figures.highest & 0xFFFF'FFFFU);
    ASSERT_EQ(figures.lost, 0U);
  } else {
    // Every number leaves a gap, so each event changes the figures, and the figures must match the
    // number.
    const std::uint64_t sent = figures.highest - first_number(figures.producer);
    ASSERT_EQ(figures.missing, std::min(sent, kWindow) / 2);
  }
}

TEST(ProducerReaderStress, NobodysFiguresAreSeenUnderAnothersName) {
  // More producers than entries, and each is forgotten after a while, so entries are given to other
  // producers all the time.
  const ProducerTable::Settings settings{
      .producers = 8, .window = kWindow, .expiry_cycles = 40, .seed = 3};
  OwnedTable owned(settings);
  const ProducerReader reader = owned.table.reader();
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> seen{0};
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] {
        while (!done.load(std::memory_order_relaxed)) {
          for (std::size_t place = 0; place < reader.places(); ++place) {
            ProducerFigures figures;
            if (reader.read(place, 0, Missing::kCount, figures) != Outcome::kRead) continue;
            expect_of_one_producer(figures);
            seen.fetch_add(1, std::memory_order_relaxed);
          }
          if (::testing::Test::HasFailure()) break;
        }
      });
    }
    std::mt19937_64 random(1);
    std::array<std::uint64_t, 24> next{};
    std::array<std::uint64_t, 24> last{};
    std::array<wire::Identity, 64> events;
    std::array<Verdict, 64> verdicts{};
    // Goes on until the reader has seen enough, however the threads are scheduled.
    for (std::uint64_t now = 1; now < kRounds || seen < kRounds; ++now) {
      if (::testing::Test::HasFailure()) break;
      const std::uint64_t producer = (now / 50 * 5 + random() % 8) % next.size();
      if (now - last[producer] >= settings.expiry_cycles) next[producer] = 0;
      last[producer] = now;
      const std::size_t count = 1 + random() % events.size();
      for (std::size_t i = 0; i < count; ++i) {
        events[i] = {producer, first_number(producer) + next[producer],
                     static_cast<std::uint32_t>(producer) + 1};
        next[producer] += producer % 2 == 0 ? 1 : 2;
      }
      owned.table.check_and_mark(std::span(events).first(count), verdicts, now);
      if (verdicts[0] == Verdict::kUntracked) next[producer] = 0;
      owned.table.housekeep(now);
    }
    done = true;
  }
}

}  // namespace
}  // namespace esc::identity::testing
