// SPDX-License-Identifier: BSD-3-Clause
// HOST:PORT as users write it, resolved.
#pragma once

#include <sys/socket.h>

#include <string>

namespace esc::replay {

struct NetAddress {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
  int family = 0;
  std::string text;  ///< as written, for messages
};

/// "host:port", "192.0.2.1:9001", "[2001:db8::1]:9001". Throws Error: malformed (usage), or cannot
/// be resolved.
[[nodiscard]] NetAddress resolve(const std::string& option, const std::string& text,
                                 int socket_type);

/// A descriptor that closes itself.
class Socket {
 public:
  /// Throws Error.
  Socket(int family, int type);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

}  // namespace esc::replay
