// SPDX-License-Identifier: BSD-3-Clause
// The operations that the log of dead letters needs of a folder on a disk. posix_file_system.hpp
// does them on a real disk; tests/unit/dlq/simulated_disk.hpp simulates a disk that loses what was
// not synced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace esc::dlq {

/// An open file. Every call returns 0 or an errno. The destructor closes it. Thread: one.
class File {
 public:
  File() = default;
  virtual ~File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// Writes all of it, or returns an error: then it is unknown how much was written. `offset` and
  /// the size are multiples of kBlockBytes, and `bytes` begins at such an address.
  [[nodiscard]] virtual int write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  /// Returns 0 when what was written is on the disk. After an error it may never get there, even if
  /// a later call returns 0.
  [[nodiscard]] virtual int sync() = 0;
  /// Both, the sync only if the write was whole.
  [[nodiscard]] virtual int write_and_sync(std::uint64_t offset, std::span<const std::byte> bytes) {
    const int error = write(offset, bytes);
    return error != 0 ? error : sync();
  }
};

struct FolderEntry {
  std::string name;
  std::uint64_t bytes = 0;
  bool regular = true;  ///< a regular file; anything else is not ours, whatever its name
};

/// A folder. Thread: one.
class FileSystem {
 public:
  FileSystem() = default;
  virtual ~FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;

  /// Makes a file of that size, all zeros. EEXIST: something has that name already, and is left
  /// alone. After another error the file may exist nevertheless.
  [[nodiscard]] virtual int create(const std::string& name, std::uint64_t bytes,
                                   std::unique_ptr<File>& file) = 0;
  /// Opens a file that exists, with what is in it.
  [[nodiscard]] virtual int reuse(const std::string& name, std::unique_ptr<File>& file) = 0;
  /// Renames a regular file. EEXIST: something has the new name already.
  [[nodiscard]] virtual int rename(const std::string& from, const std::string& to) = 0;
  /// A regular file.
  [[nodiscard]] virtual int remove(const std::string& name) = 0;
  /// Returns 0 when names that were created, renamed and removed are so on the disk.
  [[nodiscard]] virtual int sync_folder() = 0;
  [[nodiscard]] virtual int list(std::vector<FolderEntry>& entries) = 0;
  /// The free bytes that this process may use.
  [[nodiscard]] virtual int free_bytes(std::uint64_t& bytes) = 0;
};

}  // namespace esc::dlq
