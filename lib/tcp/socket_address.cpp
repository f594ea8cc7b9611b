// SPDX-License-Identifier: BSD-3-Clause
#include "tcp/socket_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace esc::tcp {

SocketAddress::SocketAddress(const wire::Endpoint& endpoint) noexcept {
  if (endpoint.address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    v4.sin_addr.s_addr = htonl(static_cast<std::uint32_t>(endpoint.address.low()));
    std::memcpy(&address_, &v4, bytes_ = sizeof v4);
    return;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port);
  std::ranges::copy(endpoint.address.bytes, std::begin(v6.sin6_addr.s6_addr));
  std::memcpy(&address_, &v6, bytes_ = sizeof v6);
}

intake::StreamPeer peer_of(const sockaddr_storage& address) noexcept {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return {wire::IpAddress::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    return {wire::IpAddress::v6(std::span<const std::uint8_t, 16>(v6.sin6_addr.s6_addr, 16)),
            ntohs(v6.sin6_port)};
  }
  return {};
}

}  // namespace esc::tcp
