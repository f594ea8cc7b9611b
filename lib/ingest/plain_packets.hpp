// SPDX-License-Identifier: BSD-3-Clause
// Recognises plain packets quickly: a UDP datagram for us in one segment, over IPv4 without options
// or IPv6 without extension headers, behind at most one VLAN tag. Nearly every packet is plain.
#pragma once

#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <smmintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "ingest/plain_checksums.hpp"
#include "ingest/port_context.hpp"
#include "intake/plain_datagram.hpp"
#include "wire/byte_order.hpp"
#include "wire/packet.hpp"
#include "wire/plain_frame.hpp"

namespace esc::ingest {

/// Recognises the plain packets of one port. It calls a packet plain only if classify_packet and
/// judge_checksums would make it a datagram that is not empty; a packet that it does not call plain
/// may still be one. Copyable; any thread.
class PlainPackets {
 public:
  explicit PlainPackets(const PortContext& port) noexcept
      : udp_ports_(&port.udp_ports), checksum_(port.checksum) {}

  /// Writes for each packet where its frames lie, or that it is not plain. Returns the sum of the
  /// bytes of all packets.
  std::uint64_t find(std::span<rte_mbuf* const> packets,
                     intake::PlainDatagram* datagrams) const noexcept {
    switch (checksum_) {
      case config::Checksum::kVerify: {
        const std::uint64_t bytes = find_all<config::Checksum::kVerify>(packets, datagrams);
        verify_all(datagrams, packets.size());
        return bytes;
      }
      case config::Checksum::kNic:
        return find_all<config::Checksum::kNic>(packets, datagrams);
      case config::Checksum::kOff:
        break;
    }
    return find_all<config::Checksum::kOff>(packets, datagrams);
  }

 private:
  static constexpr std::uint32_t kFewestUdpBytes =
      wire::kUdpHeaderBytes + wire::PlainFrames::kFewestBytes;
  static_assert(wire::kEthernetHeaderBytes + wire::kIpv4HeaderBytes + wire::kUdpHeaderBytes >=
                wire::PlainFrames::kReadableBefore);
  // Enough for a tag and the headers of IPv4.
  static constexpr std::uint32_t kFewestBytes = wire::kEthernetHeaderBytes + wire::kVlanTagBytes +
                                                wire::kIpv4HeaderBytes + wire::kUdpHeaderBytes;

  template <config::Checksum kChecksum>
  [[nodiscard]] std::uint64_t find_all(std::span<rte_mbuf* const> packets,
                                       intake::PlainDatagram* datagrams) const noexcept {
    constexpr std::size_t kPrefetchAhead = 4;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < packets.size(); ++i) {
      if (i + kPrefetchAhead < packets.size())
        rte_prefetch0(rte_pktmbuf_mtod(packets[i + kPrefetchAhead], void*));
      bytes += packets[i]->pkt_len;
      datagrams[i] = find<kChecksum>(*packets[i]);
    }
    return bytes;
  }

  template <config::Checksum kChecksum>
  [[nodiscard, gnu::always_inline]] intake::PlainDatagram find(rte_mbuf& packet) const noexcept {
    constexpr intake::PlainDatagram kNotPlain;
    const std::uint32_t bytes = packet.data_len;
    if (!whole_and_ours(packet) || (packet.ol_flags & kNotPlainFlags<kChecksum>) != 0 ||
        bytes < kFewestBytes) [[unlikely]]
      return kNotPlain;
    const auto* head = rte_pktmbuf_mtod(&packet, const std::uint8_t*);
    constexpr std::uint32_t kIp = wire::kEthernetHeaderBytes;
    constexpr std::uint32_t kTaggedIp = kIp + wire::kVlanTagBytes;
    // One piece of code for each shape, in which all offsets are constants.
    if (is_ipv4(head + kIp)) [[likely]]
      return of_ipv4<kChecksum, kIp>(packet, head, bytes);
    if (is_ipv6(head + kIp)) return of_ipv6<kChecksum, kIp>(packet, head, bytes);
    if (wire::load_be16(head + kIp - 2) != wire::kEtherTypeVlan) return kNotPlain;
    if (is_ipv4(head + kTaggedIp)) return of_ipv4<kChecksum, kTaggedIp>(packet, head, bytes);
    if (is_ipv6(head + kTaggedIp)) return of_ipv6<kChecksum, kTaggedIp>(packet, head, bytes);
    return kNotPlain;
  }

