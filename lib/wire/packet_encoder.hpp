// SPDX-License-Identifier: BSD-3-Clause
// Builds Ethernet + IP + UDP packets around a payload: for trace builders and tests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace esc::wire {

/// The headers of a UDP packet. Numbers in host order, addresses as on the wire.
struct UdpPath {
  std::array<std::uint8_t, 6> src_mac{};
  std::array<std::uint8_t, 6> dst_mac{};
  std::uint8_t vlan_tags = 0;  ///< 0..2 of `vlan_ids`; of two the outer is 0x88a8, the inner 0x8100
  std::array<std::uint16_t, 2> vlan_ids{};  ///< the whole TCI, outermost first
  bool ipv6 = false;
  std::uint8_t ttl = 64;                  ///< hop limit for IPv6
  std::array<std::uint8_t, 16> src_ip{};  ///< IPv4: the first 4 bytes
  std::array<std::uint8_t, 16> dst_ip{};
  std::uint16_t src_port = 0;
  std::uint16_t dst_port = 0;
};

/// Bytes before the payload in a packet on this path.
[[nodiscard]] constexpr std::size_t udp_overhead_bytes(const UdpPath& path) noexcept {
  return 14u + 4u * path.vlan_tags + (path.ipv6 ? 40u : 20u) + 8u;
}

/// The longest UDP payload that one packet on this path can say it has.
[[nodiscard]] constexpr std::size_t max_udp_payload_bytes(const UdpPath& path) noexcept {
  return path.ipv6 ? 65527u : 65507u;
}

/// Writes headers, payload and both checksums at the head of `out`; returns the packet's bytes (no
/// Ethernet padding, no FCS), or 0, with nothing written, when it does not fit or is not
/// representable. `payload` may already lie in `out`, anywhere.
[[nodiscard]] std::size_t encode_udp_packet(std::span<std::uint8_t> out, const UdpPath& path,
                                            std::span<const std::uint8_t> payload) noexcept;

/// Computes the UDP checksum of a whole packet anew, after its payload was changed in place. False,
/// with nothing changed, when the packet is not a UDP datagram by the rules of docs/wire-format.md
/// (any port).
[[nodiscard]] bool update_udp_checksum(std::span<std::uint8_t> packet) noexcept;

// The Internet checksum (RFC 1071), in steps: sums of parts add up as long as each part but the
// last has an even size.

/// Sum of 16-bit big-endian words, an odd last byte being a high one; not folded.
[[nodiscard]] std::uint64_t checksum_sum(std::span<const std::uint8_t> bytes) noexcept;
/// Folds a sum to 16 bits and complements it: the value of a checksum field.
[[nodiscard]] std::uint16_t checksum_fold(std::uint64_t sum) noexcept;
/// Checksum of one block; 0 over a block that holds its own, correct, checksum.
[[nodiscard]] std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) noexcept;

/// The checksum over the UDP header and payload in `udp` with its pseudo header, as if the checksum
/// field were 0; never 0 (it is sent as 0xffff). Addresses are 4 or 16 bytes each.
[[nodiscard]] std::uint16_t udp_checksum(std::span<const std::uint8_t> src_ip,
                                         std::span<const std::uint8_t> dst_ip,
                                         std::span<const std::uint8_t> udp) noexcept;

}  // namespace esc::wire
