// SPDX-License-Identifier: BSD-3-Clause
// The thread that waits for the disk.
#pragma once

#include <thread>

#include "storage/commit_writer.hpp"

namespace esc::storage {

/// Runs a store's CommitWriter: writes the commits that wait, removes old segments about once a
/// second, and sleeps in between. The main lcore's thread starts it, so it stays on that CPU.
class WritingThread {
 public:
  /// `writer` outlives it.
  explicit WritingThread(CommitWriter& writer) : writer_(writer) {}

  /// `name`: at most 15 characters; the kernel shows the thread under this name.
  void start(const char* name);
  /// Call it after the last commit was written: the thread seals the log and ends; returns after
  /// that.
  void finish();
  /// For a disk that does not answer: leaves the thread running. Nothing that the thread uses may
  /// be destroyed after that.
  void abandon();

 private:
  void run(const std::stop_token& stop);

  CommitWriter& writer_;
  std::jthread thread_;
};

/// The wall clock in nanoseconds since 1970, read without a system call.
[[nodiscard]] std::uint64_t unix_ns();

}  // namespace esc::storage
