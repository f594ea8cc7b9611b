#include "control/own_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/start_error.hpp"

namespace esc::control {
namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

void make_folder(const std::string& folder, mode_t mode, const std::string& whose) {
  if (::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST) {
    throw StartError(whose + ": cannot create " + folder + ": " + reason(errno),
                     "create its parent, or run with rights to write there");
  }
}

// Whoever may rename entries of the folder above could put a folder of theirs in place of ours.
void check_folder_above(const std::string& folder, const std::string& whose) {
  struct stat link {};
  struct stat status {};
  if (::lstat(folder.c_str(), &link) != 0 || ::stat(folder.c_str(), &status) != 0) {
    throw StartError(whose + ": cannot look at " + folder + ": " + reason(errno),
                     "create it, or choose another place");
  }
  const auto trusted = [](uid_t user) { return user == ::geteuid() || user == 0; };
  const bool trusted_owner = trusted(status.st_uid) && trusted(link.st_uid);
  const bool others_may_rename =
      (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0;
  if (!S_ISDIR(status.st_mode) || !trusted_owner || others_may_rename) {
    throw StartError(whose + ": " + folder + " is under another user's control (owner " +
                         std::to_string(status.st_uid) + ")",
                     "remove " + folder + ", or make it ours and writable by nobody else");
  }
}

// The folder itself, checked on its descriptor, so that it cannot be swapped in between. Right
// after it was opened: errno is of that.
void check_own(const FileDescriptor& fd, const std::string& folder, const std::string& whose) {
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) {
    throw StartError(whose + ": cannot open " + folder + ": " + reason(errno),
                     "it must be a directory of our own; remove it, or run as its owner");
  }
  if (status.st_uid != ::geteuid()) {
    throw StartError(whose + ": " + folder + " belongs to user " + std::to_string(status.st_uid) +
                         ", not to us (user " + std::to_string(::geteuid()) + ")",
                     "remove it, or run as its owner");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw StartError(whose + ": " + folder + " is open to group or others", "chmod 700 " + folder);
  }
}

}  // namespace

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

FileDescriptor make_own_folder(const std::string& folder, std::string_view whose) {
  const std::string name(whose);
  const std::string above = folder_of(folder);
  make_folder(above, 0755, name);
  check_folder_above(above, name);
  // Another instance of this name that ends removes the folder, perhaps between the two.
  constexpr int kTries = 16;
  FileDescriptor fd;
  for (int i = 0; i < kTries && !fd.valid(); ++i) {
    make_folder(folder, 0700, name);
    fd = FileDescriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid() && errno != ENOENT) break;
  }
  check_own(fd, folder, name);
  return fd;
}

}  // namespace esc::control