  template <config::Checksum kChecksum, std::uint32_t kIp>
  [[nodiscard, gnu::always_inline]] intake::PlainDatagram of_ipv4(
      rte_mbuf& packet, const std::uint8_t* head, std::uint32_t bytes) const noexcept {
    // If the total length is too small, this wraps round to far too many bytes, which is refused.
    const std::uint32_t udp_bytes = wire::load_be16(head + kIp + 2) - wire::kIpv4HeaderBytes;
    return of_udp<kChecksum, kIp, kIp + wire::kIpv4HeaderBytes>(packet, head, bytes, udp_bytes);
  }

  template <config::Checksum kChecksum, std::uint32_t kIp>
  [[nodiscard, gnu::always_inline]] intake::PlainDatagram of_ipv6(
      rte_mbuf& packet, const std::uint8_t* head, std::uint32_t bytes) const noexcept {
    constexpr std::uint32_t kUdp = kIp + wire::kIpv6HeaderBytes;
    if (bytes < kUdp + wire::kUdpHeaderBytes) return {};
    return of_udp<kChecksum, kIp, kUdp>(packet, head, bytes, wire::load_be16(head + kIp + 4));
  }

  /// `udp_bytes`: as many as the IP header says.
  template <config::Checksum kChecksum, std::uint32_t kIp, std::uint32_t kUdp>
  [[nodiscard, gnu::always_inline]] intake::PlainDatagram of_udp(
      rte_mbuf& packet, const std::uint8_t* head, std::uint32_t bytes,
      std::uint32_t udp_bytes) const noexcept {
    // The datagram fills its IP packet, which may be followed by padding, and may hold a frame.
    if (udp_bytes > bytes - kUdp || wire::load_be16(head + kUdp + 4) != udp_bytes ||
        udp_bytes < kFewestUdpBytes || !udp_ports_->contains_at(head + kUdp + 2)) [[unlikely]]
      return {};
    constexpr bool kOverIpv6 = kUdp - kIp == wire::kIpv6HeaderBytes;
    // No checksum at all: over IPv6 that is wrong.
    if (kChecksum != config::Checksum::kOff && kOverIpv6 && wire::load_be16(head + kUdp + 6) == 0)
        [[unlikely]]
      return {};
    const auto offset = static_cast<std::size_t>(head - reinterpret_cast<std::uint8_t*>(&packet)) +
                        kUdp + wire::kUdpHeaderBytes;
    if (offset > UINT16_MAX) [[unlikely]]
      return {};
    return {&packet, static_cast<std::uint16_t>(offset),
            static_cast<std::uint16_t>(udp_bytes - wire::kUdpHeaderBytes), !kOverIpv6};
  }

  /// Whether the packet is one segment, to which nobody else has a reference.
  [[nodiscard]] static bool whole_and_ours(const rte_mbuf& packet) noexcept {
    static_assert(offsetof(rte_mbuf, nb_segs) == offsetof(rte_mbuf, refcnt) + 2);
    std::uint32_t references_and_segments = 0;  // 16 bits each, side by side
    std::memcpy(&references_and_segments,
                reinterpret_cast<const std::uint8_t*>(&packet) + offsetof(rte_mbuf, refcnt),
                sizeof references_and_segments);
    return references_and_segments == 0x0001'0001U;
  }

