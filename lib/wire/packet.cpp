// SPDX-License-Identifier: BSD-3-Clause
#include "wire/packet.hpp"

namespace esc::wire {
namespace {

constexpr std::uint8_t kProtocolHopByHop = 0;
constexpr std::uint8_t kProtocolIcmp = 1;
constexpr std::uint8_t kProtocolIgmp = 2;
constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::uint8_t kProtocolUdp = 17;
constexpr std::uint8_t kProtocolRouting = 43;
constexpr std::uint8_t kProtocolFragment = 44;
constexpr std::uint8_t kProtocolAuthentication = 51;
constexpr std::uint8_t kProtocolIcmpv6 = 58;

/// Every IPv6 extension header has at least these, and its type-specific fields within them.
constexpr std::uint32_t kExtensionMinBytes = 8;

constexpr bool is_vlan(std::uint16_t ether_type) {
  return ether_type == kEtherTypeVlan || ether_type == kEtherTypeQinq;
}

constexpr bool is_ipv6_extension(std::uint8_t next_header) {
  switch (next_header) {
    case kProtocolHopByHop:
    case kProtocolRouting:
    case kProtocolFragment:
    case kProtocolAuthentication:
    case 60:   // destination options
    case 135:  // mobility
    case 139:  // host identity
    case 140:  // shim6
      return true;
    default:
      return false;
  }
}

constexpr NonEvent non_udp(std::uint8_t protocol, bool is_ipv6) {
  if (protocol == kProtocolIgmp) return NonEvent::kIgmp;
  if (protocol == kProtocolTcp) return NonEvent::kTcp;
  if (!is_ipv6 && protocol == kProtocolIcmp) return NonEvent::kIcmp;
  if (is_ipv6 && protocol == kProtocolIcmpv6) return NonEvent::kIcmpv6;
  return NonEvent::kOtherIpProtocol;
}

/// Reads one packet's headers one after the other. A step returns true when it has decided (then
/// the verdict is in verdict_), and false when the next step has to go on.
class Walk {
 public:
  Walk(std::span<const std::uint8_t> head, std::uint32_t packet_bytes)
      : head_(head), packet_bytes_(packet_bytes) {}

  PacketVerdict run(const PortSet& udp_ports) {
    if (ethernet()) return verdict_;
    if (ether_type_ == kEtherTypeIpv4 ? ipv4() : ipv6()) return verdict_;
    if (udp(udp_ports)) return verdict_;
    const std::uint8_t* const udp = head_.data() + udp_;
    return {.kind = PacketKind::kDatagram,
            .is_ipv6 = ether_type_ == kEtherTypeIpv6,
            .udp_checksum = load_be16(udp + 6),
            .udp_bytes = static_cast<std::uint16_t>(udp_bytes_),
            .ip_offset = ip_,
            .ip_header_bytes = udp_ - ip_,
            .udp_offset = udp_,
            .payload_offset = udp_ + kUdpHeaderBytes,
            .payload_bytes = udp_bytes_ - kUdpHeaderBytes};
  }

 private:
  /// Rules 1 to 6.
  bool ethernet() {
    if (lacks(kEthernetHeaderBytes)) return true;
    ether_type_ = load_be16(head_.data() + 12);
    ip_ = kEthernetHeaderBytes;
    for (std::uint32_t tags = 0; is_vlan(ether_type_); ++tags) {
      if (tags == kMaxVlanTags) return drop(PacketDrop::kVlanTooDeep);
      if (lacks(ip_ + kVlanTagBytes)) return true;
      ether_type_ = load_be16(head_.data() + ip_ + 2);
      ip_ += kVlanTagBytes;
    }
    if (ether_type_ < kEtherTypeMin) return no_event(NonEvent::kLlc);
    if (ether_type_ == kEtherTypeArp) return no_event(NonEvent::kArp);
    if (ether_type_ != kEtherTypeIpv4 && ether_type_ != kEtherTypeIpv6) {
      return no_event(NonEvent::kOtherEthertype);
    }
    return false;
  }

  /// Rules 7 to 12.
  bool ipv4() {
    if (lacks(ip_ + kIpv4HeaderBytes)) return true;
    const std::uint8_t* const ip = head_.data() + ip_;
    const std::uint32_t header_bytes = (ip[0] & 0x0fu) * 4;
    const std::uint32_t total_length = load_be16(ip + 2);
    if (ip[0] >> 4 != 4 || header_bytes < kIpv4HeaderBytes || total_length < header_bytes) {
      return drop(PacketDrop::kBadIpHeader);
    }
    if (header_bytes > packet_bytes_ - ip_) return drop(PacketDrop::kShortHeader);
    if (total_length > packet_bytes_ - ip_) return drop(PacketDrop::kIpTruncated);
    const std::uint8_t protocol = ip[9];
    if (protocol != kProtocolUdp) return no_event(non_udp(protocol, false));
    if ((load_be16(ip + 6) & 0x3fff) != 0) return drop(PacketDrop::kFragment);
    udp_ = ip_ + header_bytes;
    end_ = ip_ + total_length;
    return false;
  }

