// SPDX-License-Identifier: BSD-3-Clause
// A sink for Sender: datagrams through a UDP socket of the kernel.
#pragma once

#include <chrono>
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
  UdpSocketSink(UdpSocketSink&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        last_error_(other.last_error_),
        refused_(other.refused_) {}
  UdpSocketSink& operator=(UdpSocketSink&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(last_error_, other.last_error_);
    std::swap(refused_, other.refused_);
    return *this;
  }
  ~UdpSocketSink();

  /// Waits while the socket has no room. False: not sent, last_error() says why. EMSGSIZE does not
  /// go away: the datagram is longer than the path carries.
  [[nodiscard]] bool operator()(std::span<const std::uint8_t> datagram) noexcept;

  /// An errno; 0 after a datagram that was sent.
  [[nodiscard]] int last_error() const noexcept { return last_error_; }

  /// How many datagrams the receiving host, or somebody on the way, is known to have refused
  /// (ECONNREFUSED: nobody listens there). A host reports only some of its refusals, and later.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  /// Waits for that long at most for one more refusal, and counts it.
  void wait_for_refusal(std::chrono::milliseconds time) noexcept;

 private:
  int fd_;
  int last_error_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace esc::wire
