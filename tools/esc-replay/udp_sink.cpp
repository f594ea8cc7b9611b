// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/udp_sink.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/errno_text.hpp"
#include "esc-replay/error.hpp"

namespace esc::replay {
namespace {

constexpr int kSendBufferBytes = 4 * 1024 * 1024;
constexpr int kUdpWaitMs = 5;
constexpr int kRefusalComesMs = 200;  // there and back

void set_option(int fd, int level, int name, int value) {
  // Each option only improves the sending; a failure does not matter.
  static_cast<void>(setsockopt(fd, level, name, &value, sizeof value));
}

}  // namespace

UdpSink::UdpSink(const std::string& host_port)
    : peer_(resolve("--udp", host_port, SOCK_DGRAM)), socket_(peer_.family, SOCK_DGRAM) {
  set_option(socket_.fd(), SOL_SOCKET, SO_SNDBUF, kSendBufferBytes);
  set_option(socket_.fd(), SOL_SOCKET, SO_SNDBUFFORCE, kSendBufferBytes);
  // A datagram beyond the MTU has to fail: sent as fragments, the appliance would drop it.
  if (peer_.family == AF_INET6) {
    set_option(socket_.fd(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
  } else {
    set_option(socket_.fd(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  }
  // Connected: one route look-up for all, and the peer's refusals are reported to us.
  if (connect(socket_.fd(), reinterpret_cast<const sockaddr*>(&peer_.storage), peer_.bytes) != 0) {
    throw Error("--udp '" + host_port + "': " + errno_text(errno) +
                "; check the address and the routes of this host");
  }
  for (std::size_t i = 0; i < kBatch; ++i) {
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

Outcome UdpSink::offer(const Trace& trace, std::size_t begin, std::size_t end) {
  const std::size_t count = std::min(end - begin, kBatch);
  for (std::size_t i = 0; i < count; ++i) {
    const std::span<const std::uint8_t> bytes = trace.unit(begin + i);
    vectors_[i] = {const_cast<std::uint8_t*>(bytes.data()),
                   bytes.size()};  // the kernel only reads it
  }
  const int sent =
      sendmmsg(socket_.fd(), messages_.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
  if (sent < 0) return judge(errno);
  // The kernel does not say why it stopped; if the reason lasts, the next offer returns it.
  if (static_cast<std::size_t>(sent) < count) ++blocked_;
  return {.sent = static_cast<std::size_t>(sent)};
}

Outcome UdpSink::judge(int error) {
  switch (error) {
    case EAGAIN:
      ++blocked_;
      return {};
    case EINTR:
      return {};
    case ENOBUFS:       // the device's queue is full
    case ECONNREFUSED:  // an earlier datagram was refused; this one was not tried
      ++errors_[error];
      return {};
    case EMSGSIZE:
    case EPERM:  // a firewall's rule
      ++errors_[error];
      return {.failed = 1};
    default:
      throw Error("--udp '" + peer_.text + "': sending failed: " + errno_text(error) +
                  "; check the address and the routes of this host");
  }
}

void UdpSink::wait() {
  pollfd poll_fd{.fd = socket_.fd(), .events = POLLOUT, .revents = 0};
  static_cast<void>(poll(&poll_fd, 1, kUdpWaitMs));
}

// No further datagram will report that the last ones were refused, so this waits for that.
std::size_t UdpSink::finish(const Trace& /*trace*/) {
  pollfd poll_fd{.fd = socket_.fd(), .events = 0, .revents = 0};
  if (poll(&poll_fd, 1, kRefusalComesMs) <= 0) return 0;
  int error = 0;
  socklen_t bytes = sizeof error;
  if (getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error != 0)
    ++errors_[error];
  return 0;
}

}  // namespace esc::replay
