// SPDX-License-Identifier: BSD-3-Clause
// Dead letters on their way from the stages' rings to the disk, and their counters.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dlq/folder.hpp"
#include "dlq/posix_file_system.hpp"
#include "simulated_disk.hpp"
#include "storage/commit_writer.hpp"
#include "storage/dead_letter_kind.hpp"
#include "storage/outlet.hpp"
#include "storage/settlement.hpp"
#include "storage/store_stage.hpp"
#include "support/events.hpp"
#include "support/rings.hpp"
#include "support/temp_folder.hpp"

namespace esc::test {
namespace {

using storage::CommitPipe;
using storage::CommitWriter;
using storage::DeadLetterKind;
using storage::DeadRing;
using storage::Outlet;
using StorageStage = storage::StoreStage<DeadLetterKind>;

constexpr std::uint64_t kHz = 1'000'000'000;  // so that a cycle is a nanosecond
constexpr std::uint64_t kStart = 5 * kHz;
constexpr std::uint64_t kUnixStart = 1'700'000'000'000'000'000;
constexpr std::uint64_t kCommitCycles = 1'000'000;
constexpr std::uint64_t kRun = 77;

std::uint64_t unix_now() {
  return kUnixStart;
}
std::uint64_t tick_now() {
  return 0;
}

class StorageTest : public testing::Test {
 protected:
  static constexpr std::size_t kPipelines = 2;

  ~StorageTest() override { EXPECT_TRUE(pool_.whole()); }

  void make(dlq::FileSystem& files, const dlq::RetentionLimits& keeps = {},
            std::size_t buffers = 2) {
    pipe_.emplace(buffers, kBufferBytes, kRun, kPipelines, DeadLetterKind::kOutcomes);
    log_.emplace(files,
                 dlq::LogSettings{.instance = "test", .segment_bytes = kSegmentBytes, .run = kRun},
                 1);
    retention_.emplace(files, keeps);
    writer_.emplace(
        *pipe_, *log_, *retention_,
        [this](const storage::Commit& commit, bool durable) {
          settlement_.settle(commit, durable);
        },
        disk_counters_);
    stage_.emplace(storage::StoreParts<DeadLetterKind>{
        .inputs = {{dispatch_ring_.get(), 0}, {worker_ring_.get(), 1}},
        .pipe = *pipe_,
        .settlement = settlement_,
        .counters = counters_,
        .pools = pools_,
        .unix_ns = &unix_now,
        .cycles_per_second = kHz,
        .limits = {.burst = 64, .poll_bytes = 256 * 1024, .commit_cycles = kCommitCycles}});
  }

  void die(Outlet& outlet, DeadReason reason, std::uint64_t number, std::size_t payload_bytes = 8,
           std::uint64_t lived = 0) {
    event::Event event = make_event(pool_, "plant/x", number, payload_bytes);
    event.rx_tsc = kStart - 1024 * kRx;
    event.source = event::Source::of_port(0, 3);
    event.flags |= event::kPeerUnknown;
    ASSERT_TRUE(outlet.put(event, reason, event.rx_tsc + lived));
  }
  bool write_one() { return writer_->write_one(&unix_now, &tick_now); }
  [[nodiscard]] std::uint64_t durable(DeadReason reason) const {
    return settlement_.settled(0).durable.get(reason) + settlement_.settled(1).durable.get(reason);
  }

  static constexpr std::size_t kRx = 100;
  static constexpr std::size_t kBufferBytes = 128 * 1024;
  static constexpr std::size_t kSegmentBytes = std::size_t{1} << 20;

