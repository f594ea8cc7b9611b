// SPDX-License-Identifier: BSD-3-Clause
// The log on a disk that fails, and on this machine's.
#include "dlq/segment_log.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "dlq/folder.hpp"
#include "dlq/posix_file_system.hpp"
#include "dlq/scan.hpp"
#include "simulated_disk.hpp"
#include "support/temp_folder.hpp"

namespace esc::dlq::testing {
namespace {

constexpr std::uint64_t kLogSegmentBytes = 64 * kBlockBytes;
constexpr std::uint64_t kRetryNs = 1000;

LogSettings settings_of() {
  return {.instance = "log", .segment_bytes = kLogSegmentBytes, .run = 5, .retry_ns = kRetryNs};
}

/// Commits of `bytes` bytes or a little more each.
class Feeder {
 public:
  explicit Feeder(SegmentLog& log) : log_(log) {}
  int commit(std::size_t bytes = 100, std::uint64_t tick_ns = 0) {
    buffer_.clear();
    const Bytes frame(100, std::byte{1});
    while (buffer_.used() < bytes) EXPECT_TRUE(buffer_.add(next_id_++, {}, frame));
    return log_.commit(buffer_, 1, tick_ns);
  }
  [[nodiscard]] std::uint64_t given() const { return next_id_ - 1; }

 private:
  SegmentLog& log_;
  CommitBuffer buffer_{std::size_t{1} << 20, 5};
  std::uint64_t next_id_ = 1;
};

std::uint64_t count_steps(const SimulatedDisk& disk, Step::Kind kind) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(disk.steps(), [&](const Step& step) { return step.kind == kind; }));
}

TEST(SegmentLog, IsOneWriteAndOneSyncACommit) {
  SimulatedDisk disk({}, 1);
  SegmentLog log(disk, settings_of(), 1);
  Feeder feeder(log);
  ASSERT_EQ(feeder.commit(), 0);
  const std::uint64_t writes = count_steps(disk, Step::kWrite);
  const std::uint64_t syncs = count_steps(disk, Step::kSync);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(feeder.commit(), 0);
  EXPECT_EQ(count_steps(disk, Step::kWrite) - writes, 10U);
  EXPECT_EQ(count_steps(disk, Step::kSync) - syncs, 10U);
  EXPECT_EQ(log.begun(), 1U);
}

TEST(SegmentLog, AFailedSyncEndsTheSegmentAndTheNextCommitBeginsAnother) {
  SimulatedDisk disk({}, 1);
  SegmentLog log(disk, settings_of(), 1);
  Feeder feeder(log);
  ASSERT_EQ(feeder.commit(), 0);
  disk.set_faults({.sync = 1});
  EXPECT_EQ(feeder.commit(), EIO);
  EXPECT_EQ(log.abandoned(), 1U);
  disk.set_faults({});
  const std::size_t before = disk.steps().size();
  EXPECT_EQ(feeder.commit(), 0);
  EXPECT_EQ(log.number(), 2U);
  EXPECT_EQ(disk.steps()[before].kind, Step::kCreate) << "the failed one is not touched again";
  ASSERT_EQ(log.kept().size(), 1U);
  EXPECT_FALSE(log.kept().front().reusable);
}

TEST(SegmentLog, WithoutADiskCommitsFailAtOnceAndItComesBackByItself) {
  SimulatedDisk disk({}, 1);
  SegmentLog log(disk, settings_of(), 1);
  Feeder feeder(log);
  disk.set_faults({.create = 1});
  EXPECT_EQ(feeder.commit(100, 0), ENOSPC);
  const std::uint64_t met = disk.faults_met();
  EXPECT_EQ(feeder.commit(100, kRetryNs - 1), ENOSPC);
  EXPECT_EQ(disk.faults_met(), met) << "no try before its time";
  EXPECT_EQ(feeder.commit(100, kRetryNs), ENOSPC);
  EXPECT_EQ(disk.faults_met(), met + 1);
  disk.set_faults({});
  EXPECT_EQ(feeder.commit(100, 2 * kRetryNs), 0);
}

TEST(SegmentLog, ACommitThatNoSegmentCanHoldIsRefused) {
  SimulatedDisk disk({}, 1);
  SegmentLog log(disk, settings_of(), 1);
  Feeder feeder(log);
  EXPECT_EQ(feeder.commit(kLogSegmentBytes - kBlockBytes), EFBIG);
  EXPECT_EQ(feeder.commit(kLogSegmentBytes - 3 * kBlockBytes), 0);
}

