// SPDX-License-Identifier: BSD-3-Clause
#include "control/own_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/errno_text.hpp"

namespace esc::control {
namespace {

using Trouble = std::optional<StartError>;

StartError cannot_create(const std::string& folder, int error, const std::string& whose) {
  return {whose + ": cannot create " + folder + ": " + errno_text(error),
          "create its parent, or run with rights to write there"};
}

void make_folder(const std::string& folder, mode_t mode, const std::string& whose) {
  if (::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST)
    throw cannot_create(folder, errno, whose);
}

/// Why a folder that does not exist could not be made.
Trouble creation_trouble(const std::string& folder, const std::string& whose) {
  if (::faccessat(AT_FDCWD, folder_of(folder).c_str(), W_OK | X_OK, AT_EACCESS) == 0)
    return std::nullopt;
  return cannot_create(folder, errno, whose);
}

// Whoever may rename entries of the folder above could put a folder of theirs in place of ours.
Trouble trouble_above(const std::string& folder, const std::string& whose) {
  struct stat link {};
  struct stat status {};
  if (::lstat(folder.c_str(), &link) != 0 || ::stat(folder.c_str(), &status) != 0) {
    return StartError(whose + ": cannot look at " + folder + ": " + errno_text(errno),
                      "create it, or choose another place");
  }
  const auto trusted = [](uid_t user) { return user == ::geteuid() || user == 0; };
  const bool trusted_owner = trusted(status.st_uid) && trusted(link.st_uid);
  const bool others_may_rename =
      (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0;
  if (S_ISDIR(status.st_mode) && trusted_owner && !others_may_rename) return std::nullopt;
  return StartError(whose + ": " + folder + " is under another user's control (owner " +
                        std::to_string(status.st_uid) + ")",
                    "remove " + folder + ", or make it ours and writable by nobody else");
}

FileDescriptor open_folder(const std::string& folder) {
  return FileDescriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// `fd`: the folder itself, open, so that it cannot be swapped in between; if it is not, errno says
/// why.
Trouble trouble_within(const std::string& folder, const FileDescriptor& fd,
                       const std::string& whose) {
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) {
    return StartError(whose + ": cannot open " + folder + ": " + errno_text(errno),
                      "it must be a directory of our own; remove it, or run as its owner");
  }
  if (status.st_uid != ::geteuid()) {
    return StartError(whose + ": " + folder + " belongs to user " + std::to_string(status.st_uid) +
                          ", not to us (user " + std::to_string(::geteuid()) + ")",
                      "remove it, or run as its owner");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return StartError(whose + ": " + folder + " is open to group or others", "chmod 700 " + folder);
  }
  return std::nullopt;
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
  refuse_on(trouble_above(above, name));
  // Another instance of this name that ends may remove the folder between making and opening it.
  constexpr int kTries = 16;
  FileDescriptor fd;
  for (int i = 0; i < kTries && !fd.valid(); ++i) {
    make_folder(folder, 0700, name);
    fd = open_folder(folder);
    if (!fd.valid() && errno != ENOENT) break;
  }
  refuse_on(trouble_within(folder, fd, name));
  return fd;
}

OwnFolder look_at_own_folder(const std::string& folder, std::string_view whose) {
  const std::string name(whose);
  const std::string above = folder_of(folder);
  struct stat status {};
  if (::lstat(above.c_str(), &status) != 0 && errno == ENOENT)
    return {{}, creation_trouble(above, name)};
  if (auto trouble = trouble_above(above, name)) return {{}, std::move(trouble)};
  FileDescriptor fd = open_folder(folder);
  if (!fd.valid() && errno == ENOENT) return {{}, creation_trouble(folder, name)};
  auto trouble = trouble_within(folder, fd, name);
  return {std::move(fd), std::move(trouble)};
}

}  // namespace esc::control
