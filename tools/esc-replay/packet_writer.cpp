// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/packet_writer.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "esc-replay/bad_packet.hpp"
#include "wire/encoder.hpp"

namespace esc::replay {
namespace {

constexpr std::size_t kMinEthernetBytes = 60;

wire::UdpPath path_of(const BuildPlan& plan, const PacketPlan& packet) {
  wire::UdpPath path = packet.ipv6 ? plan.ipv6_path : plan.ipv4_path;
  path.src_port = static_cast<std::uint16_t>(path.src_port + packet.flow);
  return path;
}

/// Options a router may add and a receiver must step over.
void add_ip_extras(PacketBytes& packet, Random& random) {
  constexpr std::uint8_t kNoOperation = 1;
  if (!packet.ipv6()) {
    const std::size_t bytes = 4 * random.between(1, 10);
    packet.insert_ipv4_options(bytes);
    std::fill_n(packet.ip() + wire::kIpv4HeaderBytes, bytes - 1,
                kNoOperation);  // the last ends the list
    return packet.fix_ipv4_checksum();
  }
  constexpr std::array kTypes = {kDestinationOptions, kAuthentication, kFragment, kRouting,
                                 kMobility,           kHostIdentity,   kShim6};
  // At most 2 x 16 and 16 more: kMaxIpExtraBytes. A fragment header of zeros is an atomic fragment,
  // a routing header one that is done.
  for (std::uint64_t i = random.between(1, 2); i > 0; --i) {
    const std::uint8_t type = kTypes[random.below(kTypes.size())];
    packet.insert_extension(type, type == kFragment ? 8 : 8 * random.between(1, 2));
  }
  if (random.below(2) == 0) packet.insert_extension(kHopByHop, 8 * random.between(1, 2));
}

/// Fills the IP payload of packets that are no datagrams.
std::size_t write_filler(std::span<std::uint8_t> out, Random& random) {
  const std::size_t bytes = random.between(24, 80);
  random.fill(out.first(bytes));
  return bytes;
}

void become_icmp_echo(PacketBytes& packet) {
  std::uint8_t* const icmp = packet.l4();
  icmp[0] = packet.ipv6() ? 128 : 8;
  icmp[1] = 0;
  wire::store_be16(icmp + 2, 0);
  const std::span<const std::uint8_t> body(icmp, packet.l4_bytes());
  std::uint64_t sum = wire::checksum_sum(body);
  if (packet.ipv6()) sum += wire::checksum_sum({packet.ip() + 8, 32}) + 58 + body.size();
  wire::store_be16(icmp + 2, wire::checksum_fold(sum));
}

/// Makes it a packet of another protocol, now and then a fragment of one; the protocol decides in
/// both cases.
void become_protocol(PacketBytes& packet, std::uint8_t protocol, Random& random) {
  packet.set_protocol(protocol);
  if (protocol == 1 || protocol == 58) become_icmp_echo(packet);
  // Behind an IPv6 fragment header another extension header would hide the protocol.
  const bool hidden = packet.ipv6() && packet.ip_header_bytes() > packet.fixed_ip_bytes();
  if (!hidden && random.below(4) == 0) spoil_packet(packet, PacketDrop::kFragment, random);
}

std::uint8_t other_protocol(bool ipv6, Random& random) {
  constexpr std::array<std::uint8_t, 8> kIpv4 = {0, 4, 41, 47, 50, 51, 58, 132};
  constexpr std::array<std::uint8_t, 7> kIpv6 = {1, 4, 47, 50, 59, 89, 132};
  return ipv6 ? kIpv6[random.below(kIpv6.size())] : kIpv4[random.below(kIpv4.size())];
}

/// Ethernet header and tags as they are, another EtherType, other content.
void become_ether_type(PacketBytes& packet, std::uint16_t type, std::size_t content_bytes,
                       Random& random) {
  wire::store_be16(packet.ip() - 2, type);
  packet.resize(packet.ip_offset() + content_bytes);
  random.fill({packet.ip(), content_bytes});
}

void become_arp(PacketBytes& packet, const wire::UdpPath& path, Random& random) {
  become_ether_type(packet, wire::kEtherTypeArp, 28, random);
  std::uint8_t* const arp = packet.ip();
  constexpr std::array<std::uint8_t, 8> kEthernetIpv4Request = {0, 1, 8, 0, 6, 4, 0, 1};
  std::ranges::copy(kEthernetIpv4Request, arp);
  std::ranges::copy(path.src_mac, arp + 8);
  std::copy_n(path.src_ip.begin(), 4, arp + 14);
  std::fill_n(arp + 18, 6, std::uint8_t{0});
  std::copy_n(path.dst_ip.begin(), 4, arp + 24);
}

void become_llc(PacketBytes& packet, Random& random) {
  const std::size_t bytes = random.between(3, 200);
  become_ether_type(packet, static_cast<std::uint16_t>(bytes), bytes, random);
  constexpr std::array<std::uint8_t, 3> kSpanningTree = {0x42, 0x42, 0x03};
  std::ranges::copy(kSpanningTree, packet.ip());
}

void become(PacketBytes& packet, NonEvent kind, const BuildPlan& plan, Random& random) {
  constexpr std::array<std::uint16_t, 7> kOtherEtherTypes = {0x0600, 0x88cc, 0x8847, 0x8863,
                                                             0x8906, 0x9100, 0xffff};
  switch (kind) {
    case NonEvent::kLlc:
      return become_llc(packet, random);
    case NonEvent::kArp:
      return become_arp(packet, plan.ipv4_path, random);
    case NonEvent::kOtherEthertype:
      return become_ether_type(packet, kOtherEtherTypes[random.below(kOtherEtherTypes.size())],
                               random.between(1, 200), random);
    case NonEvent::kIcmp:
      return become_protocol(packet, 1, random);
    case NonEvent::kIcmpv6:
      return become_protocol(packet, 58, random);
    case NonEvent::kIgmp:
      return become_protocol(packet, 2, random);
    case NonEvent::kTcp:
      return become_protocol(packet, 6, random);
    case NonEvent::kOtherIpProtocol:
      return become_protocol(packet, other_protocol(packet.ipv6(), random), random);
    default:
      return;  // it is an empty datagram already
  }
}

/// Whether an appliance with this checksum setting does not notice the fault.
bool goes_unnoticed(PacketDrop reason, ChecksumPolicy policy, const PacketBytes& packet) {
  if (policy == ChecksumPolicy::kVerify) return false;
  if (reason == PacketDrop::kBadIpChecksum) return true;
  if (reason != PacketDrop::kBadUdpChecksum) return false;
  const bool missing =
      wire::load_be16(packet.l4() + 6) == 0;  // over IPv6 refused unless all checks are off
  return policy == ChecksumPolicy::kOff || !missing;
}

/// The datagram that a packet starts as; its frames go to `account`.
PacketBytes write_sound(const BuildPlan& plan, const PacketPlan& packet,
                        std::span<std::uint8_t> out, Random& random, const Account* account) {
  const wire::UdpPath path = path_of(plan, packet);
  const std::span<std::uint8_t> payload = out.subspan(wire::udp_overhead_bytes(path));
  std::size_t bytes = 0;
  if (!std::holds_alternative<NonEvent>(packet.kind)) {
    bytes = write_datagram(plan, packet, payload, account);
  } else if (packet.kind != Malformed{NonEvent::kEmptyDatagram}) {
    bytes = write_filler(payload, random);
  }
  const std::size_t size = wire::encode_udp_packet(out, path, payload.first(bytes));
  PacketBytes result(out, size, path.vlan_tags, packet.ipv6);
  if (packet.ip_extras) add_ip_extras(result, random);
  if (!packet.udp_checksum) wire::store_be16(result.l4() + 6, 0);
  return result;
}

void pad(PacketBytes& packet, Random& random) {
  const std::size_t size = packet.size();
  if (size >= kMinEthernetBytes) return;
  packet.resize(kMinEthernetBytes);
  random.fill({packet.at(size), kMinEthernetBytes - size});  // receivers must not read it
}

}  // namespace

std::size_t write_packet(const BuildPlan& plan, const PacketPlan& packet,
                         std::span<std::uint8_t> out, const Account& account) {
  Random random(plan.options.seed, packet.index, Stream::kHeaders);
  Tally& tally = account.tally;
  const auto* drop = std::get_if<PacketDrop>(&packet.kind);
  if (drop == nullptr) {
    PacketBytes bytes = write_sound(plan, packet, out, random, &account);
    if (const auto* kind = std::get_if<NonEvent>(&packet.kind)) {
      become(bytes, *kind, plan, random);
      tally.non_event(*kind);
    } else {
      tally.datagram();
    }
    pad(bytes, random);
    return bytes.size();
  }

  std::optional<Tally> frames;  // needed only if the appliance may take the packet for a sound one
  if (plan.checksum != ChecksumPolicy::kVerify) frames.emplace(plan.topics);
  const std::size_t numbered = account.numbered == nullptr ? 0 : account.numbered->size();
  PacketBytes bytes = [&] {
    if (!frames) return write_sound(plan, packet, out, random, nullptr);
    const Account maybe{*frames, account.numbered};
    return write_sound(plan, packet, out, random, &maybe);
  }();
  spoil_packet(bytes, *drop, random);
  if (frames && goes_unnoticed(*drop, plan.checksum, bytes)) {
    tally.merge(*frames);
    tally.datagram();
  } else {
    if (account.numbered != nullptr) account.numbered->resize(numbered);
    tally.dropped(*drop);
  }
  // Padding would fill up what is missing from these.
  if (*drop != PacketDrop::kShortHeader && *drop != PacketDrop::kIpTruncated) pad(bytes, random);
  return bytes.size();
}

}  // namespace esc::replay
