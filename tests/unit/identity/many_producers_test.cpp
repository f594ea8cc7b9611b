// SPDX-License-Identifier: BSD-3-Clause
// As many producers as a table may be configured for, and one more.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "identity/producer_table.hpp"
#include "model.hpp"

namespace esc::identity {
namespace {

constexpr std::size_t kProducers = std::size_t{1} << 20;
constexpr std::size_t kBurst = ProducerTable::kMaxBurst;
constexpr ProducerTable::Settings kSettings{
    .producers = kProducers, .window = 64, .expiry_cycles = 1'000'000, .seed = 41};

/// A different number for every i, far from the others, like producers that choose their number at
/// random.
std::uint64_t producer(std::uint64_t i) {
  return (i + 1) * 0x9E3779B97F4A7C15U;
}

class ManyProducers : public ::testing::Test {
 protected:
  /// Judges one event of each producer of a burst, from `first` on, and counts the verdicts.
  void judge(std::uint64_t first, std::uint64_t sequence, std::uint64_t now) {
    std::array<wire::Identity, kBurst> events{};
    std::array<Verdict, kBurst> verdicts{};
    for (std::size_t i = 0; i < kBurst; ++i) events[i] = {producer(first + i), sequence, 1};
    owned_->table.check_and_mark(events, verdicts, now);
    for (const Verdict verdict : verdicts) ++counts_[static_cast<std::size_t>(verdict)];
  }
  void judge_all(std::uint64_t sequence, std::uint64_t now) {
    for (std::uint64_t first = 0; first < kProducers; first += kBurst) judge(first, sequence, now);
  }
  /// How often there was this verdict since the last call.
  std::uint64_t count(Verdict verdict) {
    return std::exchange(counts_[static_cast<std::size_t>(verdict)], 0);
  }

  std::unique_ptr<testing::OwnedTable> owned_ = std::make_unique<testing::OwnedTable>(kSettings);
  std::array<std::uint64_t, static_cast<std::size_t>(Verdict::kCount)> counts_{};
};

TEST_F(ManyProducers, EachIsJudgedExactlyAndTheNextIsUntracked) {
  const ProducerTotals& totals = owned_->table.totals();
  judge_all(1000, 1);
  EXPECT_EQ(count(Verdict::kNew), kProducers);
  EXPECT_EQ(totals.live.get(), kProducers);
  judge_all(1000, 2);
  EXPECT_EQ(count(Verdict::kDuplicate), kProducers);
  judge_all(1002, 3);
  EXPECT_EQ(count(Verdict::kNew), kProducers);

  // One burst of producers for which there is no room: each is untracked in both rounds.
  judge(kProducers, 1000, 4);
  judge(kProducers, 1000, 5);
  EXPECT_EQ(count(Verdict::kUntracked), 2 * kBurst);
  EXPECT_EQ(totals.untracked.get(), 2 * kBurst);
  EXPECT_EQ(totals.live.get(), kProducers);

  // Producers that are known are still judged exactly.
  judge_all(1001, 6);
  EXPECT_EQ(count(Verdict::kNew), kProducers);
  judge_all(1002 - 64, 7);
  EXPECT_EQ(count(Verdict::kStale), kProducers);
  for (const std::uint64_t left : counts_) EXPECT_EQ(left, 0U);
  EXPECT_EQ(totals.expired.get(), 0U);
}

TEST_F(ManyProducers, TheMemoryIsWhatThePageSays) {
  // docs/deduplication.md: index, entry, rare figures, bitmap, list of free entries.
  EXPECT_EQ(ProducerTable::bytes_for(kSettings), kProducers * (8 + 64 + 64 + 64 / 8 + 4));
  ProducerTable::Settings usual = kSettings;
  usual.window = 4096;
  EXPECT_EQ(ProducerTable::bytes_for(usual), kProducers * 652);
  usual.producers = 65'536;
  EXPECT_EQ(ProducerTable::bytes_for(usual), 65'536U * 652);
  const auto bytes = [](const auto& of) { return std::span(of).size_bytes(); };
  const std::size_t given =
      bytes(owned_->index) + bytes(owned_->entries) + bytes(owned_->faults) + bytes(owned_->bits);
  // The list of free entries is the table's own.
  EXPECT_EQ(given + kProducers * 4, ProducerTable::bytes_for(kSettings));
}

}  // namespace
}  // namespace esc::identity
