// SPDX-License-Identifier: BSD-3-Clause
// Who may connect, and for how long a connection may be silent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "config/config.hpp"
#include "wire/ip_prefix.hpp"

namespace esc::route {

/// Immutable once published; any thread.
struct ConnectionRules {
  /// By listener, in the order of the configuration; nullopt, or no such entry: from anywhere.
  std::vector<std::optional<wire::PrefixSet>> sources{};
  std::uint32_t max_per_source = 0;  ///< connections from one address; 0: any number
  /// TSC cycles without a byte after which a connection is closed; 0: never.
  std::uint64_t idle_cycles = 0;
  /// TSC cycles within which a frame that has begun must end; 0: any time.
  std::uint64_t frame_cycles = 0;

  /// `from` nullopt: nobody knows.
  [[nodiscard]] bool may_connect(std::size_t listener,
                                 const std::optional<wire::IpAddress>& from) const noexcept {
    if (listener >= sources.size() || !sources[listener]) return true;
    return from && sources[listener]->contains(*from);
  }
};

[[nodiscard]] ConnectionRules connection_rules(const config::Config& config, std::uint64_t tsc_hz);

}  // namespace esc::route