TEST(SegmentLog, UsesTheBlocksOfWhatItTookOut) {
  SimulatedDisk disk({}, 1);
  SegmentLog log(disk, settings_of(), 1);
  Feeder feeder(log);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(feeder.commit(), 0);
    log.close(1);
  }
  ASSERT_EQ(log.kept().size(), 3U);
  EXPECT_EQ(log.remove_oldest(), 0);
  const std::uint64_t created = count_steps(disk, Step::kCreate);
  ASSERT_EQ(feeder.commit(), 0);
  EXPECT_EQ(count_steps(disk, Step::kCreate), created);
  std::vector<FolderEntry> entries;
  ASSERT_EQ(disk.list(entries), 0);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries.back().name, segment_name(4));
}

/// A folder on a real disk.
class Folder : public test::TempFolder {
 public:
  [[nodiscard]] Bytes read(const std::string& name) const {
    std::ifstream file(path() + "/" + name, std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(file), {});
    Bytes bytes(content.size());
    std::ranges::transform(content, bytes.begin(), [](char c) { return std::byte(c); });
    return bytes;
  }
};

TEST(PosixFileSystem, KeepsWhatTheLogWrites) {
  const Folder folder;
  PosixFileSystem files;
  ASSERT_EQ(files.open(folder.path() + "/letters"), 0);
  SegmentLog log(files, settings_of(), 1);
  Feeder feeder(log);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(feeder.commit(8 * kBlockBytes), 0);
  log.close(1);
  EXPECT_EQ(log.begun(), 4U);
  std::vector<FolderEntry> entries;
  ASSERT_EQ(files.list(entries), 0);
  std::uint64_t records = 0;
  for (const FolderEntry& entry : entries) {
    EXPECT_EQ(entry.bytes, kLogSegmentBytes);
    const FoundSegment found =
        scan_segment(*segment_number(entry.name), folder.read("letters/" + entry.name));
    EXPECT_EQ(found.state, SegmentState::kSound);
    EXPECT_EQ(found.end, SegmentEnd::kSealed);
    records += found.records;
  }
  EXPECT_EQ(records, feeder.given());
  EXPECT_EQ(log.remove_oldest(), 0);
  ASSERT_EQ(feeder.commit(), 0);
  EXPECT_EQ(scan_segment(5, folder.read("letters/" + segment_name(5))).records, 1U);
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/letters/" + segment_name(1)));
}

/// What may stand in the way of a file, and stays.
void make_in_the_way(const std::string& path, int kind) {
  if (kind == 0) std::filesystem::create_symlink("target", path);
  if (kind == 1) std::filesystem::create_directory(path);
  if (kind == 2) {
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  }
  if (kind == 3) std::ofstream(path) << std::string(2 * kBlockBytes, 'x');
}

TEST(PosixFileSystem, GoesPastNamesThatAreTaken) {
  for (int kind = 0; kind < 4; ++kind) {
    const Folder folder;
    PosixFileSystem files;
    ASSERT_EQ(files.open(folder.path()), 0);
    SegmentLog log(files, settings_of(), 1);
    Feeder feeder(log);
    for (const std::uint64_t number : {1U, 2U, 4U}) {
      make_in_the_way(folder.path() + "/" + segment_name(number), kind);
    }
    ASSERT_EQ(feeder.commit(), 0) << "in the next one, at once";
    EXPECT_EQ(log.number(), 3U);
    log.close(1);
    EXPECT_EQ(log.remove_oldest(), 0);
    EXPECT_EQ(log.spares(), 1U);
    ASSERT_EQ(feeder.commit(), 0) << "a spare file does not take the place of it either";
    EXPECT_EQ(log.number(), 5U);
    EXPECT_EQ(log.spares(), 0U);
    log.close(1);
    make_in_the_way(folder.path() + "/" + spare_name(5), kind);
    EXPECT_EQ(log.remove_oldest(), 0) << "without a spare";
    for (const std::string& name :
         {segment_name(1), segment_name(2), segment_name(4), spare_name(5)}) {
      const auto status = std::filesystem::symlink_status(folder.path() + "/" + name);
      EXPECT_TRUE(std::filesystem::exists(status)) << name;
    }
    EXPECT_FALSE(std::filesystem::exists(folder.path() + "/target"));
  }
}

TEST(PosixFileSystem, GivesUpWhenTooManyNamesAreTaken) {
  const Folder folder;
  PosixFileSystem files;
  ASSERT_EQ(files.open(folder.path()), 0);
  SegmentLog log(files, settings_of(), 1);
  Feeder feeder(log);
  for (std::uint64_t number = 1; number <= 64; ++number) {
    std::filesystem::create_directory(folder.path() + "/" + segment_name(number));
  }
  EXPECT_EQ(feeder.commit(100, 0), EEXIST);
  EXPECT_EQ(feeder.commit(100, kRetryNs), 0);
  EXPECT_EQ(log.number(), 65U);
}

