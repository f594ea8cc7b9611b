// SPDX-License-Identifier: BSD-3-Clause
#include "ingest/packet_head.hpp"

#include <algorithm>
#include <cstring>

namespace esc::ingest {

wire::PacketVerdict PacketHead::classify_gathered(const rte_mbuf& packet,
                                                  const wire::PortSet& udp_ports,
                                                  const std::uint8_t*& head) noexcept {
  const std::uint32_t wanted = std::min(packet.pkt_len, kScratchBytes);
  std::uint32_t gathered = 0;
  for (const rte_mbuf* seg = &packet; seg != nullptr && gathered < wanted; seg = seg->next) {
    const std::uint32_t part = std::min<std::uint32_t>(seg->data_len, wanted - gathered);
    std::memcpy(scratch_->data() + gathered, rte_pktmbuf_mtod(seg, const std::uint8_t*), part);
    gathered += part;
  }
  head = scratch_->data();
  return wire::classify_packet({head, gathered}, packet.pkt_len, udp_ports);
}

}  // namespace esc::ingest
