// SPDX-License-Identifier: BSD-3-Clause
// A file that takes another's place when it is whole.
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
/// (NAME.new-PROCESS-NUMBER) nothing had before. What is at the place and is no regular file is
/// left alone, and the write refused. Not committed: the new file goes with this object; a process
/// that is killed leaves it. Thread: one. All throw FileError.
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
  /// Brings the bytes to the disk, renames, and makes the name last.
  void commit();

 private:
  void make(mode_t mode);
  /// Nobody has put another file, or none, in place of the one that was written.
  [[nodiscard]] bool is_still_there() const noexcept;
  [[noreturn]] void fail(const std::string& what, int error) const;

  const Place& place_;
  std::string new_name_;
  FileDescriptor file_;
  std::uint64_t bytes_ = 0;
  bool committed_ = false;
};

/// The whole of it at once.
void replace_file(const Place& place, std::string_view text, mode_t mode = 0600);

}  // namespace esc::files
