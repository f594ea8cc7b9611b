// SPDX-License-Identifier: BSD-3-Clause
// An address with a port, as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/ip_prefix.hpp"

namespace esc::wire {

/// "127.0.0.1:9100", "[::1]:9100", "[::]:9100". Names are not looked up: a start must not depend on
/// whether a name server answers.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  /// nullopt: the text is no such endpoint.
  [[nodiscard]] static std::optional<Endpoint> from(std::string_view text);

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// As Endpoint::from() reads it.
[[nodiscard]] std::string to_text(const Endpoint& endpoint);

}  // namespace esc::wire
