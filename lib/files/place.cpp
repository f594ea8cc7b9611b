// SPDX-License-Identifier: BSD-3-Clause
#include "files/place.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/errno_text.hpp"

namespace esc::files {
namespace {

std::string folder_fix(int error) {
  if (error == ENOENT) return "create it, or name another path";
  if (error == ENOTDIR) return "name a path whose folder is one";
  return "change its permissions, or name another path";
}

/// 0: there is nothing, or a regular file; else what remove_regular_at() would return.
int judge(int folder, const std::string& name, bool must_be) noexcept {
  struct stat status {};
  if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT && !must_be ? 0 : errno;
  }
  return S_ISREG(status.st_mode) ? 0 : kNotRegular;
}

}  // namespace

int remove_regular_at(int folder, const std::string& name) noexcept {
  if (const int error = judge(folder, name, true); error != 0) return error;
  return ::unlinkat(folder, name.c_str(), 0) == 0 ? 0 : errno;
}

int rename_regular_at(int folder, const std::string& from, const std::string& to) noexcept {
  if (const int error = judge(folder, from, true); error != 0) return error;
  if (const int error = judge(folder, to, false); error != 0) return error;
  return ::renameat(folder, from.c_str(), folder, to.c_str()) == 0 ? 0 : errno;
}

int move_regular_at(int folder, const std::string& from, const std::string& to) noexcept {
  if (const int error = judge(folder, from, true); error != 0) return error;
  if (::renameat2(folder, from.c_str(), folder, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // This file system does not support such a rename.
  if (::faccessat(folder, to.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  return ::renameat(folder, from.c_str(), folder, to.c_str()) == 0 ? 0 : errno;
}

Opened open_or_make_at(int folder, const std::string& name, int flags, mode_t mode) {
  struct stat status {};
  if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    if (!S_ISREG(status.st_mode)) return {{}, 0, status.st_mode};
  } else if (errno != ENOENT) {
    return {{}, errno};
  }
  // Non-blocking, in case a FIFO was put there in between; then it is closed again.
  FileDescriptor file(::openat(folder, name.c_str(),
                               flags | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                               mode));
  if (!file.valid() || ::fstat(file.get(), &status) != 0) return {{}, errno};
  if (!S_ISREG(status.st_mode)) return {{}, 0, status.st_mode};
  return {std::move(file), 0, status.st_mode};
}

Place::Place(const std::string& path, Links links) : path_(path) {
  std::filesystem::path real = path;
  std::error_code error;
  if (links == Links::kFollow && std::filesystem::is_symlink(real, error)) {
    real = std::filesystem::weakly_canonical(real, error);
    if (error) fail("cannot be followed", error.value());
  }
  name_ = real.filename();
  if (name_.empty() || name_ == "." || name_ == "..") {
    throw FileError(path_ + ": it names a folder", "name a file in it");
  }
  const std::string folder = real.has_parent_path() ? real.parent_path().string() : ".";
  folder_ = FileDescriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_.valid()) {
    const int code = errno;
    // A folder that may be searched but not listed is good enough, except that it cannot be synced.
    if (code == EACCES) folder_ = FileDescriptor(::open(folder.c_str(), O_PATH | O_CLOEXEC));
    if (!folder_.valid()) {
      throw FileError(path_ + ": folder " + folder + ": " + errno_text(code), folder_fix(code),
                      code);
    }
  }
}

Place::Place(FileDescriptor folder, std::string path, std::string name)
    : path_(std::move(path)), folder_(std::move(folder)), name_(std::move(name)) {}

std::optional<mode_t> Place::mode_of(const std::string& name) const {
  struct stat status {};
  if (::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    return status.st_mode;
  }
  if (errno == ENOENT) return std::nullopt;
  fail("cannot be looked at", errno);
}

std::optional<Trouble> Place::trouble() const {
  const auto there = mode();
  if (there && !S_ISREG(*there)) {
    return Trouble{path_ + " is " + kind_of(*there), "name a regular file, or one that is not yet"};
  }
  if (::faccessat(folder_.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    return Trouble{path_ + ": its folder: " + errno_text(errno), folder_fix(errno)};
  }
  if (is_of_the_kernel(folder_)) {
    return Trouble{path_ + ": its folder shows the kernel's own figures, and keeps no files",
                   "name another path"};
  }
  return std::nullopt;
}

FileDescriptor Place::open_to_read() const {
  Opened opened = open_regular_at(folder_.get(), name_, O_RDONLY, Links::kRefuse);
  if (opened.error == ENOENT) return {};
  if (opened.error != 0) fail("cannot be opened", opened.error);
  if (!opened.fd.valid()) {
    throw FileError(path_ + " is " + kind_of(opened.mode.value_or(0)), "name a regular file");
  }
  return std::move(opened.fd);
}

void Place::rename_to(const std::string& name) const {
  if (const int error = rename_regular_at(folder_.get(), name_, name); error != 0) {
    fail("cannot be renamed to " + name, error);
  }
  sync_folder();
}

Place Place::beside(const std::string& name) const {
  FileDescriptor folder(::fcntl(folder_.get(), F_DUPFD_CLOEXEC, 0));
  if (!folder.valid()) fail("its folder cannot be held", errno);
  return {std::move(folder), std::filesystem::path(path_).replace_filename(name).string(), name};
}

void Place::sync_folder() const {
  if (::fsync(folder_.get()) != 0) fail("its folder cannot be brought to the disk", errno);
}

FileDescriptor Place::open_or_make(int flags, mode_t mode) const {
  Opened opened = open_or_make_at(folder_.get(), name_, flags, mode);
  if (opened.fd.valid()) return std::move(opened.fd);
  if (opened.error != 0) fail("cannot be opened", opened.error);
  throw FileError(path_ + " is " + kind_of(opened.mode.value_or(0)), "name a regular file");
}

void remove_file(const Place& place) {
  const int error = remove_regular_at(place.folder(), place.name());
  if (error == ENOENT) return;
  if (error != 0) {
    const std::string why =
        error == kNotRegular ? "what stands there is no regular file" : errno_text(error);
    throw FileError(place.path() + " cannot be removed: " + why,
                    "see that this user may write in its folder", error);
  }
  place.sync_folder();
}

FileDescriptor open_lock(const Place& place) {
  return place.open_or_make(O_RDWR, 0600);
}

void Place::fail(const std::string& what, int error) const {
  const std::string why =
      error == kNotRegular ? "what stands there is no regular file" : errno_text(error);
  throw FileError(path_ + " " + what + ": " + why,
                  error == kNotRegular ? "move it away, or name another path"
                                       : "see that this user may write in its folder",
                  error);
}

}  // namespace esc::files
