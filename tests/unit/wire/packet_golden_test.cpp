// SPDX-License-Identifier: BSD-3-Clause
// "From packet to datagram", as docs/wire-format.md shows it by example.
#include <gtest/gtest.h>

#include "exact_buffer.hpp"
#include "golden_vectors.hpp"
#include "wire/packet.hpp"
#include "wire/packet_encoder.hpp"

namespace esc::wire::test {
namespace {

PortSet port_9001() {
  PortSet ports;
  ports.insert(9001);
  return ports;
}

/// Verifies rules 23 and 24 in software. The classifier leaves them to its caller, who knows the
/// NIC's verdict.
std::string dropped_for_checksum(std::span<const std::uint8_t> packet,
                                 const PacketVerdict& verdict) {
  const auto ip = packet.subspan(verdict.ip_offset, verdict.ip_header_bytes);
  if (!verdict.is_ipv6 && internet_checksum(ip) != 0) return "dropped bad_ip_checksum";
  if (verdict.udp_checksum == 0) return verdict.is_ipv6 ? "dropped bad_udp_checksum" : "";
  const auto src = verdict.is_ipv6 ? ip.subspan(8, 16) : ip.subspan(12, 4);
  const auto dst = verdict.is_ipv6 ? ip.subspan(24, 16) : ip.subspan(16, 4);
  const auto udp = packet.subspan(verdict.udp_offset, verdict.udp_bytes);
  return udp_checksum(src, dst, udp) == verdict.udp_checksum ? "" : "dropped bad_udp_checksum";
}

std::string describe_packet(std::span<const std::uint8_t> packet, const PacketVerdict& verdict) {
  switch (verdict.kind) {
    case PacketKind::kDropped:
      return "dropped " + std::string(name(verdict.drop));
    case PacketKind::kNonEvent:
      return "non_event " + std::string(name(verdict.non_event));
    case PacketKind::kNeedMoreBytes:
      return "need more bytes";
    case PacketKind::kDatagram:
      break;
  }
  if (std::string dropped = dropped_for_checksum(packet, verdict); !dropped.empty()) return dropped;
  if (verdict.payload_bytes == 0) return "non_event empty_datagram";
  return "datagram " + std::to_string(verdict.payload_bytes);
}

TEST(PacketGolden, Packets) {
  const PortSet ports = port_9001();
  const std::vector<GoldenVector> vectors = read_golden_vectors("Packets");
  EXPECT_GE(vectors.size(), 175u) << "rows of the table were lost";
  for (const GoldenVector& vector : vectors) {
    const ExactBuffer packet(vector.bytes);
    const auto verdict =
        classify_packet(packet.span(), static_cast<std::uint32_t>(packet.span().size()), ports);
    EXPECT_EQ(describe_packet(packet.span(), verdict), vector.expected) << vector.name;
  }
}

// However much of the packet is in the first segment of a chain, the classifier asks for more bytes
// or gives the verdict on the whole packet.
TEST(PacketGolden, EveryHeadOfAPacketGivesTheSameVerdictOrAsksForMore) {
  const PortSet ports = port_9001();
  for (const GoldenVector& vector : read_golden_vectors("Packets")) {
    const auto packet_bytes = static_cast<std::uint32_t>(vector.bytes.size());
    const auto whole = classify_packet(vector.bytes, packet_bytes, ports);
    bool asked_for_more = true;
    for (std::uint32_t bytes = 0; bytes <= std::min(packet_bytes, 2200u); ++bytes) {
      const ExactBuffer head(std::span(vector.bytes).first(bytes));
      const auto verdict = classify_packet(head.span(), packet_bytes, ports);
      const bool asks = verdict.kind == PacketKind::kNeedMoreBytes;
      EXPECT_TRUE(asked_for_more || !asks)
          << vector.name << ": more bytes, less known, at " << bytes;
      asked_for_more = asks;
      if (asks) continue;
      EXPECT_EQ(verdict.kind, whole.kind) << vector.name << " by " << bytes;
      EXPECT_EQ(verdict.drop, whole.drop) << vector.name << " by " << bytes;
      EXPECT_EQ(verdict.non_event, whole.non_event) << vector.name << " by " << bytes;
      EXPECT_EQ(verdict.payload_offset, whole.payload_offset) << vector.name << " by " << bytes;
      EXPECT_EQ(verdict.payload_bytes, whole.payload_bytes) << vector.name << " by " << bytes;
    }
    EXPECT_FALSE(asked_for_more) << vector.name << ": the headers were never enough";
  }
}

}  // namespace
}  // namespace esc::wire::test