  /// Rules 13 to 15, then the extension headers.
  bool ipv6() {
    if (lacks(ip_ + kIpv6HeaderBytes)) return true;
    const std::uint8_t* const ip = head_.data() + ip_;
    if (ip[0] >> 4 != 6) return drop(PacketDrop::kBadIpHeader);
    const std::uint32_t payload_length = load_be16(ip + 4);
    if (payload_length > packet_bytes_ - ip_ - kIpv6HeaderBytes) {
      return drop(PacketDrop::kIpTruncated);
    }
    udp_ = ip_ + kIpv6HeaderBytes;
    end_ = udp_ + payload_length;
    return ipv6_extensions(ip[6]);
  }

  /// Rules 16 to 19, one header after the other; `udp_` moves past each.
  bool ipv6_extensions(std::uint8_t next_header) {
    for (std::uint32_t extensions = 0; is_ipv6_extension(next_header); ++extensions) {
      if (extensions == kMaxIpv6Extensions ||
          (next_header == kProtocolHopByHop && extensions != 0)) {
        return drop(PacketDrop::kBadIpHeader);
      }
      if (kExtensionMinBytes > end_ - udp_) return drop(PacketDrop::kShortHeader);
      if (lacks(udp_ + kExtensionMinBytes)) return true;
      const std::uint8_t* const extension = head_.data() + udp_;
      const std::uint32_t bytes = extension_bytes(next_header, extension[1]);
      if (bytes > end_ - udp_) return drop(PacketDrop::kShortHeader);
      if (next_header == kProtocolRouting && extension[3] != 0) {
        return drop(PacketDrop::kBadIpHeader);
      }
      const bool fragment =
          next_header == kProtocolFragment && (load_be16(extension + 2) & 0xfff9) != 0;
      next_header = extension[0];
      if (fragment) return of_fragment(next_header);
      udp_ += bytes;
    }
    if (next_header != kProtocolUdp) return no_event(non_udp(next_header, true));
    return false;
  }

  /// Rules 20 to 22.
  bool udp(const PortSet& udp_ports) {
    if (end_ - udp_ < kUdpHeaderBytes) return drop(PacketDrop::kShortHeader);
    if (lacks(udp_ + kUdpHeaderBytes)) return true;
    const std::uint8_t* const udp = head_.data() + udp_;
    if (!udp_ports.contains(load_be16(udp + 2))) return drop(PacketDrop::kWrongPort);
    udp_bytes_ = load_be16(udp + 4);
    if (udp_bytes_ < kUdpHeaderBytes || udp_bytes_ > end_ - udp_) {
      return drop(PacketDrop::kBadUdpLength);
    }
    return false;
  }

  bool of_fragment(std::uint8_t next_header) {
    if (next_header == kProtocolUdp || is_ipv6_extension(next_header)) {
      return drop(PacketDrop::kFragment);
    }
    return no_event(non_udp(next_header, true));
  }

  static std::uint32_t extension_bytes(std::uint8_t type, std::uint8_t length) {
    if (type == kProtocolFragment) return kExtensionMinBytes;
    if (type == kProtocolAuthentication) return 4u * (length + 2u);
    return 8u * (length + 1u);
  }

  /// Decides if the packet, or the part of it that we see, has fewer than `bytes`.
  bool lacks(std::uint32_t bytes) {
    if (bytes <= head_.size()) return false;
    if (bytes > packet_bytes_) return drop(PacketDrop::kShortHeader);
    verdict_.kind = PacketKind::kNeedMoreBytes;
    return true;
  }

  bool drop(PacketDrop reason) {
    verdict_ = {.kind = PacketKind::kDropped, .drop = reason};
    return true;
  }

  bool no_event(NonEvent kind) {
    verdict_ = {.kind = PacketKind::kNonEvent, .non_event = kind};
    return true;
  }

  std::span<const std::uint8_t> head_;
  std::uint32_t packet_bytes_;
  std::uint16_t ether_type_ = 0;
  std::uint32_t ip_ = 0;   ///< offset of the IP header
  std::uint32_t udp_ = 0;  ///< offset of the next header to look at; at last the UDP header
  std::uint32_t end_ = 0;  ///< where the IP payload ends
  std::uint32_t udp_bytes_ = 0;
  PacketVerdict verdict_{.kind = PacketKind::kDropped};
};

}  // namespace

PacketVerdict detail::classify_any(std::span<const std::uint8_t> head, std::uint32_t packet_bytes,
                                   const PortSet& udp_ports) noexcept {
  return Walk(head, packet_bytes).run(udp_ports);
}

}  // namespace esc::wire
