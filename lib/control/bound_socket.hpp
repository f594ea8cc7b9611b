// SPDX-License-Identifier: BSD-3-Clause
// A listening UNIX socket that only its owner and root can reach.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/file_descriptor.hpp"
#include "base/start_error.hpp"

namespace esc::control {

/// Whether a process listens on that socket file; if not, errno says why.
[[nodiscard]] bool answers(const std::string& path);

/// Why a BoundSocket could not be made there now, with the message that its constructor would
/// throw; nullopt: it could be made. Makes and removes nothing; takes the folder's lock for a
/// moment.
[[nodiscard]] std::optional<StartError> socket_trouble(const std::string& path);

/// Binds and listens at construction, removes the socket file at destruction if it is still the one
/// it made. The folder is ours and 0700, the one above it is ours or root's and writable by no one
/// else (or sticky, as /tmp), the socket is 0600. Two processes that start at once are kept apart
/// by a lock on the folder. Throws StartError.
class BoundSocket {
 public:
  explicit BoundSocket(std::string path);
  ~BoundSocket();
  BoundSocket(const BoundSocket&) = delete;
  BoundSocket& operator=(const BoundSocket&) = delete;

  [[nodiscard]] int fd() const noexcept { return socket_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  void replace_dead_socket() const;
  void bind_and_listen();

  std::string path_;
  FileDescriptor socket_;
  dev_t device_ = 0;  ///< which file we made
  ino_t inode_ = 0;
};

}  // namespace esc::control
