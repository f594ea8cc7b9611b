// SPDX-License-Identifier: BSD-3-Clause
// The address and port from which a packet says it comes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "wire/ip_prefix.hpp"
#include "wire/packet.hpp"

namespace esc::wire {

/// Source address of an Ethernet frame with up to two VLAN tags. `head` is its first bytes; nullopt
/// if they hold no whole IP header. The header is not checked: classify_packet has checked every
/// packet whose frames are in the pipeline.
[[nodiscard]] inline std::optional<IpAddress> source_address(
    std::span<const std::uint8_t> head) noexcept {
  constexpr std::size_t kTypeOffset = 12;
  constexpr std::size_t kV4SourceOffset = 12;
  constexpr std::size_t kV6SourceOffset = 8;
  std::size_t type_at = kTypeOffset;
  for (int tags = 0; tags <= 2; ++tags, type_at += kVlanTagBytes) {
    if (head.size() < type_at + 2) return std::nullopt;
    const std::uint16_t type = load_be16(head.data() + type_at);
    const std::size_t ip = type_at + 2;
    if (type == kEtherTypeIpv4) {
      if (head.size() < ip + kV4SourceOffset + 4) return std::nullopt;
      return IpAddress::v4(load_be32(head.data() + ip + kV4SourceOffset));
    }
    if (type == kEtherTypeIpv6) {
      if (head.size() < ip + kV6SourceOffset + 16) return std::nullopt;
      return IpAddress::v6(head.subspan(ip + kV6SourceOffset).first<16>());
    }
    if (type != kEtherTypeVlan && type != kEtherTypeQinq) return std::nullopt;
  }
  return std::nullopt;
}

/// Source port in the UDP header of such a frame; nullopt if `head` does not hold it.
[[nodiscard]] inline std::optional<std::uint16_t> source_port(
    std::span<const std::uint8_t> head) noexcept {
  // Lengths were checked before, and `head` need not hold the whole packet.
  constexpr std::uint32_t kAnyLength = 1U << 20U;
  static constexpr PortSet kAnyPort = PortSet::all();
  const PacketVerdict verdict = classify_packet(head, kAnyLength, kAnyPort);
  if (verdict.kind != PacketKind::kDatagram) return std::nullopt;
  return load_be16(head.data() + verdict.udp_offset);
}

}  // namespace esc::wire
