// SPDX-License-Identifier: BSD-3-Clause
// Rules 23 and 24 of "From packet to datagram" (docs/wire-format.md): by what the NIC says, or in
// software.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>
#include <optional>

#include "base/reasons.hpp"
#include "config/config.hpp"
#include "wire/packet.hpp"

namespace esc::ingest {

namespace detail {
[[nodiscard]] bool ip_checksum_right(const std::uint8_t* head,
                                     const wire::PacketVerdict& verdict) noexcept;
[[nodiscard]] bool udp_checksum_right(const rte_mbuf& packet, const std::uint8_t* head,
                                      const wire::PacketVerdict& verdict) noexcept;
}  // namespace detail

/// Judges a datagram's checksums; the reason to drop it, if there is one. `head`: its contiguous
/// first bytes, up to the UDP payload at least. If the NIC says "none", the data are right although
/// the field is not (partial checksums): accepted. With `verify`, the sum is computed before a
/// NIC's "bad" is believed: some NICs say it of packets that they cannot read (IPv6 extension
/// headers).
[[nodiscard]] inline std::optional<PacketDrop> judge_checksums(const rte_mbuf& packet,
                                                               const std::uint8_t* head,
                                                               const wire::PacketVerdict& verdict,
                                                               config::Checksum mode) noexcept {
  if (mode == config::Checksum::kOff) return std::nullopt;
  const bool software = mode == config::Checksum::kVerify;
  if (!verdict.is_ipv6) {
    const std::uint64_t nic = packet.ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
    const bool bad = nic == RTE_MBUF_F_RX_IP_CKSUM_BAD;
    const bool unsure = bad || nic == RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN;
    if (software ? unsure && !detail::ip_checksum_right(head, verdict) : bad) {
      return PacketDrop::kBadIpChecksum;
    }
  }
  if (verdict.udp_checksum == 0) {
    if (verdict.is_ipv6) return PacketDrop::kBadUdpChecksum;
    return std::nullopt;
  }
  const std::uint64_t nic = packet.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
  const bool bad = nic == RTE_MBUF_F_RX_L4_CKSUM_BAD;
  const bool unsure = bad || nic == RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN;
  if (software ? unsure && !detail::udp_checksum_right(packet, head, verdict) : bad) {
    return PacketDrop::kBadUdpChecksum;
  }
  return std::nullopt;
}

}  // namespace esc::ingest
