// SPDX-License-Identifier: BSD-3-Clause
// A listening TCP socket.
#pragma once

#include <cstdint>

#include "base/file_descriptor.hpp"
#include "wire/endpoint.hpp"

namespace esc::tcp {

struct ListenOptions {
  int backlog = 1024;  ///< connections that the kernel takes before they are accepted
  /// Several sockets may listen on the address, one for each TCP role; the kernel deals the
  /// connections out.
  bool shared = false;
};

/// When the kernel asks a sender that sends nothing whether it is still there, and after how many
/// questions without an answer the connection fails.
struct Keepalive {
  int idle_s = 60;
  int interval_s = 10;
  int probes = 6;
};
inline constexpr Keepalive kKeepalive;

/// Binds and listens at construction; accepting does not wait. An IPv6 listener takes no IPv4
/// connections, so that both can have the same port. Thread: main lcore; the role's lcore accepts.
class Listener {
 public:
  /// Port 0: one that the kernel chooses. Throws StartError.
  Listener(const wire::Endpoint& endpoint, const ListenOptions& options);

  [[nodiscard]] int fd() const noexcept { return socket_.get(); }
  /// The port that it has, also where the kernel chose it.
  [[nodiscard]] std::uint16_t port() const;

 private:
  FileDescriptor socket_;
};

}  // namespace esc::tcp
