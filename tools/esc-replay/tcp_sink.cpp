// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/tcp_sink.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "base/errno_text.hpp"
#include "esc-replay/error.hpp"

namespace esc::replay {
namespace {

constexpr int kTcpWaitMs = 5;
constexpr auto kFinishLimit = std::chrono::seconds(5);

}  // namespace

TcpSink::TcpSink(const std::string& host_port)
    : peer_(resolve("--tcp", host_port, SOCK_STREAM)), socket_(peer_.family, SOCK_STREAM) {
  if (connect(socket_.fd(), reinterpret_cast<const sockaddr*>(&peer_.storage), peer_.bytes) != 0) {
    throw Error("--tcp '" + host_port + "': cannot connect: " + errno_text(errno) +
                "; check that the receiver runs and listens there");
  }
  const int flags = fcntl(socket_.fd(), F_GETFL);
  static_cast<void>(fcntl(socket_.fd(), F_SETFL, flags | O_NONBLOCK));
  const int on = 1;
  static_cast<void>(setsockopt(socket_.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

Outcome TcpSink::offer(const Trace& trace, std::size_t begin, std::size_t end) {
  const std::uint64_t from = trace.units[begin].offset + written_bytes_;
  const Unit& last = trace.units[end - 1];
  const std::size_t bytes = std::min<std::size_t>(last.offset + last.bytes - from, kWriteBytes);
  const ssize_t written = send(socket_.fd(), trace.bytes.data() + from, bytes, MSG_NOSIGNAL);
  if (written < 0) {
    if (errno == EINTR) return {};
    if (errno == EAGAIN) {
      ++blocked_;
      return {};
    }
    ++errors_[errno];
    throw Error("--tcp '" + peer_.text + "': sending failed: " + errno_text(errno) +
                "; the receiver's own log says why it closed the connection");
  }
  const std::uint64_t reached = from + static_cast<std::uint64_t>(written);
  Outcome outcome;
  std::size_t unit = begin;
  for (; unit < end && trace.units[unit].offset + trace.units[unit].bytes <= reached; ++unit)
    ++outcome.sent;
  current_ = unit;
  written_bytes_ = unit < end ? reached - trace.units[unit].offset : 0;
  return outcome;
}

void TcpSink::wait() {
  pollfd poll_fd{.fd = socket_.fd(),
                 .events = static_cast<short>(peer_closed_ ? POLLOUT : POLLOUT | POLLIN),
                 .revents = 0};
  static_cast<void>(poll(&poll_fd, 1, kTcpWaitMs));
  if ((poll_fd.revents & POLLIN) != 0) discard_input();
}

/// Reads and drops acknowledgements and the like. Left unread, they would stop the peer, and then
/// us.
void TcpSink::discard_input() {
  std::array<char, 65536> buffer;
  const ssize_t received = recv(socket_.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (received > 0 || (received < 0 && (errno == EAGAIN || errno == EINTR))) return;
  peer_closed_ = true;
  // A reset: what the peer had not read is lost.
  if (received < 0) ++errors_[errno];
}

std::size_t TcpSink::finish(const Trace& trace) {
  const auto deadline = std::chrono::steady_clock::now() + kFinishLimit;
  const auto time_left = [&] { return std::chrono::steady_clock::now() < deadline; };
  std::size_t completed = 0;
  while (written_bytes_ != 0 && time_left()) {
    completed += offer(trace, current_, current_ + 1).sent;
    if (written_bytes_ != 0) wait();
  }
  static_cast<void>(shutdown(socket_.fd(), SHUT_WR));
  while (!peer_closed_ && time_left()) {
    pollfd poll_fd{.fd = socket_.fd(), .events = POLLIN, .revents = 0};
    static_cast<void>(poll(&poll_fd, 1, kTcpWaitMs));
    if (poll_fd.revents != 0) discard_input();
  }
  int unacknowledged = 0;
  const bool known = ioctl(socket_.fd(), SIOCOUTQ, &unacknowledged) == 0;
  if (!peer_closed_ && known && unacknowledged != 0) ++errors_[ETIMEDOUT];
  return completed;
}

}  // namespace esc::replay
