// SPDX-License-Identifier: BSD-3-Clause
// What a port counts.
#pragma once

#include <cstdint>

#include "telemetry/figure.hpp"
#include "telemetry/ledger.hpp"

namespace esc::dpdk {

struct PortStats {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t imissed = 0;
  std::uint64_t rx_nombuf = 0;
  std::uint64_t ierrors = 0;
  /// Packets that the driver took before the port was started, and that were put aside:
  /// net_af_packet's sockets receive from all interfaces until they are bound to one. Not among
  /// `packets`.
  std::uint64_t before_start = 0;

  [[nodiscard]] telemetry::PortLosses losses() const noexcept {
    return {.imissed = imissed, .rx_nombuf = rx_nombuf, .ierrors = ierrors};
  }
};

[[nodiscard]] constexpr auto figures_of(const PortStats* /*block*/) {
  using B = PortStats;
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "port", Figure{"packets", "Packets that the port received", &B::packets},
      Figure{"bytes", "Bytes that the port received", &B::bytes, Kind::kCounter, Unit::kBytes},
      Figure{"imissed", "Packets lost because the descriptor ring was full", &B::imissed},
      Figure{"rx_nombuf", "Packets lost because the pool ran dry", &B::rx_nombuf},
      Figure{"ierrors", "Packets that the port refused", &B::ierrors},
      Figure{"before_start", "Packets that the driver took before the start, and put aside",
             &B::before_start});
}
static_assert(telemetry::well_described<PortStats>());

}  // namespace esc::dpdk
