// SPDX-License-Identifier: BSD-3-Clause
#include "route/connection_rules.hpp"

namespace esc::route {

ConnectionRules connection_rules(const config::Config& config, std::uint64_t tsc_hz) {
  ConnectionRules rules;
  for (const config::TcpConfig& listener : config.tcp) {
    auto& sources = rules.sources.emplace_back();
    if (!listener.sources.empty()) sources.emplace(listener.sources);
  }
  rules.max_per_source = config.connections.max_per_source;
  rules.idle_cycles = config.connections.idle_timeout_s * tsc_hz;
  rules.frame_cycles = config.connections.frame_timeout_ms * (tsc_hz / 1000);
  return rules;
}

}  // namespace esc::route
