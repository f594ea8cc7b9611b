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

/// The number under which a socket is watched.
using SocketKey = std::uint64_t;

/// A socket that has something new.
struct Ready {
  SocketKey key = 0;
  /// A read that finds less than it has room for does not mean that there is no more: its sender
  /// has sent all, or it failed, or a read ends at urgent data.
  bool more = false;
};

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
  int error = 0;      ///< errno; 0: nobody waits
  bool gone = false;  ///< the sender was gone again; others may wait behind it
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
  /// The sockets that got something since they were last named, or since they are watched, at most
  /// kMostReady; the others come with the next call. A socket is not named again for what it still
  /// has: the caller remembers that until a read finds less than it has room for. Valid until the
  /// next call.
  [[nodiscard]] std::span<const Ready> news() noexcept;

  [[nodiscard]] static Received receive(int fd, std::span<std::uint8_t> room) noexcept;
  [[nodiscard]] static Accepted accept(int listener) noexcept;

 private:
  FileDescriptor epoll_;
  std::array<epoll_event, kMostReady> events_{};
  std::array<Ready, kMostReady> ready_{};
};

}  // namespace esc::tcp
