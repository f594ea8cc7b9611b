// SPDX-License-Identifier: BSD-3-Clause
// What the dead letters' log asks of a folder on a disk. A real one: posix_file_system.hpp; one
// that loses what was not brought to the disk: tests/unit/dlq/simulated_disk.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace esc::dlq {

/// An open file. Every call says 0 or an errno. Closing is the destructor. Thread: one.
class File {
 public:
  File() = default;
  virtual ~File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// All of it or an error: then nobody knows how much of it was written. `offset` and the size are
  /// multiples of kBlockBytes, and `bytes` begins at one.
  [[nodiscard]] virtual int write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  /// What was written is on the disk when this says 0. After an error it may never get there, even
  /// if a later call says 0.
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
  bool regular = true;  ///< a plain file: anything else is not ours, whatever its name
};

/// A folder. Thread: one.
class FileSystem {
 public:
  FileSystem() = default;
  virtual ~FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;

  /// A new file of that size; its bytes are zero. EEXIST: something of that name is there, and is
  /// left alone. On another error there may be a file of ours nevertheless.
  [[nodiscard]] virtual int create(const std::string& name, std::uint64_t bytes,
                                   std::unique_ptr<File>& file) = 0;
  /// One that exists, with what is in it.
  [[nodiscard]] virtual int reuse(const std::string& name, std::unique_ptr<File>& file) = 0;
  /// A regular file, to a name that nothing has: EEXIST if something has it.
  [[nodiscard]] virtual int rename(const std::string& from, const std::string& to) = 0;
  /// A regular file.
  [[nodiscard]] virtual int remove(const std::string& name) = 0;
  /// Names that were created, renamed and removed are so on the disk.
  [[nodiscard]] virtual int sync_folder() = 0;
  [[nodiscard]] virtual int list(std::vector<FolderEntry>& entries) = 0;
  /// Bytes that are free for us.
  [[nodiscard]] virtual int free_bytes(std::uint64_t& bytes) = 0;
};

}  // namespace esc::dlq
