// SPDX-License-Identifier: BSD-3-Clause
// Dead letters on a disk: commits, compared with the simplest loop that writes and syncs as much,
// and reading a folder back from the page cache. The folder is made in TMPDIR.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include "base/file_descriptor.hpp"
#include "dlq/commit_buffer.hpp"
#include "dlq/folder.hpp"
#include "dlq/posix_file_system.hpp"
#include "dlq/segment_log.hpp"
#include "esc-dlq/filter.hpp"
#include "esc-dlq/statistics.hpp"
#include "storage/commit_pipe.hpp"
#include "support/temp_folder.hpp"

namespace {

using namespace esc;

constexpr std::size_t kCommitBytes = 1U << 20U;
constexpr std::uint64_t kSegmentBytes = 64U << 20U;
constexpr std::size_t kFrameBytes = 96;  // 64 bytes of payload under a topic of 25
constexpr std::uint64_t kRun = 7;
constexpr std::uint64_t kTopics = 64;
constexpr double kSeconds = 0.5;
constexpr std::size_t kWarmSegments = 8;
constexpr std::size_t kMostKept = 4;  // then segments are written over, as they are in the long run
// The segments that are kept, the one that is being written, and a spare one.
constexpr std::uint64_t kSpanBytes = (kMostKept + 2) * kSegmentBytes;
constexpr std::chrono::microseconds kNap{100};  // the nap of an lcore that has nothing to do

void count_bytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

// Writes over blocks that were written before, which a disk does fastest, and over as many blocks
// as the log uses.
void raw_write_and_sync(benchmark::State& state) {
  const test::TempFolder folder;
  const FileDescriptor file(
      ::open((folder.path() + "/raw").c_str(), O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600));
  dlq::AlignedBytes block(kCommitBytes);
  for (std::size_t i = 0; i < block.span().size(); ++i)
    block.span()[i] = static_cast<std::byte>(i * 31);
  const auto write = [&](std::uint64_t offset) {
    return ::pwrite(file.get(), block.span().data(), kCommitBytes, static_cast<off_t>(offset)) ==
               static_cast<ssize_t>(kCommitBytes) &&
           ::fdatasync(file.get()) == 0;
  };
  for (std::uint64_t at = 0; at < kSpanBytes; at += kCommitBytes) {
    if (!write(at)) return state.SkipWithError("the disk refuses O_DIRECT, or is full");
  }
  std::uint64_t at = 0;
  for (auto _ : state) {
    if (!write(at)) return state.SkipWithError("the disk refuses");
    at = (at + kCommitBytes) % kSpanBytes;
  }
  count_bytes(state, kCommitBytes);
}
// Runs for several segments, whatever time is asked for, because making a new segment is part of
// the cost.
BENCHMARK(raw_write_and_sync)->UseRealTime()->MinTime(kSeconds)->Unit(benchmark::kMicrosecond);

/// Fills commits on a thread of its own, as the storage lcore does.
class Filler {
 public:
  explicit Filler(storage::CommitPipe& pipe)
      : thread_([this, &pipe](const std::stop_token& stop) { run(stop, pipe); }) {}

