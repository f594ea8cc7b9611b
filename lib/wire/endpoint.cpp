// SPDX-License-Identifier: BSD-3-Clause
#include "wire/endpoint.hpp"

#include <variant>

#include "base/number.hpp"
#include "wire/host_port.hpp"

namespace esc::wire {

std::optional<Endpoint> Endpoint::from(std::string_view text) {
  const auto parts = split_host_port(text);
  if (!parts || parts->host.find('/') != std::string::npos) return std::nullopt;
  const auto parsed = parse_prefix(parts->host);
  const auto* alone = std::get_if<IpPrefix>(&parsed);
  // An IPv6 address stands in brackets, and an IPv4 one does not.
  if (alone == nullptr || alone->address.is_v4() == text.starts_with('[')) return std::nullopt;
  const auto port = parse_whole(parts->port, range_of<std::uint16_t>());
  if (!port) return std::nullopt;
  return Endpoint{alone->address, static_cast<std::uint16_t>(*port)};
}

std::string to_text(const Endpoint& endpoint) {
  const std::string address = to_text(endpoint.address);
  const std::string port = ":" + std::to_string(endpoint.port);
  return endpoint.address.is_v4() ? address + port : "[" + address + "]" + port;
}

}  // namespace esc::wire
