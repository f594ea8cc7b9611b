#include "control/bound_socket.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/start_error.hpp"

namespace esc::control {
namespace {

constexpr int kBacklog = 16;

std::string reason(int error) {
  return std::generic_category().message(error);
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    throw StartError("control socket " + path + ": the path has " + std::to_string(path.size()) +
                         " bytes, a socket's path may have " +
                         std::to_string(sizeof(address.sun_path) - 1),
                     "choose a shorter instance name or XDG_RUNTIME_DIR");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

void make_folder(const std::string& folder, mode_t mode) {
  if (::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST) {
    throw StartError("control socket: cannot create " + folder + ": " + reason(errno),
                     "create its parent, or run with rights to write there");
  }
}

// Whoever may rename entries of the folder above could put a folder of theirs in place of ours.
void check_folder_above(const std::string& folder) {
  struct stat link {};
  struct stat status {};
  if (::lstat(folder.c_str(), &link) != 0 || ::stat(folder.c_str(), &status) != 0) {
    throw StartError("control socket: cannot look at " + folder + ": " + reason(errno),
                     "create it, or choose another place");
  }
  const auto trusted = [](uid_t user) { return user == ::geteuid() || user == 0; };
  const bool trusted_owner = trusted(status.st_uid) && trusted(link.st_uid);
  const bool others_may_rename =
      (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0;
  if (!S_ISDIR(status.st_mode) || !trusted_owner || others_may_rename) {
    throw StartError("control socket: " + folder + " is under another user's control (owner " +
                         std::to_string(status.st_uid) + ")",
                     "remove " + folder + ", or make it ours and writable by nobody else");
  }
}

// The folder itself, open and checked on the descriptor, so that it cannot be swapped in between.
FileDescriptor open_own_folder(const std::string& folder) {
  FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) {
    throw StartError("control socket: cannot open " + folder + ": " + reason(errno),
                     "it must be a directory of our own; remove it, or run as its owner");
  }
  if (status.st_uid != ::geteuid()) {
    throw StartError("control socket: " + folder + " belongs to user " +
                         std::to_string(status.st_uid) + ", not to us (user " +
                         std::to_string(::geteuid()) + ")",
                     "remove it, or run as its owner");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw StartError("control socket: " + folder + " is open to group or others",
                     "chmod 700 " + folder);
  }
  return fd;
}

void lock_folder(const FileDescriptor& folder, const std::string& path) {
  if (::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) return;
  throw StartError("control socket " + path + ": another instance of this name is starting",
                   "wait for it, or give this one another instance name");
}

}  // namespace

BoundSocket::BoundSocket(std::string path) : path_(std::move(path)) {
  (void)address_of(path_);
  const std::string folder = folder_of(path_);
  const std::string above = folder_of(folder);
  make_folder(above, 0755);
  check_folder_above(above);
  make_folder(folder, 0700);
  const FileDescriptor own = open_own_folder(folder);
  lock_folder(own, path_);
  replace_dead_socket();
  bind_and_listen();
}

bool answers(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return false;  // nobody can listen there
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
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    throw StartError("control socket: cannot look at " + path_ + ": " + reason(errno), "remove it");
  }
  if (!S_ISSOCK(status.st_mode)) {
    throw StartError("control socket: " + path_ + " exists and is not a socket", "remove it");
  }
  if (answers(path_)) {
    throw StartError("control socket " + path_ + ": instance already running",
                     "stop it, or give this one another instance name");
  }
  if (errno != ECONNREFUSED) {
    throw StartError(
        "control socket " + path_ + ": cannot tell whether it is alive: " + reason(errno),
        "remove it if no escd uses it");
  }
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) {
    throw StartError("control socket: cannot remove the dead " + path_ + ": " + reason(errno),
                     "remove it");
  }
}

void BoundSocket::bind_and_listen() {
  socket_ = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(path_);
  struct stat status {};
  // The mode set before bind is the file's from its first moment; the process's umask stays alone.
  if (!socket_.valid() || ::fchmod(socket_.get(), S_IRUSR | S_IWUSR) != 0 ||
      ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::lstat(path_.c_str(), &status) != 0 || ::listen(socket_.get(), kBacklog) != 0) {
    throw StartError("control socket: cannot listen on " + path_ + ": " + reason(errno),
                     "see that the file system is writable and takes sockets");
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

}  // namespace esc::control
