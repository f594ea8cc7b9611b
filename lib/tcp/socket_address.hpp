// SPDX-License-Identifier: BSD-3-Clause
// Addresses as the kernel's sockets have them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "intake/stream_buffer.hpp"
#include "wire/endpoint.hpp"

namespace esc::tcp {

/// A value.
class SocketAddress {
 public:
  explicit SocketAddress(const wire::Endpoint& endpoint) noexcept;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&address_);
  }
  [[nodiscard]] socklen_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] int family() const noexcept { return address_.ss_family; }

 private:
  sockaddr_storage address_{};
  socklen_t bytes_ = 0;
};

/// Who is at the other end of a connection.
[[nodiscard]] intake::StreamPeer peer_of(const sockaddr_storage& address) noexcept;

}  // namespace esc::tcp
