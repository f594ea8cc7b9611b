// SPDX-License-Identifier: BSD-3-Clause
// A packet under construction, whose headers can still be changed.
#pragma once

#include <cstdint>
#include <span>

#include "wire/byte_order.hpp"
#include "wire/packet.hpp"

namespace esc::replay {

/// Bytes in the caller's buffer, which must have room for whatever is inserted. Lengths in the IP
/// header follow insertions, not cuts.
class PacketBytes {
 public:
  /// `size` bytes of Ethernet, `tags` VLAN tags, then IP without options or extension headers.
  PacketBytes(std::span<std::uint8_t> room, std::size_t size, unsigned tags, bool ipv6) noexcept
      : room_(room),
        size_(size),
        ip_(wire::kEthernetHeaderBytes + wire::kVlanTagBytes * tags),
        ip_header_bytes_(ipv6 ? wire::kIpv6HeaderBytes : wire::kIpv4HeaderBytes),
        ipv6_(ipv6) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool ipv6() const noexcept { return ipv6_; }
  [[nodiscard]] std::span<std::uint8_t> bytes() const noexcept { return room_.first(size_); }
  [[nodiscard]] std::uint8_t* at(std::size_t offset) const noexcept {
    return room_.data() + offset;
  }
  [[nodiscard]] std::uint8_t* ip() const noexcept { return at(ip_); }
  [[nodiscard]] std::size_t ip_offset() const noexcept { return ip_; }
  /// With options or extension headers.
  [[nodiscard]] std::size_t ip_header_bytes() const noexcept { return ip_header_bytes_; }
  [[nodiscard]] std::uint8_t* l4() const noexcept { return ip() + ip_header_bytes_; }
  [[nodiscard]] std::size_t l4_bytes() const noexcept { return size_ - ip_ - ip_header_bytes_; }
  [[nodiscard]] std::size_t fixed_ip_bytes() const noexcept {
    return ipv6_ ? wire::kIpv6HeaderBytes : wire::kIpv4HeaderBytes;
  }

  /// Cuts the packet, or makes it longer with zeros.
  void resize(std::size_t size) noexcept;

  /// IPv4 total_length or IPv6 payload_length.
  [[nodiscard]] std::uint16_t ip_length() const noexcept {
    return wire::load_be16(ip_length_field());
  }
  void set_ip_length(std::size_t value) noexcept {
    wire::store_be16(ip_length_field(), static_cast<std::uint16_t>(value));
    fix_ipv4_checksum();
  }
  /// IPv4 protocol, or the next header of the last IPv6 header.
  void set_protocol(std::uint8_t protocol) noexcept;

  /// Computes the checksum over as many header bytes as IHL says; does nothing for IPv6.
  void fix_ipv4_checksum() noexcept;

  /// Puts a VLAN tag before all others.
  void insert_vlan(std::uint16_t ether_type, std::uint16_t id) noexcept;
  /// IPv4: zeros behind the fixed header, IHL and lengths to match. `bytes` a multiple of 4; at
  /// most 40 in all.
  void insert_ipv4_options(std::size_t bytes) noexcept;
  /// IPv6: a header of zeros of that type and size right behind the fixed header; the length it
  /// says of itself is right. Returns it.
  std::uint8_t* insert_extension(std::uint8_t type, std::size_t bytes) noexcept;

 private:
  [[nodiscard]] std::uint8_t* ip_length_field() const noexcept { return ip() + (ipv6_ ? 4 : 2); }
  void insert(std::size_t offset, std::size_t bytes) noexcept;

  std::span<std::uint8_t> room_;
  std::size_t size_;
  std::size_t ip_;
  std::size_t ip_header_bytes_;
  std::size_t protocol_field_ =
      0;  ///< of the last IPv6 extension header, from ip(); 0: the fixed header's
  bool ipv6_;
};

inline constexpr std::uint8_t kHopByHop = 0;
inline constexpr std::uint8_t kRouting = 43;
inline constexpr std::uint8_t kFragment = 44;
inline constexpr std::uint8_t kAuthentication = 51;
inline constexpr std::uint8_t kDestinationOptions = 60;
inline constexpr std::uint8_t kMobility = 135;
inline constexpr std::uint8_t kHostIdentity = 139;
inline constexpr std::uint8_t kShim6 = 140;

}  // namespace esc::replay
