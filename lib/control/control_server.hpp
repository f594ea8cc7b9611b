// SPDX-License-Identifier: BSD-3-Clause
// The control socket: one JSON object a line in, one a line out, served from the main lcore's own
// loop. docs/control.md
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/start_error.hpp"
#include "control/answer.hpp"
#include "control/socket_path.hpp"

namespace esc::control {

struct ControlServerLimits {
  std::size_t max_line_bytes = 64 * 1024;  ///< a longer request is refused and its sender dropped
  /// One connection more than this takes the place of an idle one, see ControlServer.
  std::size_t max_connections = 64;
  /// Further places, used when no connection is idle: each is for one request of the command
  /// `always_answered`.
  std::size_t reserved_connections = 4;
  std::string always_answered = "health";
  /// A peer that has read nothing of a reply for so long counts as idle too.
  std::chrono::milliseconds max_unread_time{10'000};
  /// A peer that asks again while more than this is still unread is dropped. One reply may be
  /// longer, so a connection holds at most this much and one reply.
  std::size_t max_unsent_bytes = 4 * 1024 * 1024;
  /// While all connections together have more than this unread, only `always_answered` is answered.
  std::size_t max_all_unsent_bytes = 64 * 1024 * 1024;
  std::size_t max_reply_bytes = 32 * 1024 * 1024;  ///< a longer one becomes an error reply
  std::size_t max_requests_per_turn = 2;  ///< answered for one connection in one serve_ready()
};

/// What became of the connections. For tests and for `escctl`.
struct ControlServerFigures {
  std::uint64_t accepted = 0;
  std::uint64_t refused_user = 0;  ///< peer is neither our user nor root
  /// No place was free, nobody was idle, and the request was not always_answered.
  std::uint64_t refused_full = 0;
  /// Closed because they were idle and another connection needed the place.
  std::uint64_t gave_way = 0;
  std::uint64_t requests = 0;      ///< lines answered, errors too
  std::uint64_t dropped_slow = 0;  ///< more than max_unsent_bytes unread
  std::uint64_t dropped_overlong = 0;
};

/// A UNIX stream socket, 0600 in a 0700 directory of our own, for our own user and root
/// (SO_PEERCRED). It has no thread and never blocks: the owner puts poll_fd() into its poll or
/// epoll set and calls serve_ready() when it is readable (calling it at any other time is
/// harmless). Thread: one, the main lcore; the handler runs inside serve_ready(). It logs nothing,
/// so nothing a peer sends can reach a log.
///
/// When all places are taken, a new connection gets the place of an idle one: one whose requests
/// are all answered (half a line is no request), and whose answers were read, or have not been read
/// for long. The process with the most connections gives up the one that has been idle for longest,
/// and that connection is told so. So neither a program that leaks connections nor one that opens
/// them without end keeps others out.
class ControlServer {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  /// Makes the socket's directory 0700 (and the one above it 0755) if missing, replaces the socket
  /// of a dead process. Throws StartError: the directory is another user's or open to others, an
  /// instance answers on the socket, the path is too long, ...
  /// `now` is the clock by which connections are idle.
  ControlServer(std::string socket_path, Handler handler, ControlServerLimits limits = {},
                Clock now = &std::chrono::steady_clock::now);
  /// Closes every connection and removes the socket, if it is still ours.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// An epoll descriptor, readable when serve_ready() has work. Owned by this object.
  [[nodiscard]] int poll_fd() const noexcept;

  /// Accepts, reads, answers and writes what can be without waiting; a bounded amount of it. What
  /// is left keeps poll_fd() readable. Does not throw.
  void serve_ready() noexcept;

  /// The answer that a handler promised with Later: a whole reply, as to_line() makes it. Whoever
  /// asked may be gone by now. Not from within the handler.
  void settle(std::uint64_t ticket, std::string line) noexcept;

  [[nodiscard]] const std::string& socket_path() const noexcept;
  [[nodiscard]] ControlServerFigures figures() const noexcept;
  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace esc::control
