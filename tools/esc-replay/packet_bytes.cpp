// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/packet_bytes.hpp"

#include <cstring>

#include "wire/packet_encoder.hpp"

namespace esc::replay {

void PacketBytes::resize(std::size_t size) noexcept {
  if (size > size_) std::memset(at(size_), 0, size - size_);
  size_ = size;
}

void PacketBytes::set_protocol(std::uint8_t protocol) noexcept {
  const std::size_t fixed = ipv6_ ? 6 : 9;
  ip()[protocol_field_ == 0 ? fixed : protocol_field_] = protocol;
  fix_ipv4_checksum();
}

void PacketBytes::fix_ipv4_checksum() noexcept {
  if (ipv6_) return;
  const std::size_t header = std::size_t{4} * (ip()[0] & 0x0fu);
  wire::store_be16(ip() + 10, 0);
  wire::store_be16(ip() + 10, wire::internet_checksum({ip(), header}));
}

void PacketBytes::insert(std::size_t offset, std::size_t bytes) noexcept {
  std::memmove(at(offset + bytes), at(offset), size_ - offset);
  std::memset(at(offset), 0, bytes);
  size_ += bytes;
}

void PacketBytes::insert_vlan(std::uint16_t ether_type, std::uint16_t id) noexcept {
  constexpr std::size_t kAfterAddresses = 12;
  insert(kAfterAddresses, wire::kVlanTagBytes);
  wire::store_be16(at(kAfterAddresses), ether_type);
  wire::store_be16(at(kAfterAddresses + 2), id);
  ip_ += wire::kVlanTagBytes;
}

void PacketBytes::insert_ipv4_options(std::size_t bytes) noexcept {
  insert(ip_ + wire::kIpv4HeaderBytes, bytes);
  ip_header_bytes_ += bytes;
  ip()[0] = static_cast<std::uint8_t>(ip()[0] + bytes / 4);
  set_ip_length(ip_length() + bytes);
}

std::uint8_t* PacketBytes::insert_extension(std::uint8_t type, std::size_t bytes) noexcept {
  insert(ip_ + wire::kIpv6HeaderBytes, bytes);
  std::uint8_t* const header = ip() + wire::kIpv6HeaderBytes;
  header[0] = ip()[6];
  // Sizes: RFC 8200 in units of 8 without the first; authentication (RFC 4302) in units of 4
  // without the first two.
  if (type == kAuthentication) {
    header[1] = static_cast<std::uint8_t>(bytes / 4 - 2);
  } else if (type != kFragment) {
    header[1] = static_cast<std::uint8_t>(bytes / 8 - 1);
  }
  ip()[6] = type;
  protocol_field_ = protocol_field_ == 0 ? wire::kIpv6HeaderBytes : protocol_field_ + bytes;
  ip_header_bytes_ += bytes;
  set_ip_length(ip_length() + bytes);
  return header;
}

}  // namespace esc::replay
