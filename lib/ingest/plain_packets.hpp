// What nearly every packet of a burst is, known at one look: a UDP datagram for us in one segment,
// over IPv4 without options or IPv6 without extension headers, behind at most one VLAN tag.
#pragma once

#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <smmintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "ingest/checksum.hpp"
#include "ingest/port_context.hpp"
#include "intake/plain_datagram.hpp"
#include "wire/byte_order.hpp"
#include "wire/packet.hpp"
#include "wire/plain_frame.hpp"

namespace esc::ingest {

/// Knows them for one port. Says a packet is plain only if classify_packet and judge_checksums
/// would call it a datagram that is not empty; of any other it says nothing. Copyable; any thread.
class PlainPackets {
 public:
  explicit PlainPackets(const PortContext& port) noexcept
      : udp_ports_(&port.udp_ports), checksum_(port.checksum) {}

  /// Of each packet, where its frames lie, or that it is not plain. Returns the bytes of all the
  /// packets.
  std::uint64_t find(std::span<rte_mbuf* const> packets,
                     intake::PlainDatagram* datagrams) const noexcept {
    constexpr std::size_t kPrefetchAhead = 4;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < packets.size(); ++i) {
      if (i + kPrefetchAhead < packets.size())
        rte_prefetch0(rte_pktmbuf_mtod(packets[i + kPrefetchAhead], void*));
      bytes += packets[i]->pkt_len;
      datagrams[i] = find(*packets[i]);
    }
    return bytes;
  }

 private:
  static constexpr std::uint32_t kEtherType = wire::kEthernetHeaderBytes - 2;
  static constexpr std::uint32_t kFewestUdpBytes =
      wire::kUdpHeaderBytes + wire::PlainFrames::kFewestBytes;
  // So that the headers of IPv4 are there, and a tag.
  static constexpr std::uint32_t kFewestBytes = wire::kEthernetHeaderBytes + wire::kVlanTagBytes +
                                                wire::kIpv4HeaderBytes + wire::kUdpHeaderBytes;

  [[nodiscard, gnu::always_inline]] intake::PlainDatagram find(rte_mbuf& packet) const noexcept {
    constexpr intake::PlainDatagram kNotPlain;
    if (!whole_and_ours(packet) || packet.data_len < kFewestBytes) [[unlikely]]
      return kNotPlain;
    const auto* head = rte_pktmbuf_mtod(&packet, const std::uint8_t*);
    std::uint32_t left = packet.data_len - kEtherType;  // of the packet, from `type` on
    const std::uint8_t* type = head + kEtherType;
    if (wire::load_be16(type) == wire::kEtherTypeVlan) {
      type += wire::kVlanTagBytes;
      left -= wire::kVlanTagBytes;
    }
    const std::uint8_t* udp = nullptr;
    std::uint32_t udp_bytes = 0;
    if (!(is_ipv4(type, left, udp, udp_bytes) || is_ipv6(type, left, udp, udp_bytes))) [[unlikely]]
      return kNotPlain;
    // The datagram fills its IP packet, and may hold a frame.
    if (wire::load_be16(udp + 4) != udp_bytes || udp_bytes < kFewestUdpBytes ||
        !udp_ports_->contains(wire::load_be16(udp + 2))) [[unlikely]]
      return kNotPlain;
    if (checksum_ != config::Checksum::kOff && !checksums_right(packet, type + 2, udp, udp_bytes))
        [[unlikely]]
      return kNotPlain;
    const std::uint8_t* frames = udp + wire::kUdpHeaderBytes;
    const auto offset = static_cast<std::size_t>(frames - reinterpret_cast<std::uint8_t*>(&packet));
    if (offset > UINT16_MAX) [[unlikely]]
      return kNotPlain;
    return {&packet, static_cast<std::uint16_t>(offset),
            static_cast<std::uint16_t>(udp_bytes - wire::kUdpHeaderBytes)};
  }

  /// One segment, in the mbuf's own buffer, and nobody else's too.
  [[nodiscard]] static bool whole_and_ours(const rte_mbuf& packet) noexcept {
    static_assert(offsetof(rte_mbuf, nb_segs) == offsetof(rte_mbuf, refcnt) + 2);
    std::uint32_t references_and_segments;  // 16 bits each, side by side
    std::memcpy(&references_and_segments,
                reinterpret_cast<const std::uint8_t*>(&packet) + offsetof(rte_mbuf, refcnt),
                sizeof references_and_segments);
    return references_and_segments == 0x0001'0001U && RTE_MBUF_DIRECT(&packet);
  }

