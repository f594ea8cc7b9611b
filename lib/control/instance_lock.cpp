// SPDX-License-Identifier: BSD-3-Clause
#include "control/instance_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include "base/errno_text.hpp"
#include "base/number.hpp"
#include "base/start_error.hpp"
#include "control/own_folder.hpp"
#include "control/socket_path.hpp"
#include "files/place.hpp"

namespace esc::control {
namespace {

constexpr const char* kLockName = "instance.lock";

// A lock on the whole file. It belongs to the open file description, so it ends with its last
// descriptor, however the process ends.
struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string name_of(const std::string& instance) {
  return "instance \"" + instance + "\"";
}

/// The process whose number is in the file; 0: there is none, or it is still starting.
long holder_of(int file) {
  std::array<char, 32> text{};
  const ssize_t bytes = ::pread(file, text.data(), text.size(), 0);
  if (bytes <= 0) return 0;
  constexpr std::uint64_t kMostProcesses = 1U << 22U;  // PID_MAX_LIMIT
  const auto holder = leading_whole({text.data(), static_cast<std::size_t>(bytes)});
  return holder && *holder <= kMostProcesses ? static_cast<long>(*holder) : 0;
}

topology::Problem runs(const std::string& instance, long holder) {
  return {name_of(instance),
          "instance already running" +
              (holder > 0 ? ": process " + std::to_string(holder) : std::string()),
          "stop it, or give this one another instance name"};
}

topology::Problem cannot_open(const std::string& instance, const std::string& folder, int error) {
  return {name_of(instance),
          "cannot open " + folder + "/" + kLockName + ": " +
              (error == 0 || error == ELOOP ? "it is no regular file" : errno_text(error)),
          "remove it, or see that the folder can be written to"};
}

}  // namespace

InstanceLock::InstanceLock(const std::string& instance)
    : folder_(folder_of(default_socket_path(instance))) {
  // An instance that ends removes its file, and perhaps the folder, before it lets go of the lock,
  // so we may have to try again.
  constexpr int kAttempts = 16;
  for (int i = 0; i < kAttempts; ++i) {
    if (take(instance)) return;
  }
  const topology::Problem problem = runs(instance, 0);
  throw StartError(problem.where + ": " + problem.what, problem.fix);
}

// False: the file was removed meanwhile.
bool InstanceLock::take(const std::string& instance) {
  own_ = make_own_folder(folder_, name_of(instance));
  // The folder is our own, so nobody else can have put anything there.
  files::Opened opened = files::open_or_make_at(own_.get(), kLockName, O_RDWR, 0600);
  if (opened.error == ENOENT) return false;
  if (!opened.fd.valid()) {
    const topology::Problem problem = cannot_open(instance, folder_, opened.error);
    throw StartError(problem.where + ": " + problem.what, problem.fix);
  }
  file_ = std::move(opened.fd);
  struct flock lock = whole_file(F_WRLCK);
  if (::fcntl(file_.get(), F_OFD_SETLK, &lock) != 0) {
    const topology::Problem problem = runs(instance, holder_of(file_.get()));
    throw StartError(problem.where + ": " + problem.what, problem.fix);
  }
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0 || status.st_nlink == 0) return false;
  // Tells whoever finds the file locked which process has it. If the disk is full the number is
  // missing, which does no harm. Bytes of a longer number may follow, left by a process that was
  // killed; nobody reads that far.
  const std::string text = std::to_string(::getpid()) + "\n";
  (void)!::pwrite(file_.get(), text.data(), text.size(), 0);
  return true;
}

InstanceLock::~InstanceLock() {
  (void)files::remove_regular_at(own_.get(), kLockName);
  ::rmdir(folder_.c_str());  // unless something else is in it
}

std::optional<topology::Problem> instance_runs(const std::string& instance) {
  const std::string path = folder_of(default_socket_path(instance)) + "/" + kLockName;
  const FileDescriptor file =
      files::open_regular_at(AT_FDCWD, path, O_RDONLY, files::Links::kRefuse).fd;
  if (!file.valid()) return {};
  struct flock lock = whole_file(F_RDLCK);
  if (::fcntl(file.get(), F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return {};
  return runs(instance, holder_of(file.get()));
}

std::optional<topology::Problem> lock_folder_problem(const std::string& instance) {
  const std::string folder = folder_of(default_socket_path(instance));
  const OwnFolder own = look_at_own_folder(folder, {});
  if (!own.trouble) {
    if (!own.fd.valid()) return std::nullopt;
    const files::Opened opened =
        files::open_regular_at(own.fd.get(), kLockName, O_RDWR, files::Links::kRefuse);
    if (opened.fd.valid() || opened.error == ENOENT) return std::nullopt;
    return cannot_open(instance, folder, opened.error);
  }
  // The message begins with whose folder it is; here that goes into `where`.
  constexpr std::string_view kLead = ": ";
  return topology::Problem{name_of(instance), std::string(own.trouble->what()).substr(kLead.size()),
                           own.trouble->fix()};
}

}  // namespace esc::control
