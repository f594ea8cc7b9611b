// SPDX-License-Identifier: BSD-3-Clause
#include "files/append.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/errno_text.hpp"
#include "base/write_all.hpp"
#include "files/regular_file.hpp"

namespace esc::files {
namespace {

[[noreturn]] void refuse(const std::string& path, int error) {
  throw FileError(path + ": " + errno_text(error),
                  "name a file that this user may write, in a folder that is there", error);
}

}  // namespace

FileDescriptor open_to_append(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_APPEND;
  // Somebody else, such as logrotate, may make or remove the file meanwhile, but not over and over.
  constexpr int kTries = 4;
  int error = 0;
  for (int i = 0; i < kTries; ++i) {
    Opened opened = open_regular_at(AT_FDCWD, path, kFlags, Links::kFollow);
    if (opened.fd.valid()) return std::move(opened.fd);
    if (opened.error == 0) {
      throw FileError(path + ": it is " + kind_of(opened.mode.value_or(0)), "name a regular file");
    }
    if (opened.error != ENOENT) refuse(path, opened.error);
    FileDescriptor made(
        ::open(path.c_str(), kFlags | O_CREAT | O_EXCL | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666));
    if (made.valid()) return made;
    error = errno;
    if (error != EEXIST) break;
  }
  refuse(path, error);
}

int append(const FileDescriptor& file, const char* bytes, std::size_t count) noexcept {
  return write_all(file.get(), {bytes, count}, kForeverMs);
}

}  // namespace esc::files
