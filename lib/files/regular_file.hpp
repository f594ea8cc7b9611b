// SPDX-License-Identifier: BSD-3-Clause
// Regular files, opened without touching anything else: the only way that our programs open files
// that somebody names. A device may act when it is merely opened, a FIFO or a terminal may hold
// its reader up for good, and /dev/zero has no end. So what a name stands for is looked at through
// a descriptor that opens nothing (O_PATH), and only a regular file is then opened, by that
// descriptor: nobody can put something else there in between.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/file_descriptor.hpp"
#include "files/file_error.hpp"

namespace esc::files {

/// Whether the last part of a path may be a symbolic link.
enum class Links : std::uint8_t { kFollow, kRefuse };

/// "a FIFO", "a directory", ... of a file's mode, for messages.
[[nodiscard]] std::string kind_of(mode_t mode);

/// Whether a file is on a file system of the kernel's own, /proc or /sys: what looks like a file
/// there stores nothing, and writing to it may have effects.
[[nodiscard]] bool is_of_the_kernel(const FileDescriptor& file) noexcept;

/// `flags` as of open(2): O_RDONLY, O_RDWR, O_WRONLY | O_APPEND, ... without O_CREAT. The result is
/// non-blocking. Files of the kernel cannot be opened for writing (EROFS). On failure there is no
/// descriptor, and either `error` is set, or `mode` to that of what is there instead.
struct Opened {
  FileDescriptor fd;
  int error = 0;                    ///< errno; 0 with no `fd`: it is no regular file
  std::optional<mode_t> mode = {};  ///< of what is there
};
/// `folder`: a descriptor that `name` is relative to, or AT_FDCWD.
[[nodiscard]] Opened open_regular_at(int folder, const std::string& name, int flags, Links links);

/// An existing regular file, open for reading. Throws FileError.
[[nodiscard]] FileDescriptor open_to_read(const std::string& path, Links links = Links::kFollow);

/// Reads the rest of an open file. If that is more than `max_bytes`, the file is refused. `path` is
/// for messages. Throws FileError, and std::bad_alloc.
[[nodiscard]] std::string read_rest(const FileDescriptor& file, const std::string& path,
                                    std::size_t max_bytes);

/// A whole regular file. Throws FileError, and std::bad_alloc.
[[nodiscard]] std::string read_file(const std::string& path, std::size_t max_bytes,
                                    Links links = Links::kFollow);

/// A whole small file of /proc or /sys, whose size nobody knows before it is read; nullopt: not
/// there, not readable, or larger than `max_bytes`.
[[nodiscard]] std::optional<std::string> read_system_file(const std::string& path,
                                                          std::size_t max_bytes = 4U << 20U);

}  // namespace esc::files
