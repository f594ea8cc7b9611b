// SPDX-License-Identifier: BSD-3-Clause
// The headers of a packet in contiguous bytes, even where a driver spread them over segments.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "wire/packet.hpp"

namespace esc::ingest {

/// Thread: one RX lcore.
class PacketHead {
 public:
  PacketHead() : scratch_(std::make_unique<std::array<std::uint8_t, kScratchBytes>>()) {}

  /// Classifies the packet and leaves its headers readable at `head` until the next call.
  [[nodiscard]] wire::PacketVerdict classify(const rte_mbuf& packet, const wire::PortSet& udp_ports,
                                             const std::uint8_t*& head) noexcept {
    head = rte_pktmbuf_mtod(&packet, const std::uint8_t*);
    const wire::PacketVerdict verdict =
        wire::classify_packet({head, packet.data_len}, packet.pkt_len, udp_ports);
    if (verdict.kind != wire::PacketKind::kNeedMoreBytes) [[likely]]
      return verdict;
    return classify_gathered(packet, udp_ports, head);
  }

 private:
  // The largest IP packet with its Ethernet header and tags: headers never reach further.
  static constexpr std::uint32_t kScratchBytes = 65536 + 64;

  [[nodiscard]] wire::PacketVerdict classify_gathered(const rte_mbuf& packet,
                                                      const wire::PortSet& udp_ports,
                                                      const std::uint8_t*& head) noexcept;

  std::unique_ptr<std::array<std::uint8_t, kScratchBytes>> scratch_;
};

}  // namespace esc::ingest