  TestPool pool_{2047};
  TestPool jumbo_{7, 65'000};
  std::array<rte_mempool*, 1> pools_{pool_.get()};
  OwnedRing<DeadRing> dispatch_ring_{256};
  OwnedRing<DeadRing> worker_ring_{256};
  Outlet dispatch_{dispatch_ring_.get(), dlq::Stage::kDispatch};
  Outlet worker_{worker_ring_.get(), dlq::Stage::kWorker};
  telemetry::StorageCounters counters_;
  storage::Settlement<DeadLetterKind> settlement_{kPipelines};
  telemetry::DiskCounters disk_counters_;
  std::optional<CommitPipe> pipe_;
  std::optional<dlq::SegmentLog> log_;
  std::optional<dlq::Retention> retention_;
  std::optional<CommitWriter> writer_;
  std::optional<StorageStage> stage_;
};

struct Read {
  dlq::Record record;
  Bytes frame;
};

std::vector<Read> read_all(const std::string& path) {
  std::vector<Read> all;
  const dlq::Folder folder(path);
  dlq::SegmentBytes room;
  for (const dlq::SegmentFile& file : folder.segments()) {
    EXPECT_EQ(dlq::for_each_record(folder, file, room,
                                   [&](const dlq::Record& record) {
                                     const auto* first =
                                         reinterpret_cast<const std::uint8_t*>(record.frame.data());
                                     all.push_back({record, {first, first + record.frame.size()}});
                                     return true;
                                   })
                  .error,
              0);
  }
  return all;
}

TEST_F(StorageTest, ALetterOverAConnectionSaysSo) {
  const TempFolder temp;
  dlq::PosixFileSystem files;
  ASSERT_EQ(files.open(temp.path() + "/letters"), 0);
  make(files);
  event::Event event = make_event(pool_, "plant/7", 1, Bytes{1});
  event.flags = event::kBehindHeader | event::kPeerUnknown;  // no sole owner: that is of a port
  event.source = event::Source::of_connection(513, 7);
  ASSERT_TRUE(worker_.put(event, DeadReason::kHandlerRefused, kStart));
  while (stage_->poll(kStart) != 0) {
  }
  stage_->poll(kStart + kCommitCycles);
  ASSERT_TRUE(write_one());
  writer_->close(kUnixStart);
  const auto all = read_all(temp.path() + "/letters");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].record.letter.flags & dlq::kOverTcp, dlq::kOverTcp);
  EXPECT_EQ(all[0].record.letter.queue, 513);
}

TEST_F(StorageTest, WhatDiesIsOnTheDiskWithAllThatIsKnownOfIt) {
  const TempFolder temp;
  dlq::PosixFileSystem files;
  ASSERT_EQ(files.open(temp.path() + "/letters"), 0);
  make(files);
  event::Event event = make_event(pool_, "plant/7", 4711, Bytes{1, 2, 3});
  event.flags |= event::kSequenced | event::kPeerUnknown;
  event.producer = 99;
  event.epoch = 3;
  event.replay_count = 2;
  event.rx_tsc = kStart - 5 * 1024;
  event.source = event::Source::of_port(0, 1);
  const Bytes frame(event::frame(event).begin(), event::frame(event).end());
  ASSERT_TRUE(worker_.put(event, DeadReason::kHandlerRefused, kStart - 2 * 1024, 4));
  die(dispatch_, DeadReason::kUnknownTopic, 1);

  EXPECT_EQ(stage_->poll(kStart), 2U) << "one ring's burst: taken, and written into a commit";
  EXPECT_EQ(stage_->poll(kStart), 2U);
  EXPECT_FALSE(write_one()) << "the commit waits for more";
  stage_->poll(kStart + kCommitCycles);
  EXPECT_EQ(durable(DeadReason::kHandlerRefused), 0U) << "not yet";
  ASSERT_TRUE(write_one());
  writer_->close(kUnixStart);

  EXPECT_EQ(settlement_.settled(0).durable.get(DeadReason::kUnknownTopic), 1U);
  EXPECT_EQ(settlement_.settled(1).durable.get(DeadReason::kHandlerRefused), 1U);
  EXPECT_EQ(settlement_.taken(0).taken.get() + settlement_.taken(1).taken.get(), 2U);
  const std::vector<Read> letters = read_all(temp.path() + "/letters");
  ASSERT_EQ(letters.size(), 2U);
  const dlq::Letter& letter = letters[1].record.letter;
  EXPECT_EQ(letters[1].frame, frame);
  EXPECT_EQ(letter.reason, static_cast<std::uint8_t>(DeadReason::kHandlerRefused));
  EXPECT_EQ(letter.stage, dlq::Stage::kWorker);
  EXPECT_EQ(letter.producer, 99U);
  EXPECT_EQ(letter.sequence, 4711U);
  EXPECT_EQ(letter.epoch, 3U);
  EXPECT_EQ(letter.attempts, 4U);
  EXPECT_EQ(letter.replay_count, 2U);
  EXPECT_EQ(letter.queue, 1U);
  EXPECT_EQ(letter.flags, dlq::kSequenced);
  EXPECT_EQ(letter.received_ns, kUnixStart - 5 * 1024);
  EXPECT_EQ(letter.died_ns, kUnixStart - 2 * 1024);
  EXPECT_EQ(letters[0].record.letter.flags, 0U);
}

TEST_F(StorageTest, ACommitThatIsFullDoesNotWait) {
  dlq::testing::SimulatedDisk disk({}, 1);
  make(disk, {}, 3);
  constexpr std::size_t kEach = 1'000;
  std::uint64_t given = 0;
  while (!write_one()) {
    ASSERT_LT(given, 2 * kBufferBytes / kEach);
    die(dispatch_, DeadReason::kStale, given++, kEach);
    stage_->poll(kStart);
  }
  EXPECT_EQ(durable(DeadReason::kStale), kBufferBytes / dlq::record_bytes(kEach + 14));
  stage_->flush();
  while (write_one()) {
  }
  EXPECT_EQ(durable(DeadReason::kStale), given);
}

TEST_F(StorageTest, AFrameOfAnyLengthFits) {
  dlq::testing::SimulatedDisk disk({}, 1);
  make(disk, {}, 4);
  for (int i = 0; i < 6; ++i) {
    event::Event event = make_event(jumbo_, "big", 1, 64'000);
    event.flags = event::kPeerUnknown;
    ASSERT_TRUE(worker_.put(event, DeadReason::kWorkerFull, kStart));
    while (!stage_->idle()) {
      stage_->poll(kStart);
      while (write_one()) {
      }
    }
  }
  stage_->flush();
  while (write_one()) {
  }
  EXPECT_EQ(durable(DeadReason::kWorkerFull), 6U);
  EXPECT_TRUE(jumbo_.whole());
}

TEST_F(StorageTest, WhileTheDiskHasEveryBufferTheRingsFillUp) {
  dlq::testing::SimulatedDisk disk({}, 1);
  make(disk, {}, 1);
  die(dispatch_, DeadReason::kStale, 0);
  stage_->poll(kStart);
  stage_->flush();  // the only buffer is on its way
  std::uint64_t given = 1;
  for (;;) {
    event::Event event = make_event(pool_, "a", given);
    event.flags |= event::kPeerUnknown;
    if (!dispatch_.put(event, DeadReason::kStale, kStart)) {
      event::free_segment(event.mbuf);
      break;
    }
    ++given;
    stage_->poll(kStart);
  }
  EXPECT_GT(counters_.polls_blocked.get(), 0U);
  EXPECT_EQ(given, 1 + 1 + dispatch_ring_->capacity()) << "one in a commit, one in hand";
  EXPECT_TRUE(stage_->blocked());
  while (durable(DeadReason::kStale) != given) {
    write_one();
    stage_->poll(kStart);
    stage_->flush();
  }
  EXPECT_TRUE(stage_->idle());
  EXPECT_FALSE(stage_->blocked());
}

TEST_F(StorageTest, WhatTheDiskDoesNotTakeIsSaidAndTheNextIsTried) {
  dlq::testing::SimulatedDisk disk({}, 1);
  make(disk);
  disk.set_faults({.sync = 1});
  die(dispatch_, DeadReason::kUnknownTopic, 1);
  die(worker_, DeadReason::kHandlerRefused, 2);
  for (int i = 0; i < 2; ++i) stage_->poll(kStart);
  stage_->flush();
  ASSERT_TRUE(write_one());
  EXPECT_EQ(settlement_.settled(0).write_failed.get(), 1U);
  EXPECT_EQ(settlement_.settled(1).write_failed.get(), 1U);
  EXPECT_EQ(durable(DeadReason::kUnknownTopic) + durable(DeadReason::kHandlerRefused), 0U);
  EXPECT_EQ(disk_counters_.last_error.get(), static_cast<std::uint64_t>(EIO));
  EXPECT_EQ(disk_counters_.commits_failed.get(), 1U);

  disk.set_faults({});
  die(dispatch_, DeadReason::kUnknownTopic, 3);
  stage_->poll(kStart);
  stage_->flush();
  // The log tries the disk again after its pause; here the clock stands still, so not yet.
  ASSERT_TRUE(write_one());
  EXPECT_EQ(settlement_.settled(0).write_failed.get(), 2U);
  die(dispatch_, DeadReason::kUnknownTopic, 4);
  stage_->poll(kStart);
  stage_->flush();
  ASSERT_TRUE(writer_->write_one(&unix_now, [] { return std::uint64_t{2'000'000'000}; }));
  EXPECT_EQ(settlement_.settled(0).durable.get(DeadReason::kUnknownTopic), 1U);
  EXPECT_EQ(disk_counters_.last_error.get(), 0U);
}

TEST_F(StorageTest, WhatTheRulesNoLongerKeepIsRemovedAndCounted) {
  dlq::testing::SimulatedDisk disk({}, 1);
  make(disk, {.max_segments = 2}, 3);
  std::uint64_t given = 0;
  while (log_->begun() < 5) {
    for (int i = 0; i < 64; ++i) die(dispatch_, DeadReason::kStale, given++, 1'000);
    while (!stage_->idle()) {
      stage_->poll(kStart);
      while (write_one()) {
      }
    }
  }
  EXPECT_EQ(disk_counters_.segments.get(), 5U);
  writer_->retain(kUnixStart);
  EXPECT_EQ(disk_counters_.segments.get(), 2U);
  EXPECT_EQ(disk_counters_.segment_bytes.get(), 2 * kSegmentBytes);
  EXPECT_EQ(disk_counters_.segments_removed.get(), 3U);
  std::uint64_t kept = durable(DeadReason::kStale);
  for (const dlq::KeptSegment& segment : log_->kept()) kept -= segment.records;
  EXPECT_LT(disk_counters_.letters_removed.get(), kept) << "the open segment has some of those";
  EXPECT_GT(disk_counters_.letters_removed.get(), 0U);
  EXPECT_EQ(log_->spares(), 2U);
}

// A disk may report only later that space is free again. If files were removed until it does, all
// of them would go at once.
TEST_F(StorageTest, SpaceIsGivenBackOneFileAtATime) {
  dlq::testing::SimulatedDisk disk({}, 1);
  make(disk, {.min_free_bytes = 1'000}, 3);
  std::uint64_t given = 0;
  while (log_->begun() < 4) {
    for (int i = 0; i < 64; ++i) die(dispatch_, DeadReason::kStale, given++, 1'000);
    while (!stage_->idle()) {
      stage_->poll(kStart);
      while (write_one()) {
      }
    }
  }
  disk.set_free_bytes(999);
  for (std::uint64_t left = 3; left >= 1; --left) {
    writer_->retain(kUnixStart);
    EXPECT_EQ(disk_counters_.segments.get(), left);
  }
  writer_->retain(kUnixStart);
  EXPECT_EQ(disk_counters_.segments.get(), 1U) << "the open one stays";
  EXPECT_EQ(log_->spares(), 0U);
}

TEST_F(StorageTest, WithoutStorageAnOutletKeepsNothing) {
  EXPECT_FALSE(Outlet().keeps());
  EXPECT_FALSE(Outlet(nullptr, dlq::Stage::kRx).keeps());
  EXPECT_TRUE(dispatch_.keeps());
}

class StorageThreaded : public StorageTest {};

// A stage, the storage lcore and the writing thread at once. A reader never sees more letters
// settled than taken.
TEST_F(StorageThreaded, AllAtOnce) {
  dlq::testing::SimulatedDisk disk({}, 1);
  make(disk, {}, 3);
#if defined(__SANITIZE_THREAD__)
  constexpr std::uint64_t kLetters = 3'000;
#else
  constexpr std::uint64_t kLetters = 30'000;
#endif
  std::atomic<bool> fed{false};
  std::atomic<bool> gathered{false};
  std::jthread writer([&] {
    while (!gathered || write_one()) write_one();
  });
  std::jthread lcore([&] {
    while (!fed || !stage_->idle()) stage_->poll(kStart);
    stage_->flush();
    gathered = true;
  });
  for (std::uint64_t i = 0; i < kLetters; ++i) {
    // This thread only takes mbufs from the pool and the other one only gives them back. If both
    // gave them back, they would wait for each other, a time slice each time.
    rte_mbuf* mbuf = nullptr;
    while ((mbuf = rte_pktmbuf_alloc(pool_.get())) == nullptr) std::this_thread::yield();
    event::Event event{};
    event.mbuf = mbuf;
    event.flags = event::kPeerUnknown;
    event::set_frame_start(event, rte_pktmbuf_mtod(mbuf, const std::uint8_t*));
    std::memset(rte_pktmbuf_mtod(mbuf, void*), 0, 4);
    while (!dispatch_.put(event, DeadReason::kStale, kStart)) std::this_thread::yield();
    const std::uint64_t settled = settlement_.settled(0).all_durable();
    EXPECT_LE(settled, settlement_.taken(0).taken.get());
  }
  fed = true;
  lcore.join();
  writer.join();
  EXPECT_EQ(durable(DeadReason::kStale), kLetters);
  EXPECT_EQ(settlement_.taken(0).taken.get(), kLetters);
}

}  // namespace
}  // namespace esc::test
