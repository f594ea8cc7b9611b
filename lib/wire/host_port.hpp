// SPDX-License-Identifier: BSD-3-Clause
// "HOST:PORT" as users write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace esc::wire {

struct HostPort {
  std::string host;  ///< a name or an address, without brackets
  std::string port;  ///< a number, 1 to 65535

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// Splits "host:9001", "192.0.2.1:9001", "[2001:db8::1]:9001"; nullopt: the text has another form.
/// The host's name is not checked. Any thread.
[[nodiscard]] std::optional<HostPort> split_host_port(std::string_view text);

/// What the user should write instead of a text that split_host_port() refuses.
inline constexpr std::string_view kHostPortFix =
    "expected HOST:PORT, an IPv6 address in brackets: [::1]:9001";

}  // namespace esc::wire
