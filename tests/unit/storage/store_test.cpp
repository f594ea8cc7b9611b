// SPDX-License-Identifier: BSD-3-Clause
// A store of something other than dead letters: it shows that the code on the way to the disk does
// not depend on dead letters.
#include "storage/store.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <span>
#include <vector>

#include "dlq/record.hpp"
#include "event/frame_bytes.hpp"
#include "simulated_disk.hpp"
#include "support/events.hpp"

namespace esc::test {
namespace {

constexpr std::size_t kPipelines = 2;
constexpr std::size_t kCells = 64;

/// An event that is delivered once it is durable, of one of two classes.
struct Kept {
  event::Event event;
  std::uint64_t important = 0;
};

struct KeptCounters {
  telemetry::Counter delivered;
  telemetry::Counter delivered_important;
  telemetry::Counter lost;
};

struct KeptKind {
  using Item = Kept;
  using Settled = KeptCounters;
  static constexpr std::size_t kOutcomes = 2;

  [[nodiscard]] static bool append(dlq::CommitBuffer& commit, std::uint64_t id, const Kept& item,
                                   const storage::WallClock&) noexcept {
    return commit.add(id, {.sequence = item.event.sequence},
                      std::as_bytes(event::frame(item.event)));
  }
  [[nodiscard]] static std::size_t outcome(const Kept& item) noexcept {
    return item.important != 0 ? 1 : 0;
  }
  static void settle(Settled& settled, std::size_t outcome, std::uint64_t events,
                     bool durable) noexcept {
    (!durable       ? settled.lost
     : outcome == 1 ? settled.delivered_important
                    : settled.delivered)
        .add(events);
  }
  [[nodiscard]] static std::uint64_t settled(const Settled& settled) noexcept {
    return settled.delivered.get() + settled.delivered_important.get() + settled.lost.get();
  }
};

class StoreTest : public testing::Test {
 protected:
  using Store = storage::Store<KeptKind>;

  StoreTest() {
    for (std::size_t i = 0; i < kPipelines; ++i) rings_[i] = &store_.add_input(cells_[i], i);
    store_.make_stage(pools_);
  }
  ~StoreTest() override { EXPECT_TRUE(pool_.whole()); }

  void keep(std::size_t pipeline, std::uint64_t number, bool important) {
    const Kept item{make_event(pool_, "plant/x", number), important ? 1U : 0U};
    ASSERT_TRUE(store_.put_late(
        [&] {
          return rings_[pipeline]->push_burst({&item, 1}) == 1;
        },
        std::chrono::steady_clock::now() + std::chrono::seconds(60)));
  }
  /// Puts 300 events of the first pipeline, every third of them important, and 50 of the other.
  void keep_some() {
    for (std::uint64_t i = 0; i < 300; ++i) keep(0, i, i % 3 == 0);
    for (std::uint64_t i = 0; i < 50; ++i) keep(1, i, false);
  }
  [[nodiscard]] bool finish() {
    return store_.finish(std::chrono::steady_clock::now() + std::chrono::seconds(60));
  }
  [[nodiscard]] const KeptCounters& settled(std::size_t pipeline) const {
    return store_.settlement().settled(pipeline);
  }

  TestPool pool_{1023};
  std::array<rte_mempool*, 1> pools_{pool_.get()};
  dlq::testing::SimulatedDisk disk_{{}, 1};
  dlq::SegmentLog log_{disk_, {.instance = "test", .segment_bytes = 1 << 20, .run = 7}, 1};
  dlq::Retention retention_{disk_, {}};
  alignas(kCacheLineBytes) std::array<std::array<Kept, kCells>, kPipelines> cells_{};
  std::array<Store::Ring*, kPipelines> rings_{};
  Store store_{{.pipelines = kPipelines, .commit_buffers = 2, .commit_bytes = 16'384, .run = 7},
               log_,
               retention_};
};

TEST_F(StoreTest, SettlesEachEventOnceWithItsOutcome) {
  store_.start("store-test");
  keep_some();
  ASSERT_TRUE(finish());
  EXPECT_EQ(settled(0).delivered_important.get(), 100U);
  EXPECT_EQ(settled(0).delivered.get(), 200U);
  EXPECT_EQ(settled(1).delivered.get(), 50U);
  EXPECT_EQ(settled(0).lost.get() + settled(1).lost.get(), 0U);
  EXPECT_EQ(store_.settlement().taken(0).taken.get(), 300U);
  EXPECT_TRUE(store_.settlement().complete());
}

TEST_F(StoreTest, IsToldWhatADiskThatRefusesMadeOfThem) {
  disk_.set_faults({.write = 1.0});
  store_.start("store-test");
  keep_some();
  ASSERT_TRUE(finish());
  EXPECT_EQ(settled(0).lost.get(), 300U);
  EXPECT_EQ(settled(1).lost.get(), 50U);
  EXPECT_EQ(settled(0).delivered_important.get() + settled(0).delivered.get(), 0U);
  EXPECT_TRUE(store_.settlement().complete());
}

TEST_F(StoreTest, HasInFlightWhatNoCommitHasSettled) {
  // The writing thread has not been started yet.
  for (std::uint64_t i = 0; i < 10; ++i) keep(0, i, false);
  while (store_.stage().poll(0) != 0) {
  }
  EXPECT_EQ(store_.settlement().taken(0).taken.get(), 10U);
  EXPECT_EQ(KeptKind::settled(settled(0)), 0U);
  EXPECT_FALSE(store_.settlement().complete());
  EXPECT_GE(store_.room(), 2 * kCells + 10);
  EXPECT_FALSE(store_.stage().blocked());
  store_.start("store-test");
  ASSERT_TRUE(finish());
  EXPECT_EQ(settled(0).delivered.get(), 10U);
  EXPECT_TRUE(store_.settlement().complete());
}

}  // namespace
}  // namespace esc::test