  /// A datagram whose checksums cannot be called right here is no longer plain; judge_checksums
  /// decides. A loop of its own, out of line, so that it has the registers to itself.
  [[gnu::noinline]] static void verify_all(intake::PlainDatagram* datagrams,
                                           std::size_t count) noexcept {
    const detail::WordSums sums;
    for (std::size_t i = 0; i < count; ++i) {
      if (!datagrams[i] || checksums_right(sums, datagrams[i])) [[likely]]
        continue;
      datagrams[i] = {};
    }
  }
  [[nodiscard, gnu::always_inline]] static bool checksums_right(
      const detail::WordSums& sums, const intake::PlainDatagram& datagram) noexcept {
    if ((datagram.mbuf->ol_flags & (kIpMask | kL4Mask)) == (kIpGood | kL4Good)) return true;
    const std::uint8_t* const udp = datagram.frames() - wire::kUdpHeaderBytes;
    if (datagram.over_ipv4 && !detail::ipv4_checksum_right(udp - wire::kIpv4HeaderBytes))
        [[unlikely]]
      return false;
    return detail::plain_udp_checksum_right(sums, udp, wire::kUdpHeaderBytes + datagram.bytes,
                                            datagram.over_ipv4 ? 8 : 32);
  }

  using Bytes = std::array<std::uint8_t, 16>;

  // Whether EtherType, version, header length, fragment field and protocol are those of a plain
  // IPv4 packet.
  [[nodiscard, gnu::always_inline]] static bool is_ipv4(const std::uint8_t* ip) noexcept {
    return is_like(ip - 2, kIpv4, kIpv4Matters);
  }
  [[nodiscard, gnu::always_inline]] static bool is_ipv6(const std::uint8_t* ip) noexcept {
    return is_like(ip - 2, kIpv6, kIpv6Matters);
  }

  /// One comparison under a mask.
  [[nodiscard, gnu::always_inline]] static bool is_like(const std::uint8_t* at,
                                                        const Bytes& pattern,
                                                        const Bytes& matters) noexcept {
    const __m128i different = _mm_xor_si128(load(at), load(pattern.data()));
    return _mm_testz_si128(different, load(matters.data())) != 0;
  }
  [[nodiscard]] static __m128i load(const std::uint8_t* from) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }

  static constexpr std::uint64_t kIpMask = RTE_MBUF_F_RX_IP_CKSUM_MASK;
  static constexpr std::uint64_t kIpBad = RTE_MBUF_F_RX_IP_CKSUM_BAD;  // also part of "none"
  static constexpr std::uint64_t kIpGood = RTE_MBUF_F_RX_IP_CKSUM_GOOD;
  static constexpr std::uint64_t kL4Mask = RTE_MBUF_F_RX_L4_CKSUM_MASK;
  static constexpr std::uint64_t kL4Bad = RTE_MBUF_F_RX_L4_CKSUM_BAD;
  static constexpr std::uint64_t kL4Good = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  /// A packet with one of these is not plain: its bytes are not in the mbuf's own buffer, or the
  /// port says "bad" of a checksum, or "none".
  template <config::Checksum kChecksum>
  static constexpr std::uint64_t kNotPlainFlags = RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL |
                                                  (kChecksum == config::Checksum::kNic
                                                       ? kIpBad | kL4Bad
                                                       : 0);

  // From the EtherType on, two bytes before the IP header: the version and the header's length, the
  // fragment, the protocol.
  alignas(16) static constexpr Bytes kIpv4 = {0x08, 0x00, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, 17};
  alignas(16) static constexpr Bytes kIpv4Matters = {0xff, 0xff, 0xff, 0,    0, 0,
                                                     0,    0,    0x3f, 0xff, 0, 0xff};
  alignas(16) static constexpr Bytes kIpv6 = {0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 17};
  alignas(16) static constexpr Bytes kIpv6Matters = {0xff, 0xff, 0xf0, 0, 0, 0, 0, 0, 0xff};

  const wire::PortSet* udp_ports_;
  config::Checksum checksum_;
};

}  // namespace esc::ingest
