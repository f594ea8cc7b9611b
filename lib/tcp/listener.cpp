// SPDX-License-Identifier: BSD-3-Clause
#include "tcp/listener.hpp"

#include <netinet/tcp.h>

#include <cerrno>
#include <string>

#include "base/errno_text.hpp"
#include "base/start_error.hpp"
#include "tcp/socket_address.hpp"

namespace esc::tcp {
namespace {

/// What to do about a failure to bind.
const char* fix_for(int error) {
  switch (error) {
    case EADDRINUSE:
      return "see who listens there (ss -ltnp), or choose another port";
    case EADDRNOTAVAIL:
      return "give an address that this host has (ip address), or 0.0.0.0 or [::] for all of them";
    case EACCES:
      return "ports below 1024 need the capability CAP_NET_BIND_SERVICE; or choose another port";
    default:
      return "look at the address, and at this process's limits (ulimit -n)";
  }
}

[[noreturn]] void refuse(const std::string& text, const char* step, int error) {
  throw StartError("cannot listen on " + text + ": " + step + ": " + errno_text(error),
                   fix_for(error));
}

void set(int fd, int level, int option, int value, const std::string& text) {
  if (::setsockopt(fd, level, option, &value, sizeof value) != 0) {
    refuse(text, "setsockopt", errno);
  }
}

/// Accepted sockets inherit it. Without it a sender that is gone without a word, its host without
/// power or its way cut, would keep its place for ever.
void watch_for_dead_peers(int fd, const std::string& text) {
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1, text);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepalive.idle_s, text);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepalive.interval_s, text);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepalive.probes, text);
}

}  // namespace

Listener::Listener(const wire::Endpoint& endpoint, const ListenOptions& options) {
  const std::string text = wire::to_text(endpoint);
  const SocketAddress address(endpoint);
  socket_ = FileDescriptor(
      ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket_.valid()) refuse(text, "socket", errno);
  set(fd(), SOL_SOCKET, SO_REUSEADDR, 1, text);
  // Accepted sockets inherit it. Urgent data stays where its sender put it in the stream.
  set(fd(), SOL_SOCKET, SO_OOBINLINE, 1, text);
  if (options.shared) set(fd(), SOL_SOCKET, SO_REUSEPORT, 1, text);
  if (address.family() == AF_INET6) set(fd(), IPPROTO_IPV6, IPV6_V6ONLY, 1, text);
  watch_for_dead_peers(fd(), text);
  if (::bind(fd(), address.get(), address.bytes()) != 0) refuse(text, "bind", errno);
  if (::listen(fd(), options.backlog) != 0) refuse(text, "listen", errno);
}

std::uint16_t Listener::port() const {
  sockaddr_storage own{};
  socklen_t bytes = sizeof own;
  if (::getsockname(fd(), reinterpret_cast<sockaddr*>(&own), &bytes) != 0) return 0;
  return peer_of(own).port;
}

}  // namespace esc::tcp
