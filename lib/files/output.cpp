// SPDX-License-Identifier: BSD-3-Clause
#include "files/output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/errno_text.hpp"
#include "base/write_all.hpp"
#include "files/replacement.hpp"

namespace esc::files {
namespace {

constexpr int kReaderTimeoutMs = 1000;
constexpr mode_t kOutputMode = 0666;

/// The mode of what the path leads to; nullopt: there is nothing.
std::optional<mode_t> mode_behind(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status.st_mode;
}

bool is_kept_by_name(const std::optional<mode_t>& mode) {
  return !mode || S_ISREG(*mode) || S_ISDIR(*mode) || S_ISBLK(*mode);
}

}  // namespace

std::optional<Trouble> output_trouble(const std::string& path) {
  const auto mode = mode_behind(path);
  if (mode && S_ISDIR(*mode)) {
    return Trouble{"it is a directory", "name a file in it, such as " + path + "/output"};
  }
  if (mode && S_ISBLK(*mode)) {
    return Trouble{"it is a disk, which would be overwritten", "name a file"};
  }
  if (mode && S_ISSOCK(*mode)) {
    return Trouble{"it is a socket, which no program can open", "name a file"};
  }
  if (!is_kept_by_name(mode)) {
    if (::access(path.c_str(), W_OK) == 0) return std::nullopt;
    return Trouble{"this user may not write to it", "name a file that is writable"};
  }
  try {
    const Place place(path, Links::kFollow);
    return place.trouble();
  } catch (const FileError& error) {
    return Trouble{error.what(), error.fix()};
  }
}

void write_output(const std::string& path, std::string_view text) {
  if (is_kept_by_name(mode_behind(path))) {
    replace_file(Place(path, Links::kFollow), text, kOutputMode);
    return;
  }
  // Non-blocking: a FIFO without a reader refuses instead of waiting for one.
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  const int error = file.valid() ? write_all(file.get(), text, kReaderTimeoutMs) : errno;
  if (error == 0) return;
  throw FileError(path + ": " + errno_text(error), "look at what reads it, or name a file", error);
}

}  // namespace esc::files
