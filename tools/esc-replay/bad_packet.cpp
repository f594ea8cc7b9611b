// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/bad_packet.hpp"

#include <algorithm>
#include <array>

#include "wire/packet_encoder.hpp"

namespace esc::replay {
namespace {

constexpr std::size_t kAfterAddresses = 12;  // in the Ethernet header
constexpr std::size_t kUdpPort = 2;
constexpr std::size_t kUdpLength = 4;
constexpr std::size_t kUdpChecksum = 6;

void short_in_vlan(PacketBytes& packet, Random& random) {
  std::size_t at = kAfterAddresses;
  if (random.below(2) == 0) {  // a whole tag first
    wire::store_be16(packet.at(at), wire::kEtherTypeQinq);
    wire::store_be16(packet.at(at + 2), 7);
    at += wire::kVlanTagBytes;
  }
  wire::store_be16(packet.at(at),
                   random.below(2) == 0 ? wire::kEtherTypeVlan : wire::kEtherTypeQinq);
  packet.resize(at + 2 + random.below(wire::kVlanTagBytes));
}

void short_in_options(PacketBytes& packet, Random& random) {
  const std::size_t option_bytes = 4 * random.between(1, 10);
  const std::size_t header = wire::kIpv4HeaderBytes + option_bytes;
  packet.ip()[0] = static_cast<std::uint8_t>(0x40 | header / 4);
  const std::size_t cut = packet.ip_offset() + wire::kIpv4HeaderBytes + random.below(option_bytes);
  packet.resize(packet.ip_offset() + header);  // so that the checksum can be taken
  packet.set_ip_length(std::max<std::size_t>(packet.ip_length(), header));
  packet.resize(cut);
}

void short_in_extension(PacketBytes& packet, Random& random) {
  constexpr std::array kTypes = {kHopByHop,           kRouting,  kFragment,     kAuthentication,
                                 kDestinationOptions, kMobility, kHostIdentity, kShim6};
  const std::uint8_t type = kTypes[random.below(kTypes.size())];
  const bool begins = type != kFragment && random.below(2) == 0;
  // Not even its first 8 bytes; or those, and a length that says there are more.
  const std::size_t there = begins ? random.between(8, 15) : random.below(8);
  packet.resize(packet.ip_offset() + wire::kIpv6HeaderBytes + there);
  packet.ip()[6] = type;
  packet.set_ip_length(there);
  std::uint8_t* const header = packet.ip() + wire::kIpv6HeaderBytes;
  if (begins) {
    std::fill_n(header, there, std::uint8_t{0});
    header[0] = kDestinationOptions;
    header[1] = static_cast<std::uint8_t>(
        random.between(2, 255));  // 16 bytes at least, also by authentication's count
  }
}

void short_in_udp(PacketBytes& packet, Random& random) {
  const std::size_t before =
      packet.ip_header_bytes() - (packet.ipv6() ? wire::kIpv6HeaderBytes : 0);
  packet.set_ip_length(before + random.below(wire::kUdpHeaderBytes));
}

void short_header(PacketBytes& packet, Random& random) {
  switch (random.below(5)) {
    case 0:
      return packet.resize(random.between(1, wire::kEthernetHeaderBytes - 1));
    case 1:
      return short_in_vlan(packet, random);
    case 2:
      return packet.resize(packet.ip_offset() + random.below(packet.fixed_ip_bytes()));
    case 3:
      return packet.ipv6() ? short_in_extension(packet, random) : short_in_options(packet, random);
    default:
      return short_in_udp(packet, random);
  }
}

void vlan_too_deep(PacketBytes& packet, Random& random) {
  const std::size_t tags = random.between(3, 4);
  while (packet.ip_offset() < wire::kEthernetHeaderBytes + tags * wire::kVlanTagBytes) {
    packet.insert_vlan(random.below(2) == 0 ? wire::kEtherTypeVlan : wire::kEtherTypeQinq, 9);
  }
}

void bad_ipv4_header(PacketBytes& packet, Random& random) {
  std::uint8_t* const ip = packet.ip();
  const std::uint8_t ihl = ip[0] & 0x0f;
  switch (random.below(3)) {
    case 0:  // version
      ip[0] = static_cast<std::uint8_t>(((4 + random.between(1, 15)) % 16) << 4 | ihl);
      break;
    case 1:  // IHL
      ip[0] = static_cast<std::uint8_t>(0x40 | random.below(5));
      break;
    default:
      packet.set_ip_length(random.below(std::size_t{4} * ihl));
  }
}

void bad_ipv6_header(PacketBytes& packet, Random& random) {
  switch (random.below(4)) {
    case 0:
      packet.ip()[0] = static_cast<std::uint8_t>(((6 + random.between(1, 15)) % 16) << 4);
      break;
    case 1:
      for (std::size_t i = 0; i <= wire::kMaxIpv6Extensions; ++i) {
        packet.insert_extension(kDestinationOptions, 8);
      }
      break;
    case 2:
      packet.insert_extension(kHopByHop, 8);
      packet.insert_extension(kDestinationOptions, 8);
      break;
    default:
      packet.insert_extension(kRouting, 8)[3] = static_cast<std::uint8_t>(random.between(1, 255));
  }
}

void ip_truncated(PacketBytes& packet, Random& random) {
  if (random.below(2) == 0) {
    const std::size_t header = packet.ipv6() ? wire::kIpv6HeaderBytes : packet.ip_header_bytes();
    packet.resize(random.between(packet.ip_offset() + header, packet.size() - 1));
  } else {
    packet.set_ip_length(random.between(packet.ip_length() + 1u, 65535));
  }
}

void fragment(PacketBytes& packet, Random& random) {
  constexpr std::uint16_t kMoreFragments = 0x2000;
  const bool more = random.below(2) == 0;
  const std::uint64_t offset = more ? random.below(0x2000) : random.between(1, 0x1fff);
  if (packet.ipv6()) {
    std::uint8_t* const header = packet.insert_extension(kFragment, 8);
    wire::store_be16(header + 2, static_cast<std::uint16_t>(offset << 3 | (more ? 1 : 0)));
  } else {
    wire::store_be16(packet.ip() + 6,
                     static_cast<std::uint16_t>(offset | (more ? kMoreFragments : 0)));
    packet.fix_ipv4_checksum();
  }
}

void wrong_port(PacketBytes& packet, Random& random) {
  const auto flip = static_cast<std::uint16_t>(random.between(1, 65535));
  wire::store_be16(packet.l4() + kUdpPort, wire::load_be16(packet.l4() + kUdpPort) ^ flip);
  static_cast<void>(wire::update_udp_checksum(packet.bytes()));
}

void bad_udp_length(PacketBytes& packet, Random& random) {
  const std::uint64_t length = random.below(2) == 0 ? random.below(wire::kUdpHeaderBytes)
                                                    : random.between(packet.l4_bytes() + 1, 65535);
  wire::store_be16(packet.l4() + kUdpLength, static_cast<std::uint16_t>(length));
}

/// One bit: a change that a ones' complement sum always shows.
void flip_a_bit(std::uint8_t* field, Random& random) {
  const auto bit = static_cast<std::uint16_t>(1u << random.below(16));
  wire::store_be16(field, wire::load_be16(field) ^ bit);
}

void bad_udp_checksum(PacketBytes& packet, Random& random) {
  std::uint8_t* const field = packet.l4() + kUdpChecksum;
  if (packet.ipv6() && random.below(2) == 0) {
    wire::store_be16(field, 0);
    return;
  }
  const std::uint16_t right = wire::load_be16(field);
  do {
    wire::store_be16(field, right);
    flip_a_bit(field, random);
  } while (wire::load_be16(field) == 0);  // which would mean: none
}

}  // namespace

void spoil_packet(PacketBytes& packet, PacketDrop reason, Random& random) {
  switch (reason) {
    case PacketDrop::kShortHeader:
      return short_header(packet, random);
    case PacketDrop::kVlanTooDeep:
      return vlan_too_deep(packet, random);
    case PacketDrop::kBadIpHeader:
      return packet.ipv6() ? bad_ipv6_header(packet, random) : bad_ipv4_header(packet, random);
    case PacketDrop::kIpTruncated:
      return ip_truncated(packet, random);
    case PacketDrop::kFragment:
      return fragment(packet, random);
    case PacketDrop::kWrongPort:
      return wrong_port(packet, random);
    case PacketDrop::kBadUdpLength:
      return bad_udp_length(packet, random);
    case PacketDrop::kBadIpChecksum:
      return flip_a_bit(packet.ip() + 10, random);
    case PacketDrop::kBadUdpChecksum:
      return bad_udp_checksum(packet, random);
    default:
      return;  // not a fault of a packet; MalformedShares never draws it
  }
}

}  // namespace esc::replay
