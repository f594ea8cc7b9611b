// SPDX-License-Identifier: BSD-3-Clause
// Finds the UDP payload in an Ethernet packet, or says what else the packet is: "From packet to
// datagram" in docs/wire-format.md, all rules but those on checksums (23, 24) and the empty
// datagram (25), which come after them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/reasons.hpp"
#include "wire/byte_order.hpp"

namespace esc::wire {

/// A set of UDP ports: one load and a shift to ask, whatever its size. 8 KiB; built before use,
/// read from any thread after.
class PortSet {
 public:
  void insert(std::uint16_t port) noexcept {
    const std::uint32_t place = __builtin_bswap16(port);
    words_[place / 64u] |= std::uint64_t{1} << (place % 64u);
  }
  [[nodiscard]] bool contains(std::uint16_t port) const noexcept {
    return has(__builtin_bswap16(port));
  }
  /// The same of the port that is written at `p`, in the network's order.
  [[nodiscard]] bool contains_at(const std::uint8_t* p) const noexcept {
    std::uint16_t place = 0;
    std::memcpy(&place, p, sizeof place);
    return has(place);
  }
  /// Every port there is.
  [[nodiscard]] static constexpr PortSet all() noexcept {
    PortSet set;
    set.words_.fill(~std::uint64_t{0});
    return set;
  }

 private:
  [[nodiscard]] bool has(std::size_t place) const noexcept {
    return (words_[place / 64u] >> (place % 64u) & 1u) != 0;
  }

  /// A bit for each port. Its place is the port with its bytes swapped, as they lie in a packet.
  std::array<std::uint64_t, 65536 / 64> words_{};
};

inline constexpr std::uint32_t kEthernetHeaderBytes = 14;
inline constexpr std::uint32_t kVlanTagBytes = 4;
inline constexpr std::uint32_t kIpv4HeaderBytes = 20;  ///< without options
inline constexpr std::uint32_t kIpv6HeaderBytes = 40;  ///< without extension headers
inline constexpr std::uint32_t kUdpHeaderBytes = 8;
inline constexpr std::uint32_t kMaxVlanTags = 2;
inline constexpr std::uint32_t kMaxIpv6Extensions = 8;

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeVlan = 0x8100;
inline constexpr std::uint16_t kEtherTypeQinq = 0x88a8;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
inline constexpr std::uint16_t kEtherTypeMin = 0x0600;  ///< below: an 802.3 length

enum class PacketKind : std::uint8_t {
  kDatagram,      ///< UDP for us; may be empty. Rules 23 to 25 are still to be applied
  kNonEvent,      ///< PacketVerdict::non_event says what
  kDropped,       ///< PacketVerdict::drop says why
  kNeedMoreBytes  ///< a header reaches past `head`, though not past the packet: ask again with more
                  ///< of it
};

/// What a packet is. The fields after `non_event` are set for kDatagram only; offsets count from
/// the start of the packet.
struct PacketVerdict {
  PacketKind kind;
  PacketDrop drop{};
  NonEvent non_event{};
  bool is_ipv6 = false;
  std::uint16_t udp_checksum = 0;  ///< as the sender stored it, host order; 0: none
  std::uint16_t udp_bytes = 0;     ///< the UDP length: header and payload, what the checksum covers
  std::uint32_t ip_offset = 0;
  std::uint32_t ip_header_bytes = 0;  ///< with options or extension headers
  std::uint32_t udp_offset = 0;
  std::uint32_t payload_offset = 0;
  std::uint32_t payload_bytes =
      0;  ///< what the UDP length says; ends within the IP payload, so within the packet
};

namespace detail {

[[nodiscard]] PacketVerdict classify_any(std::span<const std::uint8_t> head,
                                         std::uint32_t packet_bytes,
                                         const PortSet& udp_ports) noexcept;

}  // namespace detail

/// Classifies a packet by its first contiguous bytes. `packet_bytes` is that of the whole packet,
/// over all segments, at least head.size(). Pure; any thread. kNeedMoreBytes only when head is
/// shorter than the packet.
[[nodiscard]] inline PacketVerdict classify_packet(std::span<const std::uint8_t> head,
                                                   std::uint32_t packet_bytes,
                                                   const PortSet& udp_ports) noexcept {
  // Nearly every packet is an untagged, unfragmented IPv4 datagram without options, for us. That is
  // decided here; every other packet, and every doubtful one, goes through all the rules.
  constexpr std::uint32_t kIp = kEthernetHeaderBytes;
  constexpr std::uint32_t kUdp = kIp + kIpv4HeaderBytes;
  constexpr std::uint32_t kPayload = kUdp + kUdpHeaderBytes;
  const std::uint8_t* const p = head.data();
  if (head.size() >= kPayload && load_be16(p + 12) == kEtherTypeIpv4 && p[kIp] == 0x45) [[likely]] {
    const std::uint32_t total_length = load_be16(p + kIp + 2);
    const std::uint32_t fragment = load_be16(p + kIp + 6) & 0x3fffu;
    const std::uint32_t udp_bytes = load_be16(p + kUdp + 4);
    const bool plain = total_length <= packet_bytes - kIp && fragment == 0 && p[kIp + 9] == 17 &&
                       udp_bytes >= kUdpHeaderBytes &&
                       udp_bytes + kIpv4HeaderBytes <= total_length &&
                       udp_ports.contains_at(p + kUdp + 2);
    if (plain) [[likely]] {
      return {.kind = PacketKind::kDatagram,
              .is_ipv6 = false,
              .udp_checksum = load_be16(p + kUdp + 6),
              .udp_bytes = static_cast<std::uint16_t>(udp_bytes),
              .ip_offset = kIp,
              .ip_header_bytes = kIpv4HeaderBytes,
              .udp_offset = kUdp,
              .payload_offset = kPayload,
              .payload_bytes = udp_bytes - kUdpHeaderBytes};
    }
  }
  return detail::classify_any(head, packet_bytes, udp_ports);
}

}  // namespace esc::wire
