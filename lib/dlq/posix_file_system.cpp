// SPDX-License-Identifier: BSD-3-Clause
#include "dlq/posix_file_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "files/place.hpp"

namespace esc::dlq {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kFolderMode = 0700;

int result_of(int returned) noexcept {
  return returned < 0 ? errno : 0;
}

int sync_parent(const std::string& path) {
  const std::string parent = std::filesystem::absolute(path).lexically_normal() / "..";
  const FileDescriptor fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return errno == EACCES ? 0 : errno;  // no access: so it was not made by us
  return result_of(::fsync(fd.get()));
}

// Locks the folder for one program: EWOULDBLOCK if another has it. The lock ends when the
// descriptor is closed.
int lock_folder(const FileDescriptor& folder) {
  // A program that only asks, such as --check, holds the lock only for a moment.
  constexpr int kTries = 10;
  constexpr std::chrono::milliseconds kBetween{10};
  int error = 0;
  for (int i = 0; i < kTries; ++i) {
    if (i != 0) std::this_thread::sleep_for(kBetween);
    error = result_of(::flock(folder.get(), LOCK_EX | LOCK_NB));
    if (error != EWOULDBLOCK) break;
  }
  return error;
}

}  // namespace

class PosixFileSystem::PlainFile : public File {
 public:
  explicit PlainFile(FileDescriptor fd) noexcept : fd_(std::move(fd)) {}

  int write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
      const ssize_t written = ::pwritev2(fd_.get(), &piece, 1, static_cast<off_t>(offset), 0);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      // Less than asked for was written, and no whole number of blocks: the disk is full, or worse.
      if (written == 0 || static_cast<std::size_t>(written) % kUnit != 0) return ENOSPC;
      offset += static_cast<std::uint64_t>(written);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return 0;
  }
  int sync() override {
    // An interrupted sync has done nothing yet.
    while (::fdatasync(fd_.get()) != 0) {
      if (errno != EINTR) return errno;
    }
    return check_linked();
  }

 protected:
  static constexpr std::size_t kUnit = 512;

  // A file that was removed can still be written without an error, but nobody will ever read it.
  [[nodiscard]] int check_linked() const {
    struct stat found {};
    if (::fstat(fd_.get(), &found) != 0) return errno;
    return found.st_nlink == 0 ? ENOENT : 0;
  }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  FileDescriptor fd_;
};

/// Commits through the folder's ring, as long as the kernel allows it.
class PosixFileSystem::RingFile : public PosixFileSystem::PlainFile {
 public:
  RingFile(FileDescriptor fd, PosixFileSystem& owner) noexcept
      : PlainFile(std::move(fd)), owner_(owner) {}

  int write_and_sync(std::uint64_t offset, std::span<const std::byte> bytes) override {
    for (CommitRing* ring = owner_.ring(); ring != nullptr; ring = owner_.ring()) {
      const CommitRing::Result result = ring->write_and_sync(fd(), offset, bytes);
      if (result.forbidden) {
        owner_.give_up_ring();
        continue;
      }
      if (result.error == EINTR) continue;
      if (result.error != 0) return result.error;
      if (result.written == bytes.size()) return check_linked();
      // As in write().
      if (result.written == 0 || result.written % kUnit != 0) return ENOSPC;
      offset += result.written;
      bytes = bytes.subspan(result.written);
    }
    return PlainFile::write_and_sync(offset, bytes);
  }

 private:
  PosixFileSystem& owner_;
};

std::unique_ptr<File> PosixFileSystem::make_file(FileDescriptor fd) {
  if (commit_path() == CommitPath::kSystemCalls) return std::make_unique<PlainFile>(std::move(fd));
  return std::make_unique<RingFile>(std::move(fd), *this);
}

CommitRing* PosixFileSystem::ring() {
  if (commit_path() == CommitPath::kSystemCalls) return nullptr;
  if (!ring_.is_open() && ring_.open() != 0) give_up_ring();
  return ring_.is_open() ? &ring_ : nullptr;
}

void PosixFileSystem::give_up_ring() noexcept {
  ring_.close();
  commit_path_.store(CommitPath::kSystemCalls, std::memory_order_relaxed);
}

