// SPDX-License-Identifier: BSD-3-Clause
// The kernel's sockets by epoll and recv: which have something, and what.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/file_descriptor.hpp"
#include "intake/stream_buffer.hpp"

namespace esc::tcp {

/// A socket that has something, by the number under which it is watched.
using SocketKey = std::uint64_t;

/// What a read gave.
struct Received {
  enum class Kind : std::uint8_t { kBytes, kNothing, kEnd, kFailed };
  Kind kind = Kind::kNothing;
  std::size_t bytes = 0;
};

/// What accepting gave: no socket, if nobody waits or it failed.
struct Accepted {
  FileDescriptor socket;
  intake::StreamPeer peer;
  int error = 0;  ///< errno; 0: nobody waits
};

/// Nothing here waits. Thread: the TCP role's lcore; the constructor and watch() before it runs
/// too.
class EpollSockets {
 public:
  static constexpr std::size_t kMostReady = 64;

  /// Throws StartError.
  EpollSockets();

  /// False: the kernel has no memory for it. A socket is watched until it is closed.
  [[nodiscard]] bool watch(int fd, SocketKey key) noexcept;
  /// The sockets that have something, at most kMostReady; who did not get their turn come first the
  /// next time. Valid until the next call.
  [[nodiscard]] std::span<const SocketKey> ready() noexcept;

  [[nodiscard]] static Received receive(int fd, std::span<std::uint8_t> room) noexcept;
  [[nodiscard]] static Accepted accept(int listener) noexcept;

 private:
  FileDescriptor epoll_;
  std::array<epoll_event, kMostReady> events_{};
  std::array<SocketKey, kMostReady> keys_{};
};

}  // namespace esc::tcp
