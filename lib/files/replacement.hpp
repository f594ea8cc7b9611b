// SPDX-License-Identifier: BSD-3-Clause
// Writes a file that takes the place of another once it is whole.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "files/place.hpp"

namespace esc::files {

/// Writes a file beside a place and renames it there, so that the place has the old file or the
/// whole new one, also when several write it at once: each writes a file of its own, whose name
/// (NAME.new-PROCESS-NUMBER) nothing had before. If something other than a regular file is at the
/// place, it is left alone and the write is refused. Without commit() the new file is removed with
/// this object; a process that is killed leaves it behind. Thread: one. All throw FileError.
class Replacement {
 public:
  /// `mode`: of the new file, less the process's umask.
  explicit Replacement(const Place& place, mode_t mode = 0600);
  ~Replacement();
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;

  void write(std::span<const std::uint8_t> bytes);
  void write(std::string_view text);
  /// Open for writing at its end; for a library that writes by descriptor. Owned by this object.
  [[nodiscard]] int fd() const noexcept { return file_.get(); }
  /// Syncs the bytes to the disk, renames the file, and syncs the folder.
  void commit();

 private:
  void make(mode_t mode);
  /// Whether the file that was written is still there: nobody has removed or replaced it.
  [[nodiscard]] bool is_still_there() const noexcept;
  [[noreturn]] void fail(const std::string& what, int error) const;

  const Place& place_;
  std::string new_name_;
  FileDescriptor file_;
  std::uint64_t bytes_ = 0;
  bool committed_ = false;
};

/// Replaces the file with `text` in one call.
void replace_file(const Place& place, std::string_view text, mode_t mode = 0600);

}  // namespace esc::files
