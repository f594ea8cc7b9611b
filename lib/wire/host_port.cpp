#include "wire/host_port.hpp"

#include <charconv>
#include <cstdint>

namespace esc::wire {

std::optional<HostPort> split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  std::uint16_t number = 0;
  const char* const end = port.data() + port.size();
  const auto [stop, error] = std::from_chars(port.data(), end, number);
  const bool sound = error == std::errc() && stop == end && number != 0;
  // Only a bracketed host has colons, and none has brackets within.
  const std::string_view strangers = bracketed ? "[]" : "[]:";
  if (host.empty() || !sound || host.find_first_of(strangers) != std::string_view::npos)
    return std::nullopt;
  return HostPort{std::string(host), std::string(port)};
}

}  // namespace esc::wire
