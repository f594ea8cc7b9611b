// SPDX-License-Identifier: BSD-3-Clause
// Ports at which nothing can come in, for `escctl health`.
#pragma once

#include <string>
#include <vector>

#include "app/escd/appliance_names.hpp"

namespace esc::app {

/// "eth0: down", "feed-b: gone"; empty: packets can come in at every port. A memif or vhost port
/// without a peer is not listed: its peer may come and go.
[[nodiscard]] inline std::vector<std::string> ports_without_link(const Appliance& appliance) {
  std::vector<std::string> ports;
  for (const auto& port : appliance.ports()) {
    const dpdk::Link link = port->link();
    const bool waits = port->driver() == "net_memif" || port->driver() == "net_vhost";
    if (link.up() || (waits && link.state == dpdk::LinkState::kDown)) continue;
    ports.push_back(port->settings().label + ": " + std::string(dpdk::name(link.state)));
  }
  return ports;
}

}  // namespace esc::app
