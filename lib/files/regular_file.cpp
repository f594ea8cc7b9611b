// SPDX-License-Identifier: BSD-3-Clause
#include "files/regular_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/errno_text.hpp"

namespace esc::files {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

std::string fix_of(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "check its permissions and your user";
    case ENOENT:
    case ENOTDIR:
      return "check the path and the working directory";
    case ELOOP:
      return "name the file itself, not a symbolic link to it";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    default:
      return "check the disk that it is on";
  }
}

/// Opens it by its name once more, and closes it again if it is not the same file.
FileDescriptor reopen(int folder, const std::string& name, int flags, const struct stat& seen) {
  FileDescriptor file(::openat(folder, name.c_str(), flags));
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) return {};
  if (status.st_dev == seen.st_dev && status.st_ino == seen.st_ino) return file;
  errno = ESTALE;
  return {};
}

}  // namespace

std::string kind_of(mode_t mode) {
  switch (mode & static_cast<mode_t>(S_IFMT)) {
    case S_IFREG:
      return "a regular file";
    case S_IFDIR:
      return "a directory";
    case S_IFLNK:
      return "a symbolic link";
    case S_IFIFO:
      return "a FIFO";
    case S_IFSOCK:
      return "a socket";
    case S_IFCHR:
      return "a character device";
    case S_IFBLK:
      return "a block device";
    default:
      return "no regular file";
  }
}

bool is_of_the_kernel(const FileDescriptor& file) noexcept {
  struct statfs system {};
  if (::fstatfs(file.get(), &system) != 0) return false;
  const auto kind = static_cast<std::uint32_t>(system.f_type);
  return kind == PROC_SUPER_MAGIC || kind == SYSFS_MAGIC;
}

Opened open_regular_at(int folder, const std::string& name, int flags, Links links) {
  Opened opened;
  const int follow = links == Links::kRefuse ? O_NOFOLLOW : 0;
  const FileDescriptor seen(::openat(folder, name.c_str(), O_PATH | O_CLOEXEC | follow));
  struct stat status {};
  if (!seen.valid() || ::fstat(seen.get(), &status) != 0) {
    opened.error = errno;
    return opened;
  }
  opened.mode = status.st_mode;
  if (!S_ISREG(status.st_mode)) return opened;
  if ((flags & O_ACCMODE) != O_RDONLY && is_of_the_kernel(seen)) {
    opened.error = EROFS;
    return opened;
  }
  // This link leads to the very file that was looked at, even if its name now means another.
  const std::string itself = "/proc/self/fd/" + std::to_string(seen.get());
  flags |= O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  opened.fd = FileDescriptor(::open(itself.c_str(), flags));
  // A program that has capabilities from its executable may not use that link.
  if (!opened.fd.valid() && (errno == EACCES || errno == ENOENT)) {
    opened.fd = reopen(folder, name, flags | follow, status);
  }
  if (!opened.fd.valid()) opened.error = errno;
  return opened;
}

FileDescriptor open_to_read(const std::string& path, Links links) {
  Opened opened = open_regular_at(AT_FDCWD, path, O_RDONLY, links);
  if (opened.error != 0) {
    throw FileError(path + ": " + errno_text(opened.error), fix_of(opened.error), opened.error);
  }
  if (!opened.fd.valid()) {
    throw FileError(path + ": it is " + kind_of(opened.mode.value_or(0)), "name a regular file");
  }
  return std::move(opened.fd);
}

std::string read_rest(const FileDescriptor& file, const std::string& path, std::size_t max_bytes) {
  std::string text;
  for (;;) {
    const std::size_t done = text.size();
    const std::size_t room = std::min(kPieceBytes, max_bytes - done);
    // One byte more than allowed is enough to see that a file is too large or has no end.
    text.resize(done + std::max<std::size_t>(room, 1));
    const ssize_t got = ::read(file.get(), text.data() + done, text.size() - done);
    const int error = errno;
    text.resize(done + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && error == EINTR) continue;
    if (got < 0) throw FileError(path + ": " + errno_text(error), fix_of(error), error);
    if (got == 0) return text;
    if (text.size() > max_bytes) {
      throw FileError(path + ": it has more than " + std::to_string(max_bytes) + " bytes",
                      std::to_string(max_bytes) + " bytes are the bound", EFBIG);
    }
  }
}

std::string read_file(const std::string& path, std::size_t max_bytes, Links links) {
  return read_rest(open_to_read(path, links), path, max_bytes);
}

std::optional<std::string> read_system_file(const std::string& path, std::size_t max_bytes) {
  try {
    return read_file(path, max_bytes);
  } catch (const FileError&) {
    return std::nullopt;
  }
}

}  // namespace esc::files
