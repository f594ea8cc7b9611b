// SPDX-License-Identifier: BSD-3-Clause
#include "wire/host_port.hpp"

#include "base/number.hpp"

namespace esc::wire {

std::optional<HostPort> split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool sound = parse_whole(port, {1, 65535}).has_value();
  // A host has colons only if it is in brackets, and no host has brackets inside.
  const std::string_view strangers = bracketed ? "[]" : "[]:";
  if (host.empty() || !sound || host.find_first_of(strangers) != std::string_view::npos)
    return std::nullopt;
  return HostPort{std::string(host), std::string(port)};
}

}  // namespace esc::wire