TEST(PosixFileSystem, AFolderWithWhatIsNoneOfItsFilesIsRefused) {
  for (int kind = 0; kind < 4; ++kind) {
    for (const std::string& name : {segment_name(7), spare_name(7)}) {
      const Folder folder;
      make_in_the_way(folder.path() + "/" + name, kind);
      const dlq::Folder found(folder.path());
      EXPECT_THROW(check_usable(folder.path(), found, scan_folder(found)), FolderError)
          << kind << name;
    }
  }
}

TEST(PosixFileSystem, AFolderThatIsBeingWrittenIsNeverCalledDamaged) {
  const Folder folder;
  PosixFileSystem files;
  ASSERT_EQ(files.open(folder.path()), 0);
  std::atomic<std::uint64_t> durable{0};
  std::atomic<bool> done{false};
  std::jthread writer([&] {
    SegmentLog log(files, settings_of(), 1);
    Feeder feeder(log);
    for (int i = 0; i < 1500; ++i) {
      ASSERT_EQ(feeder.commit(), 0);
      durable = feeder.given();
    }
    done = true;
  });
  while (!done) {
    const std::uint64_t before = durable;
    const dlq::Folder now(folder.path());
    std::uint64_t records = 0;
    for (const ScannedSegment& segment : scan_folder(now)) {
      ASSERT_EQ(segment.found.records_behind, 0U) << segment.file.number;
      records += segment.found.records;
    }
    ASSERT_GE(records, before);
  }
}

TEST(PosixFileSystem, SaysWhatDoesNotWork) {
  const Folder folder;
  PosixFileSystem nowhere;
  EXPECT_EQ(nowhere.open(folder.path() + "/a/b"), ENOENT);
  PosixFileSystem files;
  ASSERT_EQ(files.open(folder.path()), 0);
  std::unique_ptr<File> file;
  EXPECT_EQ(files.reuse("not-there", file), ENOENT);
  ASSERT_EQ(files.create("there", kBlockBytes, file), 0);
  EXPECT_EQ(files.create("there", kBlockBytes, file), EEXIST);
  std::filesystem::create_symlink("there", folder.path() + "/link");
  EXPECT_EQ(files.reuse("link", file), ELOOP);
  EXPECT_EQ(files.remove("not-there"), ENOENT);
}

TEST(PosixFileSystem, MakesTheFolderAgainThatWasTakenAway) {
  const Folder folder;
  PosixFileSystem files;
  ASSERT_EQ(files.open(folder.path() + "/a"), 0);
  std::filesystem::remove_all(folder.path() + "/a");
  std::unique_ptr<File> file;
  EXPECT_EQ(files.create("again", kBlockBytes, file), 0);
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/a/again"));
  std::filesystem::remove_all(folder.path());
  EXPECT_EQ(files.create("again", kBlockBytes, file), ENOENT) << "but not its parent";
}

TEST(PosixFileSystem, DoesNotBelieveAFileThatIsGone) {
  const Folder folder;
  PosixFileSystem files;
  ASSERT_EQ(files.open(folder.path()), 0);
  SegmentLog log(files, settings_of(), 1);
  Feeder feeder(log);
  ASSERT_EQ(feeder.commit(), 0);
  std::filesystem::remove(folder.path() + "/" + segment_name(1));
  EXPECT_EQ(feeder.commit(), ENOENT);
  EXPECT_EQ(feeder.commit(), 0) << "in another";
  EXPECT_EQ(log.number(), 2U);
}

TEST(PosixFileSystem, TakesAFolderForItselfAlone) {
  const Folder folder;
  PosixFileSystem first;
  ASSERT_EQ(first.open(folder.path()), 0);
  EXPECT_EQ(PosixFileSystem().open(folder.path()), EWOULDBLOCK);
  ASSERT_EQ(first.open(folder.path()), 0) << "again by the one that has it";
}

TEST(PosixFileSystem, WritesNothingIntoAFolderThatIsAnothersNow) {
  const Folder folder;
  PosixFileSystem files;
  ASSERT_EQ(files.open(folder.path() + "/a"), 0);
  std::filesystem::remove_all(folder.path() + "/a");
  PosixFileSystem other;
  ASSERT_EQ(other.open(folder.path() + "/a"), 0);
  std::unique_ptr<File> file;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(files.create("mine", kBlockBytes, file), EWOULDBLOCK);
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/a/mine"));
}

}  // namespace
}  // namespace esc::dlq::testing
