// SPDX-License-Identifier: BSD-3-Clause
// Whether anything can come in at a port at all.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "topology/interface.hpp"

namespace esc::dpdk {

enum class LinkState : std::uint8_t {
  kNone,  ///< the port has no link: a trace file, net_null, net_ring
  kUp,
  kDown,  ///< nothing comes in until it is up again; the port need not be opened anew
  kGone,  ///< what the port was opened on is gone for good: it is deaf until escd is started anew
  kDamaged,  ///< its trace cannot be read on: the rest is not played
};
/// "none", "up", "down", "gone", "damaged".
[[nodiscard]] std::string_view name(LinkState state) noexcept;

struct Link {
  LinkState state = LinkState::kNone;
  std::uint32_t speed_mbps = 0;  ///< 0: not known, as of every port on an interface of the kernel

  /// Packets can come in, as far as can be told.
  [[nodiscard]] bool up() const noexcept {
    return state == LinkState::kNone || state == LinkState::kUp;
  }
  friend bool operator==(const Link&, const Link&) = default;
};

/// The link of one port. A port on interfaces of the kernel is asked about there: net_af_packet
/// says that a link is up when its interface is gone, net_pcap always. Any other is asked by
/// rte_eth_link_get_nowait.
class PortLink {
 public:
  /// `driver`: as rte_eth_dev_info has it. `interfaces`: names of those it receives from; may be
  /// empty for a driver that tells its interface by itself. `plays_traces`: it has no link, but
  /// files that may be damaged; ierrors then says so.
  PortLink(std::uint16_t port_id, const std::string& driver,
           const std::vector<std::string>& interfaces, bool plays_traces);

  /// Main lcore, now and then; does not wait. True: it is another than at the last look.
  bool look();
  /// Once closed. It stays what it was.
  void close() noexcept { open_ = false; }
  /// As of the last look. Any thread.
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
