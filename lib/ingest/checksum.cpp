// SPDX-License-Identifier: BSD-3-Clause
#include "ingest/checksum.hpp"

#include <rte_ip.h>

#include <algorithm>

namespace esc::ingest::detail {
namespace {

/// Ones' complement sum of `bytes` bytes of the packet from `offset` on, folded to 16 bits; they
/// lie within it. Not rte_raw_cksum_mbuf: up to DPDK 22.11 at least that loses the carries of a
/// segment which begins at an odd byte.
std::uint16_t sum_over_segments(const rte_mbuf& packet, std::uint32_t offset,
                                std::uint32_t bytes) noexcept {
  const rte_mbuf* segment = &packet;
  while (offset >= segment->data_len) {
    offset -= segment->data_len;
    segment = segment->next;
  }
  std::uint32_t sum = 0;
  bool odd = false;
  for (;; segment = segment->next, offset = 0) {
    const std::uint32_t part = std::min<std::uint32_t>(segment->data_len - offset, bytes);
    const std::uint16_t folded =
        rte_raw_cksum(rte_pktmbuf_mtod_offset(segment, const char*, offset), part);
    // A word that begins at an odd byte has its halves the other way round (RFC 1071, 2 (B)).
    sum += odd ? rte_bswap16(folded) : folded;
    sum = (sum & 0xffff) + (sum >> 16);
    odd ^= (part & 1) != 0;
    bytes -= part;
    if (bytes == 0) return static_cast<std::uint16_t>(sum);
  }
}

}  // namespace

bool ip_checksum_right(const std::uint8_t* head, const wire::PacketVerdict& verdict) noexcept {
  // Over a header with its checksum in it, options included, the sum is all ones.
  return rte_raw_cksum(head + verdict.ip_offset, verdict.ip_header_bytes) == 0xffff;
}

bool udp_checksum_right(const rte_mbuf& packet, const std::uint8_t* head,
                        const wire::PacketVerdict& verdict) noexcept {
  const std::uint8_t* ip = head + verdict.ip_offset;
  const std::uint8_t* addresses = ip + (verdict.is_ipv6 ? 8 : 12);
  // Pseudo header: addresses, UDP length, protocol. Sums of big-endian words read as the host's add
  // up all the same (RFC 1071).
  std::uint32_t total = rte_raw_cksum(addresses, verdict.is_ipv6 ? 32 : 8);
  total += rte_cpu_to_be_16(verdict.udp_bytes);
  total += rte_cpu_to_be_16(IPPROTO_UDP);
  total += sum_over_segments(packet, verdict.udp_offset, verdict.udp_bytes);
  total = (total & 0xffff) + (total >> 16);
  total = (total & 0xffff) + (total >> 16);
  return total == 0xffff;
}

}  // namespace esc::ingest::detail