int list_folder(int folder, std::vector<FolderEntry>& entries) {
  entries.clear();
  const int fd = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  DIR* open = ::fdopendir(fd);
  if (open == nullptr) {
    const int error = errno;
    ::close(fd);
    return error;
  }
  int error = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(open);
    if (entry == nullptr) {
      error = errno;
      break;
    }
    struct stat found {};
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    if (::fstatat(fd, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const bool regular = S_ISREG(found.st_mode);
    entries.push_back(
        {entry->d_name, regular ? static_cast<std::uint64_t>(found.st_size) : 0, regular});
  }
  ::closedir(open);
  return error;
}

int look_at_folder(const std::string& folder) {
  const auto may = [](const std::string& path, int mode) {
    return result_of(::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS));
  };
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) {
    const auto whole = std::filesystem::absolute(folder).lexically_normal();
    const auto named = whole.has_filename() ? whole : whole.parent_path();
    struct stat status {};
    // A link that leads nowhere: mkdir() fails because the name is taken.
    if (::lstat(named.c_str(), &status) == 0) return ENOENT;
    return may(named.parent_path(), W_OK | X_OK);
  }
  if (!fd.valid()) return errno;
  if (const int error = lock_folder(fd); error != 0) return error;
  return may(folder, R_OK | W_OK | X_OK);
}

int PosixFileSystem::open(const std::string& folder) {
  path_ = folder;
  return open_folder();
}

int PosixFileSystem::open_folder() {
  folder_.reset();  // and its lock, which could otherwise block us in the same folder
  if (::mkdir(path_.c_str(), kFolderMode) != 0 && errno != EEXIST) return errno;
  // The folder's own name has to be on the disk too: it may have been made just before a power
  // failure.
  if (const int error = sync_parent(path_); error != 0) return error;
  folder_ = FileDescriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_.valid()) return errno;
  const int error = lock_folder(folder_);
  // It belongs to somebody else: nothing may be written there.
  if (error != 0) folder_.reset();
  return error;
}

// Without following a link: whoever may write the folder must not have us write elsewhere.
int PosixFileSystem::open_file(const std::string& name, int flags, FileDescriptor& fd) const {
  flags |= O_RDWR | O_CLOEXEC | O_NOFOLLOW;
  fd = FileDescriptor(::openat(folder_.get(), name.c_str(), flags | O_DIRECT, kFileMode));
  if (!fd.valid() && errno == EINVAL) {
    // This file system has no O_DIRECT. Some say so only after they have made the file.
    if ((flags & O_EXCL) != 0) (void)files::remove_regular_at(folder_.get(), name);
    fd = FileDescriptor(::openat(folder_.get(), name.c_str(), flags, kFileMode));
  }
  return fd.valid() ? 0 : errno;
}

// The folder may have been removed, or its file system unmounted: then another folder of that name
// is used.
int PosixFileSystem::create(const std::string& name, std::uint64_t bytes,
                            std::unique_ptr<File>& file) {
  const int error = create_here(name, bytes, file);
  if (error != ENOENT && error != ESTALE && error != EIO && error != EBADF) return error;
  file.reset();
  if (const int opened = open_folder(); opened != 0) return opened;
  return create_here(name, bytes, file);
}

int PosixFileSystem::create_here(const std::string& name, std::uint64_t bytes,
                                 std::unique_ptr<File>& file) {
  FileDescriptor fd;
  if (const int error = open_file(name, O_CREAT | O_EXCL, fd); error != 0) return error;
  const int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes));
  file = make_file(std::move(fd));
  return error;
}

int PosixFileSystem::reuse(const std::string& name, std::unique_ptr<File>& file) {
  FileDescriptor fd;
  if (const int error = open_file(name, 0, fd); error != 0) return error;
  file = make_file(std::move(fd));
  return 0;
}

int PosixFileSystem::rename(const std::string& from, const std::string& to) {
  return files::move_regular_at(folder_.get(), from, to);
}

int PosixFileSystem::remove(const std::string& name) {
  return files::remove_regular_at(folder_.get(), name);
}

int PosixFileSystem::sync_folder() {
  return result_of(::fsync(folder_.get()));
}

int PosixFileSystem::list(std::vector<FolderEntry>& entries) {
  return list_folder(folder_.get(), entries);
}

int PosixFileSystem::free_bytes(std::uint64_t& bytes) {
  struct statvfs found {};
  if (::fstatvfs(folder_.get(), &found) != 0) return errno;
  bytes = std::uint64_t{found.f_bavail} * found.f_frsize;
  return 0;
}

}  // namespace esc::dlq
