// SPDX-License-Identifier: BSD-3-Clause
#include "control/bound_socket.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>
#include <thread>

#include "base/errno_text.hpp"
#include "control/own_folder.hpp"

namespace esc::control {
namespace {

constexpr int kBacklog = 128;
constexpr std::string_view kWhose = "control socket";

using Trouble = std::optional<StartError>;

bool fits(const std::string& path) {
  return path.size() < sizeof(sockaddr_un::sun_path);
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

bool may(const std::string& path, int mode) {
  return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

Trouble length_trouble(const std::string& path) {
  if (fits(path)) return std::nullopt;
  return StartError("control socket " + path + ": the path has " + std::to_string(path.size()) +
                        " bytes, a socket's path may have " +
                        std::to_string(sizeof(sockaddr_un::sun_path) - 1),
                    "choose a shorter instance name or XDG_RUNTIME_DIR");
}

/// Takes the lock, which is let go when the descriptor is closed.
Trouble lock_trouble(const FileDescriptor& folder, const std::string& path) {
  // A --check that runs at the same time holds the lock only for a moment.
  constexpr int kTries = 10;
  constexpr std::chrono::milliseconds kBetween{10};
  for (int i = 0; i < kTries; ++i) {
    if (i != 0) std::this_thread::sleep_for(kBetween);
    if (::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) return std::nullopt;
  }
  return StartError("control socket " + path + ": another instance of this name is starting",
                    "wait for it, or give this one another instance name");
}

/// Why the socket cannot be made at `path`. There may be nothing, or the socket of a process that
/// has ended.
Trouble place_trouble(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return StartError("control socket: cannot look at " + path + ": " + errno_text(errno),
                      "remove it");
  }
  if (!S_ISSOCK(status.st_mode)) {
    return StartError("control socket: " + path + " exists and is not a socket", "remove it");
  }
  if (answers(path)) {
    return StartError("control socket " + path + ": instance already running",
                      "stop it, or give this one another instance name");
  }
  if (errno != ECONNREFUSED) {
    return StartError(
        "control socket " + path + ": cannot tell whether it is alive: " + errno_text(errno),
        "remove it if no escd uses it");
  }
  return std::nullopt;
}

StartError cannot_listen(const std::string& path, int error) {
  return {"control socket: cannot listen on " + path + ": " + errno_text(error),
          "see that the file system is writable and takes sockets"};
}

}  // namespace

std::optional<StartError> socket_trouble(const std::string& path) {
  if (auto trouble = length_trouble(path)) return trouble;
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  if (name.empty() || name == "." || name == "..") {
    return StartError("control socket: " + path + " names a folder", "name a socket in it");
  }
  const std::string folder = folder_of(path);
  OwnFolder own = look_at_own_folder(folder, kWhose);
  if (own.trouble || !own.fd.valid()) return std::move(own.trouble);
  // The socket is tried first: one that answers says more than a lock that is held.
  if (auto trouble = place_trouble(path)) return trouble;
  if (auto trouble = lock_trouble(own.fd, path)) return trouble;
  if (!may(folder, W_OK | X_OK)) return cannot_listen(path, errno);
  return std::nullopt;
}

// Asks the same questions as socket_trouble() once more, each at the moment from which its answer
// can no longer change.
BoundSocket::BoundSocket(std::string path) : path_(std::move(path)) {
  refuse_on(socket_trouble(path_));
  const FileDescriptor own = make_own_folder(folder_of(path_), kWhose);
  refuse_on(lock_trouble(own, path_));
  replace_dead_socket();
  bind_and_listen();
}

bool answers(const std::string& path) {
  if (!fits(path)) return false;  // nobody can listen there
  const FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(path);
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
             0 ||
         errno == EAGAIN;  // its backlog is full, so somebody listens
}

BoundSocket::~BoundSocket() {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
}

void BoundSocket::replace_dead_socket() const {
  refuse_on(place_trouble(path_));
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) {
    throw StartError("control socket: cannot remove the dead " + path_ + ": " + errno_text(errno),
                     "remove it");
  }
}

void BoundSocket::bind_and_listen() {
  socket_ = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(path_);
  struct stat status {};
  // The mode is set before bind(), so the file has it from its first moment, without a change of
  // the process's umask.
  if (!socket_.valid() || ::fchmod(socket_.get(), S_IRUSR | S_IWUSR) != 0 ||
      ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::lstat(path_.c_str(), &status) != 0 || ::listen(socket_.get(), kBacklog) != 0) {
    throw cannot_listen(path_, errno);
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

}  // namespace esc::control
