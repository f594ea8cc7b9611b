// SPDX-License-Identifier: BSD-3-Clause
// The thread that waits for the disk.
#pragma once

#include <thread>

#include "storage/commit_writer.hpp"

namespace esc::storage {

/// Runs a store's CommitWriter: writes what waits, looks at what is to be removed, and naps while
/// there is nothing. Owned by the main lcore's thread, on whose CPU it stays.
class WritingThread {
 public:
  /// `writer` outlives it.
  explicit WritingThread(CommitWriter& writer) : writer_(writer) {}

  /// `name`: at most 15 characters, as the kernel shows it.
  void start(const char* name);
  /// After the last commit was written: seals the log, and returns once that is done.
  void finish();
  /// For a disk that does not answer: nothing can be taken down under the thread, which lives on.
  void abandon();

 private:
  void run(const std::stop_token& stop);

  CommitWriter& writer_;
  std::jthread thread_;
};

/// The wall clock, as records have it: without a system call.
[[nodiscard]] std::uint64_t unix_ns();

}  // namespace esc::storage
