// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/port_link.hpp"

#include <rte_ethdev.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace esc::dpdk {
namespace {

constexpr unsigned kStateBits = 8;

std::uint64_t packed(const Link& link) {
  return std::uint64_t{link.speed_mbps} << kStateBits | static_cast<std::uint64_t>(link.state);
}

LinkState state_of(topology::InterfaceState state) {
  switch (state) {
    case topology::InterfaceState::kUp:
      return LinkState::kUp;
    case topology::InterfaceState::kDown:
      return LinkState::kDown;
    case topology::InterfaceState::kGone:
      break;
  }
  return LinkState::kGone;
}

}  // namespace

PortLink::PortLink(std::uint16_t port_id, const std::string& driver,
                   const std::vector<std::string>& interfaces, bool plays_traces)
    : port_id_(port_id), plays_traces_(plays_traces) {
  const auto add = [this](std::optional<topology::Interface> interface) {
    if (interface) interfaces_.push_back(std::move(*interface));
  };
  for (const std::string& interface : interfaces) add(topology::Interface::find(interface));
  rte_eth_dev_info info{};
  if (interfaces_.empty() && rte_eth_dev_info_get(port_id, &info) == 0 && info.if_index != 0) {
    add(topology::Interface::of(info.if_index));
  }
  // These drivers report that their link is up, whatever happens to what they read.
  has_link_ = plays_traces_ || !interfaces_.empty() ||
              (driver != "net_pcap" && driver != "net_null" && driver != "net_ring");
}

Link PortLink::get() const noexcept {
  // Relaxed: nothing else is published with it.
  const std::uint64_t last = last_.load(std::memory_order_relaxed);
  return {static_cast<LinkState>(last & ((1U << kStateBits) - 1)),
          static_cast<std::uint32_t>(last >> kStateBits)};
}

bool PortLink::look() {
  if (!open_ || !has_link_) return false;
  const Link before = get();
  // An interface that is gone does not come back: a new one is another interface. And a driver does
  // not read on in a trace after it could not read it.
  if (before.state == LinkState::kGone || before.state == LinkState::kDamaged) return false;
  const Link now = ask();
  last_.store(packed(now), std::memory_order_relaxed);
  return now != before;
}

Link PortLink::ask() const {
  if (plays_traces_) {
    rte_eth_stats stats{};
    const bool failed = rte_eth_stats_get(port_id_, &stats) == 0 && stats.ierrors != 0;
    return {failed ? LinkState::kDamaged : LinkState::kNone, 0};
  }
  if (!interfaces_.empty()) return {ask_kernel(), 0};
  rte_eth_link link{};
  if (rte_eth_link_get_nowait(port_id_, &link) != 0) return {};
  Link now{link.link_status == RTE_ETH_LINK_UP ? LinkState::kUp : LinkState::kDown, 0};
  if (link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN && link.link_speed != RTE_ETH_SPEED_NUM_NONE) {
    now.speed_mbps = link.link_speed;
  }
  return now;
}

/// Of several interfaces the worst state counts, since packets of that one are missing.
LinkState PortLink::ask_kernel() const noexcept {
  LinkState worst = LinkState::kUp;
  for (const topology::Interface& interface : interfaces_) {
    worst = std::max(worst, state_of(interface.state()));
  }
  return worst;
}

}  // namespace esc::dpdk
