// SPDX-License-Identifier: BSD-3-Clause
// Whether anything can come in at a port at all.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/named.hpp"
#include "telemetry/figure.hpp"
#include "topology/interface.hpp"

namespace esc::dpdk {

enum class LinkState : std::uint8_t { kNone, kUp, kDown, kGone, kDamaged, kCount };

inline constexpr NamedTable<LinkState> kLinkStateRows = {{
    {LinkState::kNone, "none", "the port has no link: a trace file, net_null, net_ring"},
    {LinkState::kUp, "up", "packets can come in"},
    {LinkState::kDown, "down",
     "nothing comes in until it is up again; the port need not be opened anew"},
    {LinkState::kGone, "gone",
     "the interface that the port was opened on is gone: nothing comes in until escd is started "
     "again"},
    {LinkState::kDamaged, "damaged", "its trace file is damaged: the rest of it is not played"},
}};
static_assert(well_named(kLinkStateRows));

inline constexpr auto kLinkStateNames = names_of(kLinkStateRows);

[[nodiscard]] constexpr std::string_view name(LinkState state) noexcept {
  return kLinkStateNames[static_cast<std::size_t>(state)];
}

struct Link {
  LinkState state = LinkState::kNone;
  std::uint32_t speed_mbps = 0;  ///< 0: not known; so for every port on an interface of the kernel

  /// Packets can come in, as far as can be told.
  [[nodiscard]] bool up() const noexcept {
    return state == LinkState::kNone || state == LinkState::kUp;
  }
  friend bool operator==(const Link&, const Link&) = default;
};

/// The link as figures.
struct LinkFigures {
  std::uint64_t state = 0;
  std::uint64_t up = 0;
  std::uint64_t speed_mbps = 0;
};

[[nodiscard]] inline LinkFigures figures_from(const Link& link) noexcept {
  return {static_cast<std::uint64_t>(link.state), link.up() ? 1U : 0U, link.speed_mbps};
}

[[nodiscard]] constexpr auto figures_of(const LinkFigures* /*block*/) {
  using B = LinkFigures;
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "port",
      Figure{"link", "1: the link of the port is in this state", &B::state, Kind::kOneOf,
             Unit::kNone, "link", "state", kLinkStateNames},
      Figure{"link_up", "1: something can come in at the port", &B::up, Kind::kFlag},
      Figure{"speed", "Speed of the link, in bytes a second; 0: not known", &B::speed_mbps,
             Kind::kGauge, Unit::kMegabits, "speed_mbps"});
}
static_assert(telemetry::well_described<LinkFigures>());

/// The link of one port. For a port on interfaces of the kernel the kernel is asked: net_af_packet
/// reports a link that is up even when its interface is gone, and net_pcap always does. Any other
/// port is asked with rte_eth_link_get_nowait.
class PortLink {
 public:
  /// `driver`: its name from rte_eth_dev_info. `interfaces`: names of those that it receives from;
  /// may be empty if the driver reports its interface itself. `plays_traces`: it has no link but
  /// trace files, and ierrors says whether they are damaged.
  PortLink(std::uint16_t port_id, const std::string& driver,
           const std::vector<std::string>& interfaces, bool plays_traces);

  /// Looks at the link; does not wait. True: it has changed since the last look. Called by the main
  /// lcore now and then.
  bool look();
  /// The port is closed: the link is not asked for any more and keeps its last value.
  void close() noexcept { open_ = false; }
  /// The link at the last look. Any thread.
  [[nodiscard]] Link get() const noexcept;

 private:
  [[nodiscard]] Link ask() const;
  [[nodiscard]] LinkState ask_kernel() const noexcept;

  std::uint16_t port_id_;
  bool has_link_ = true;
  bool plays_traces_;
  bool open_ = true;
  std::vector<topology::Interface> interfaces_;
  // One word, so that a reader never sees the state of one look with the speed of another.
  std::atomic<std::uint64_t> last_{0};
};

}  // namespace esc::dpdk