  /// `type`: where the EtherType is; `left`: bytes of the packet from there on.
  [[nodiscard, gnu::always_inline]] static bool is_ipv4(const std::uint8_t* type,
                                                        std::uint32_t left,
                                                        const std::uint8_t*& udp,
                                                        std::uint32_t& udp_bytes) noexcept {
    // EtherType, version and header length, fragment, protocol: one comparison under a mask.
    const __m128i different = _mm_xor_si128(load(type), load(kIpv4.data()));
    if (_mm_testz_si128(different, load(kIpv4Matters.data())) == 0) return false;
    const std::uint32_t total_bytes = wire::load_be16(type + 4);
    udp = type + 2 + wire::kIpv4HeaderBytes;
    udp_bytes = total_bytes - wire::kIpv4HeaderBytes;  // of too small a total: far too many
    return total_bytes <= left - 2;
  }

  [[nodiscard, gnu::always_inline]] static bool is_ipv6(const std::uint8_t* type,
                                                        std::uint32_t left,
                                                        const std::uint8_t*& udp,
                                                        std::uint32_t& udp_bytes) noexcept {
    const __m128i different = _mm_xor_si128(load(type), load(kIpv6.data()));
    if (_mm_testz_si128(different, load(kIpv6Matters.data())) == 0) return false;
    if (left < 2 + wire::kIpv6HeaderBytes + wire::kUdpHeaderBytes) return false;
    udp = type + 2 + wire::kIpv6HeaderBytes;
    udp_bytes = wire::load_be16(type + 6);
    return udp_bytes <= left - 2 - wire::kIpv6HeaderBytes;
  }

  /// False: wrong, or for judge_checksums to say.
  [[nodiscard, gnu::always_inline]] bool checksums_right(const rte_mbuf& packet,
                                                         const std::uint8_t* ip,
                                                         const std::uint8_t* udp,
                                                         std::uint32_t udp_bytes) const noexcept {
    // No checksum at all: over IPv6 that is wrong.
    if (wire::load_be16(udp + 6) == 0 && *ip >> 4 == 6) return false;
    if (checksum_ == config::Checksum::kNic) return (packet.ol_flags & (kIpBad | kL4Bad)) == 0;
    if ((packet.ol_flags & (kIpMask | kL4Mask)) == (kIpGood | kL4Good)) return true;
    return detail::plain_checksums_right(ip, udp, udp_bytes);
  }

  [[nodiscard]] static __m128i load(const std::uint8_t* from) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }

  static constexpr std::uint64_t kIpMask = RTE_MBUF_F_RX_IP_CKSUM_MASK;
  static constexpr std::uint64_t kIpBad = RTE_MBUF_F_RX_IP_CKSUM_BAD;  // of "none" too
  static constexpr std::uint64_t kIpGood = RTE_MBUF_F_RX_IP_CKSUM_GOOD;
  static constexpr std::uint64_t kL4Mask = RTE_MBUF_F_RX_L4_CKSUM_MASK;
  static constexpr std::uint64_t kL4Bad = RTE_MBUF_F_RX_L4_CKSUM_BAD;
  static constexpr std::uint64_t kL4Good = RTE_MBUF_F_RX_L4_CKSUM_GOOD;

  using Bytes = std::array<std::uint8_t, 16>;
  // Offsets of the EtherType, two bytes before the IP header.
  alignas(16) static constexpr Bytes kIpv4 = {0x08, 0x00, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, 17};
  alignas(16) static constexpr Bytes kIpv4Matters = {0xff, 0xff, 0xff, 0,    0, 0,
                                                     0,    0,    0x3f, 0xff, 0, 0xff};
  alignas(16) static constexpr Bytes kIpv6 = {0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 17};
  alignas(16) static constexpr Bytes kIpv6Matters = {0xff, 0xff, 0xf0, 0, 0, 0, 0, 0, 0xff};

  const wire::PortSet* udp_ports_;
  config::Checksum checksum_;
};

}  // namespace esc::ingest