 private:
  void run(const std::stop_token& stop, storage::CommitPipe& pipe) {
    dlq::Letter letter;
    letter.reason = 1;
    std::array<std::byte, kFrameBytes> frame{};
    for (std::uint64_t id = 1; !stop.stop_requested();) {
      storage::Commit* commit = pipe.empty();
      if (commit == nullptr) {
        std::this_thread::sleep_for(kNap);
        continue;
      }
      while (commit->buffer.add(id, letter, frame)) letter.sequence = ++id;
      pipe.hand_over(*commit);
    }
  }
  std::jthread thread_;
};

storage::Commit& next(storage::CommitPipe& pipe) {
  for (;;) {
    if (storage::Commit* commit = pipe.full(); commit != nullptr) return *commit;
    std::this_thread::yield();
  }
}

// Makes letters with their checksums, writes and syncs them; fills whole segments and recycles
// them.
void log_commit(benchmark::State& state, dlq::CommitPath path) {
  const test::TempFolder folder;
  dlq::PosixFileSystem files(path);
  if (files.open(folder.path()) != 0) return state.SkipWithError("no folder");
  dlq::SegmentLog log(files, {.instance = "bench", .segment_bytes = kSegmentBytes, .run = kRun}, 1);
  storage::CommitPipe pipe(8, kCommitBytes, kRun, 1, 1);
  const Filler filler(pipe);
  const auto commit = [&] {
    storage::Commit& one = next(pipe);
    const int error = log.commit(one.buffer, 1, 0);
    pipe.give_back(one);
    while (log.kept().size() > kMostKept) {
      if (log.remove_oldest() != 0) return false;
    }
    return error == 0;
  };
  // Runs until every block has been written once.
  while (log.begun() < kMostKept + 3) {
    if (!commit()) return state.SkipWithError("the disk refuses");
  }
  for (auto _ : state) {
    if (!commit()) return state.SkipWithError("the disk refuses");
  }
  if (files.commit_path() != path) state.SkipWithError("io_uring is not to be had");
  count_bytes(state, kCommitBytes);
}
BENCHMARK_CAPTURE(log_commit, io_uring, dlq::CommitPath::kRing)
    ->UseRealTime()
    ->MinTime(kSeconds)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(log_commit, system_calls, dlq::CommitPath::kSystemCalls)
    ->UseRealTime()
    ->MinTime(kSeconds)
    ->Unit(benchmark::kMicrosecond);

/// A folder of eight segments, in the page cache.
class WarmFolder {
 public:
  WarmFolder() {
    dlq::PosixFileSystem files;
    if (files.open(folder_.path()) != 0) throw std::runtime_error("no folder");
    dlq::SegmentLog log(files, {.instance = "bench", .segment_bytes = kSegmentBytes, .run = kRun},
                        1);
    dlq::CommitBuffer buffer(kCommitBytes, kRun);
    dlq::Letter letter;
    letter.reason = 1;
    std::array<std::byte, kFrameBytes> frame{};
    // A topic of 25 bytes.
    frame[3] = static_cast<std::byte>(kFrameBytes - 4);
    frame[6] = std::byte{25};
    // Makes full segments: the commit that does not fit begins the next segment, which is thrown
    // away.
    for (std::uint64_t id = 1; log.begun() <= kWarmSegments;) {
      buffer.clear();
      while (buffer.add(id, letter, frame)) {
        letter.sequence = ++id;
        frame[7] = static_cast<std::byte>(' ' + id * 2'654'435'761U % kTopics);
      }
      if (log.commit(buffer, 1, 0) != 0) throw std::runtime_error("the disk refuses");
    }
    log.close(1);
    if (files.remove(dlq::segment_name(kWarmSegments + 1)) != 0)
      throw std::runtime_error("the disk refuses");
    (void)dlq::scan_folder(dlq::Folder(folder_.path()));
  }
  [[nodiscard]] const std::string& path() const noexcept { return folder_.path(); }

 private:
  test::TempFolder folder_;
};

const std::string& warm_folder() {
  static const WarmFolder folder;
  return folder.path();
}

void verify(benchmark::State& state) {
  const dlq::Folder folder(warm_folder());
  for (auto _ : state) {
    const auto segments = dlq::scan_folder(folder);
    benchmark::DoNotOptimize(segments.data());
  }
  count_bytes(state, folder.bytes());
}
BENCHMARK(verify)->UseRealTime()->Unit(benchmark::kMillisecond);

void stats(benchmark::State& state) {
  const dlq::Folder folder(warm_folder());
  for (auto _ : state) {
    const auto statistics = dlq_tool::gather(folder, {}, [](std::uint64_t) {});
    if (statistics.letters() == 0) return state.SkipWithError("nothing was counted");
  }
  count_bytes(state, folder.bytes());
}
BENCHMARK(stats)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
