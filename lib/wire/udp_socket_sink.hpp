// A sink for Sender: datagrams through a UDP socket of the kernel.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace esc::wire {

/// A connected socket; one system call a datagram, never as IP fragments. One thread.
class UdpSocketSink {
 public:
  /// `host`: a name or an address of either family; `port`: a number or the name of a service.
  /// Throws std::system_error that names both: not found, or no route.
  UdpSocketSink(const std::string& host, const std::string& port);
  UdpSocketSink(UdpSocketSink&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UdpSocketSink& operator=(UdpSocketSink&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UdpSocketSink();

  /// Waits while the socket has no room. False: not sent, last_error() says why. EMSGSIZE is for
  /// good: the datagram is longer than the path carries.
  [[nodiscard]] bool operator()(std::span<const std::uint8_t> datagram) noexcept;

  /// An errno; 0 after a datagram that was sent.
  [[nodiscard]] int last_error() const noexcept { return last_error_; }

 private:
  int fd_;
  int last_error_ = 0;
};

}  // namespace esc::wire
