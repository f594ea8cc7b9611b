// The control socket: one JSON object a line in, one a line out, served from the main lcore's own
// loop. docs/control.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/start_error.hpp"
#include "control/answer.hpp"
#include "control/socket_path.hpp"

namespace esc::control {

struct ControlServerLimits {
  std::size_t max_line_bytes = 64 * 1024;  ///< a longer request is refused and its sender dropped
  std::size_t max_connections = 16;        ///< one more is told so and closed
  /// Who asks again while more than this is still unread is dropped. A longer reply goes to who has
  /// read what came before, so a connection holds at most this and one reply.
  std::size_t max_unsent_bytes = 4 * 1024 * 1024;
  std::size_t max_reply_bytes = 32 * 1024 * 1024;  ///< a longer one becomes an error reply
  std::size_t max_requests_per_turn = 2;  ///< answered for one connection in one serve_ready()
};

/// What became of who came. For tests and for whoever wants to know.
struct ControlServerFigures {
  std::uint64_t accepted = 0;
  std::uint64_t refused_user = 0;  ///< peer is neither our user nor root
  std::uint64_t refused_full = 0;  ///< max_connections reached
  std::uint64_t requests = 0;      ///< lines answered, errors too
  std::uint64_t dropped_slow = 0;  ///< more than max_unsent_bytes unread
  std::uint64_t dropped_overlong = 0;
};

/// A UNIX stream socket, 0600 in a 0700 directory of our own, for our own user and root
/// (SO_PEERCRED). It has no thread and never blocks: the owner puts poll_fd() into its poll or
/// epoll set and calls serve_ready() when it is readable (calling it at any other time is
/// harmless). Thread: one, the main lcore; the handler runs inside serve_ready(). It logs nothing,
/// so nothing a peer sends can reach a log.
class ControlServer {
 public:
  /// Makes the socket's directory 0700 (and the one above it 0755) if missing, replaces the socket
  /// of a dead process. Throws StartError: the directory is another user's or open to others, an
  /// instance answers on the socket, the path is too long, ...
  ControlServer(std::string socket_path, Handler handler, ControlServerLimits limits = {});
  /// Closes every connection and removes the socket, if it is still ours.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// An epoll descriptor, readable when serve_ready() has work. Owned by this object.
  [[nodiscard]] int poll_fd() const noexcept;

  /// Accepts, reads, answers and writes what can be without waiting; a bounded amount of it. What
  /// is left keeps poll_fd() readable. Does not throw.
  void serve_ready() noexcept;

  [[nodiscard]] const std::string& socket_path() const noexcept;
  [[nodiscard]] ControlServerFigures figures() const noexcept;
  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace esc::control
