// SPDX-License-Identifier: BSD-3-Clause
#include "tcp/epoll_sockets.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "base/errno_text.hpp"
#include "base/start_error.hpp"
#include "tcp/socket_address.hpp"

namespace esc::tcp {

EpollSockets::EpollSockets() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_.valid()) {
    throw StartError("cannot make an epoll instance: " + errno_text(errno),
                     "raise this process's limit on open files (ulimit -n, LimitNOFILE=)");
  }
}

bool EpollSockets::watch(int fd, SocketKey key) noexcept {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;
  event.data.u64 = key;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

std::span<const Ready> EpollSockets::news() noexcept {
  const int count = ::epoll_wait(epoll_.get(), events_.data(), kMostReady, 0);
  const std::size_t some = count > 0 ? static_cast<std::size_t>(count) : 0;
  for (std::size_t i = 0; i < some; ++i) {
    constexpr std::uint32_t kMore = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;
    ready_[i] = {events_[i].data.u64, (events_[i].events & kMore) != 0};
  }
  return std::span(ready_).first(some);
}

Received EpollSockets::receive(int fd, std::span<std::uint8_t> room) noexcept {
  // Nothing may interrupt a call that does not wait; if something does, the bytes are still there.
  constexpr int kTries = 4;
  ssize_t bytes = -1;
  for (int i = 0; i < kTries; ++i) {
    bytes = ::recv(fd, room.data(), room.size(), MSG_DONTWAIT);
    if (bytes >= 0 || errno != EINTR) break;
  }
  if (bytes > 0) return {Received::Kind::kBytes, static_cast<std::size_t>(bytes)};
  if (bytes == 0) return {Received::Kind::kEnd};
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK;
  return {later ? Received::Kind::kNothing : Received::Kind::kFailed};
}

Accepted EpollSockets::accept(int listener) noexcept {
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  const int fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&address), &bytes,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) return {FileDescriptor(fd), peer_of(address)};
  // The sender may be gone again before it is accepted: that is no failure.
  const bool gone = errno == EINTR || errno == ECONNABORTED || errno == EPROTO;
  const bool nobody = errno == EAGAIN || errno == EWOULDBLOCK;
  return {FileDescriptor(), {}, gone || nobody ? 0 : errno, gone};
}

}  // namespace esc::tcp
