// SPDX-License-Identifier: BSD-3-Clause
// A folder of this machine, written past the page cache.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/file_descriptor.hpp"
#include "dlq/commit_ring.hpp"
#include "dlq/file_system.hpp"

namespace esc::dlq {

/// What is in an open folder, but for "." and ".."; 0 or an errno.
[[nodiscard]] int list_folder(int folder, std::vector<FolderEntry>& entries);

/// What PosixFileSystem::open() would return for that folder: 0 or an errno. Makes nothing; takes
/// the lock for a moment.
[[nodiscard]] int look_at_folder(const std::string& folder);

/// How commits get to the disk.
enum class CommitPath : std::uint8_t {
  kSystemCalls,  ///< pwritev2, then fdatasync
  kRing,         ///< io_uring where the kernel allows it, else as above
};

/// Files opened with O_DIRECT; where a file system knows no O_DIRECT, without it. Makes the folder
/// (mode 0700) if it is not there, also if it was removed meanwhile. Thread: as FileSystem; all
/// commits must come from the thread that made the first.
class PosixFileSystem : public FileSystem {
 public:
  explicit PosixFileSystem(CommitPath path = CommitPath::kSystemCalls) noexcept
      : commit_path_(path) {}

  /// The way in which commits are written; before the first one, the way that was asked for. Any
  /// thread.
  [[nodiscard]] CommitPath commit_path() const noexcept {
    return commit_path_.load(std::memory_order_relaxed);
  }

  /// Takes the folder for this program alone: EWOULDBLOCK if another has it. 0 or an errno.
  [[nodiscard]] int open(const std::string& folder);

  [[nodiscard]] int create(const std::string& name, std::uint64_t bytes,
                           std::unique_ptr<File>& file) override;
  [[nodiscard]] int reuse(const std::string& name, std::unique_ptr<File>& file) override;
  [[nodiscard]] int rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] int remove(const std::string& name) override;
  [[nodiscard]] int sync_folder() override;
  [[nodiscard]] int list(std::vector<FolderEntry>& entries) override;
  [[nodiscard]] int free_bytes(std::uint64_t& bytes) override;

 private:
  [[nodiscard]] int open_folder();
  [[nodiscard]] int create_here(const std::string& name, std::uint64_t bytes,
                                std::unique_ptr<File>& file);
  [[nodiscard]] int open_file(const std::string& name, int flags, FileDescriptor& fd) const;

  class PlainFile;
  class RingFile;
  [[nodiscard]] std::unique_ptr<File> make_file(FileDescriptor fd);
  /// Null: commits go by system calls.
  [[nodiscard]] CommitRing* ring();
  void give_up_ring() noexcept;

  std::atomic<CommitPath> commit_path_;  ///< relaxed: only shown to people
  CommitRing ring_;
  std::string path_;
  FileDescriptor folder_;
};

}  // namespace esc::dlq
