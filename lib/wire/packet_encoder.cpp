// SPDX-License-Identifier: BSD-3-Clause
#include "wire/packet_encoder.hpp"

#include <algorithm>
#include <cstring>

#include "wire/packet.hpp"

namespace esc::wire {
namespace {

constexpr std::uint8_t kUdp = 17;

std::uint8_t* write_ethernet(std::uint8_t* p, const UdpPath& path) {
  p = std::copy(path.dst_mac.begin(), path.dst_mac.end(), p);
  p = std::copy(path.src_mac.begin(), path.src_mac.end(), p);
  for (std::uint32_t tag = 0; tag < path.vlan_tags; ++tag) {
    const bool outer_of_two = tag == 0 && path.vlan_tags == 2;
    store_be16(p, outer_of_two ? kEtherTypeQinq : kEtherTypeVlan);
    store_be16(p + 2, path.vlan_ids[tag]);
    p += kVlanTagBytes;
  }
  store_be16(p, path.ipv6 ? kEtherTypeIpv6 : kEtherTypeIpv4);
  return p + 2;
}

std::uint8_t* write_ipv4(std::uint8_t* p, const UdpPath& path, std::uint16_t udp_bytes) {
  std::memset(p, 0, kIpv4HeaderBytes);
  p[0] = 0x45;
  store_be16(p + 2, static_cast<std::uint16_t>(kIpv4HeaderBytes + udp_bytes));
  p[8] = path.ttl;
  p[9] = kUdp;
  std::copy_n(path.src_ip.begin(), 4, p + 12);
  std::copy_n(path.dst_ip.begin(), 4, p + 16);
  store_be16(p + 10, internet_checksum({p, kIpv4HeaderBytes}));
  return p + kIpv4HeaderBytes;
}

std::uint8_t* write_ipv6(std::uint8_t* p, const UdpPath& path, std::uint16_t udp_bytes) {
  store_be32(p, 0x60000000);
  store_be16(p + 4, udp_bytes);
  p[6] = kUdp;
  p[7] = path.ttl;
  std::copy(path.src_ip.begin(), path.src_ip.end(), p + 8);
  std::copy(path.dst_ip.begin(), path.dst_ip.end(), p + 24);
  return p + kIpv6HeaderBytes;
}

}  // namespace

std::uint64_t checksum_sum(std::span<const std::uint8_t> bytes) noexcept {
  std::uint64_t sum = 0;
  std::size_t i = 0;
  // Adds four bytes at a time: folding adds the upper 16 bits to the lower ones.
  for (; i + 4 <= bytes.size(); i += 4) sum += load_be32(bytes.data() + i);
  if (i + 2 <= bytes.size()) {
    sum += load_be16(bytes.data() + i);
    i += 2;
  }
  if (i < bytes.size()) sum += static_cast<std::uint64_t>(bytes[i]) << 8;
  return sum;
}

std::uint16_t checksum_fold(std::uint64_t sum) noexcept {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) noexcept {
  return checksum_fold(checksum_sum(bytes));
}

std::uint16_t udp_checksum(std::span<const std::uint8_t> src_ip,
                           std::span<const std::uint8_t> dst_ip,
                           std::span<const std::uint8_t> udp) noexcept {
  // Addresses, protocol and UDP length; the field itself is taken out of the sum. The same for IPv4
  // (RFC 768) and IPv6 (RFC 8200).
  const std::uint64_t sum = checksum_sum(src_ip) + checksum_sum(dst_ip) + kUdp + udp.size() +
                            checksum_sum(udp.first(6)) + checksum_sum(udp.subspan(8));
  const std::uint16_t checksum = checksum_fold(sum);
  return checksum == 0 ? std::uint16_t{0xffff} : checksum;
}

std::size_t encode_udp_packet(std::span<std::uint8_t> out, const UdpPath& path,
                              std::span<const std::uint8_t> payload) noexcept {
  const std::size_t overhead = udp_overhead_bytes(path);
  if (path.vlan_tags > kMaxVlanTags || payload.size() > max_udp_payload_bytes(path)) return 0;
  if (out.size() < overhead + payload.size()) return 0;
  // The payload is moved first, since it may lie where the headers are written.
  if (!payload.empty()) std::memmove(out.data() + overhead, payload.data(), payload.size());

  const auto udp_bytes = static_cast<std::uint16_t>(kUdpHeaderBytes + payload.size());
  std::uint8_t* const ip = write_ethernet(out.data(), path);
  std::uint8_t* const udp =
      path.ipv6 ? write_ipv6(ip, path, udp_bytes) : write_ipv4(ip, path, udp_bytes);
  store_be16(udp, path.src_port);
  store_be16(udp + 2, path.dst_port);
  store_be16(udp + 4, udp_bytes);
  const std::size_t address_bytes = path.ipv6 ? 16 : 4;
  store_be16(udp + 6, udp_checksum(std::span(path.src_ip).first(address_bytes),
                                   std::span(path.dst_ip).first(address_bytes), {udp, udp_bytes}));
  return overhead + payload.size();
}

bool update_udp_checksum(std::span<std::uint8_t> packet) noexcept {
  static const PortSet any_port = PortSet::all();
  const PacketVerdict verdict =
      classify_packet(packet, static_cast<std::uint32_t>(packet.size()), any_port);
  if (verdict.kind != PacketKind::kDatagram) return false;
  const std::span<const std::uint8_t> ip = packet.subspan(verdict.ip_offset);
  const std::span<std::uint8_t> udp = packet.subspan(verdict.udp_offset, verdict.udp_bytes);
  const std::size_t address_bytes = verdict.is_ipv6 ? 16 : 4;
  const auto addresses = ip.subspan(verdict.is_ipv6 ? 8 : 12, 2 * address_bytes);
  store_be16(udp.data() + 6,
             udp_checksum(addresses.first(address_bytes), addresses.last(address_bytes), udp));
  return true;
}

}  // namespace esc::wire
