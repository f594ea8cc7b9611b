// SPDX-License-Identifier: BSD-3-Clause
#include "wire/udp_socket_sink.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace esc::wire {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Addresses find(const std::string& host, const std::string& port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &wanted, &found);
  if (error == 0) return {found, &freeaddrinfo};
  throw std::system_error(std::make_error_code(std::errc::address_not_available),
                          host + ", UDP port " + port + ": " + gai_strerror(error));
}

/// A datagram longer than the path's MTU has to fail: receivers drop fragments.
void forbid_fragments(int fd, int family) {
  const int value = family == AF_INET6 ? IPV6_PMTUDISC_DO : IP_PMTUDISC_DO;
  const int level = family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
  const int option = family == AF_INET6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER;
  static_cast<void>(setsockopt(fd, level, option, &value, sizeof value));
}

}  // namespace

UdpSocketSink::UdpSocketSink(const std::string& host, const std::string& port) : fd_(-1) {
  const Addresses addresses = find(host, port);
  int error = 0;
  for (const addrinfo* one = addresses.get(); one != nullptr; one = one->ai_next) {
    fd_ = socket(one->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd_ >= 0 && connect(fd_, one->ai_addr, one->ai_addrlen) == 0) {
      forbid_fragments(fd_, one->ai_family);
      return;
    }
    error = errno;
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }
  throw std::system_error(error, std::generic_category(), host + ", UDP port " + port);
}

UdpSocketSink::~UdpSocketSink() {
  if (fd_ >= 0) close(fd_);
}

bool UdpSocketSink::operator()(std::span<const std::uint8_t> datagram) noexcept {
  // A call may fail without sending: the kernel reports the refusal of an earlier datagram that
  // way, once, or a signal comes.
  constexpr int kTries = 4;
  for (int i = 0; i < kTries; ++i) {
    if (::send(fd_, datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) {
      last_error_ = 0;
      return true;
    }
    last_error_ = errno;
    if (last_error_ == ECONNREFUSED) ++refused_;
    if (last_error_ != EINTR && last_error_ != ECONNREFUSED) return false;
  }
  return false;
}

void UdpSocketSink::wait_for_refusal(std::chrono::milliseconds time) noexcept {
  pollfd socket{fd_, 0, 0};  // poll() always reports errors
  if (poll(&socket, 1, static_cast<int>(time.count())) <= 0) return;
  int error = 0;
  socklen_t bytes = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error == ECONNREFUSED)
    ++refused_;
}

}  // namespace esc::wire
