// SPDX-License-Identifier: BSD-3-Clause
#include "wire/packet.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "golden_vectors.hpp"

namespace esc::wire::test {
namespace {

PacketVerdict verdict_of(const std::string& name) {
  PortSet ports;
  ports.insert(9001);
  for (const GoldenVector& vector : read_golden_vectors("Packets")) {
    if (vector.name.ends_with(": " + name)) {
      return classify_packet(vector.bytes, static_cast<std::uint32_t>(vector.bytes.size()), ports);
    }
  }
  throw std::runtime_error("no golden vector " + name);
}

TEST(PortSet, HoldsWhatWasInserted) {
  constexpr std::array<std::uint16_t, 5> kPorts = {0, 63, 64, 9001, 65535};
  PortSet set;
  for (std::uint32_t port = 0; port < 65536; ++port) {
    ASSERT_FALSE(set.contains(static_cast<std::uint16_t>(port)));
  }
  for (const std::uint16_t port : kPorts) set.insert(port);
  std::uint32_t members = 0;
  for (std::uint32_t port = 0; port < 65536; ++port) {
    members += set.contains(static_cast<std::uint16_t>(port));
  }
  EXPECT_EQ(members, 5u);
  for (const std::uint16_t port : kPorts) EXPECT_TRUE(set.contains(port)) << port;
  EXPECT_TRUE(PortSet::all().contains(0));
  EXPECT_TRUE(PortSet::all().contains(65535));
}

TEST(Packet, APlainDatagramSaysWhereItsPartsAre) {
  const PacketVerdict verdict = verdict_of("plain IPv4");
  EXPECT_EQ(verdict.kind, PacketKind::kDatagram);
  EXPECT_FALSE(verdict.is_ipv6);
  EXPECT_EQ(verdict.ip_offset, 14u);
  EXPECT_EQ(verdict.ip_header_bytes, 20u);
  EXPECT_EQ(verdict.udp_offset, 34u);
  EXPECT_EQ(verdict.udp_bytes, 16u);
  EXPECT_EQ(verdict.payload_offset, 42u);
  EXPECT_EQ(verdict.payload_bytes, 8u);
  EXPECT_NE(verdict.udp_checksum, 0);
}

TEST(Packet, TagsAndOptionsMoveTheParts) {
  const PacketVerdict verdict = verdict_of("options of 40 bytes behind two tags");
  EXPECT_FALSE(verdict.is_ipv6);
  EXPECT_EQ(verdict.ip_offset, 22u);
  EXPECT_EQ(verdict.ip_header_bytes, 60u);
  EXPECT_EQ(verdict.udp_offset, 82u);
  EXPECT_EQ(verdict.payload_offset, 90u);
  EXPECT_EQ(verdict.payload_bytes, 8u);
}

TEST(Packet, ExtensionHeadersCountToTheIpHeader) {
  const PacketVerdict verdict = verdict_of("destination options of 2048 bytes");
  EXPECT_TRUE(verdict.is_ipv6);
  EXPECT_EQ(verdict.ip_offset, 14u);
  EXPECT_EQ(verdict.ip_header_bytes, 40u + 2048u);
  EXPECT_EQ(verdict.udp_offset, 14u + 40u + 2048u);
  EXPECT_EQ(verdict.udp_bytes, 16u);
}

TEST(Packet, TheUdpLengthBoundsThePayload) {
  const PacketVerdict verdict = verdict_of("UDP length shorter than the IPv4 payload");
  EXPECT_EQ(verdict.udp_bytes, 16u);
  EXPECT_EQ(verdict.payload_bytes, 8u);
}

TEST(Packet, TheStoredChecksumIsGivenAsItIs) {
  EXPECT_EQ(verdict_of("a wrong UDP checksum").udp_checksum, 0x1234);
  EXPECT_EQ(verdict_of("UDP checksum 0 over IPv4: none").udp_checksum, 0);
}

TEST(Packet, NoBytesAreAShortHeader) {
  const PacketVerdict verdict = classify_packet({}, 0, PortSet{});
  EXPECT_EQ(verdict.kind, PacketKind::kDropped);
  EXPECT_EQ(verdict.drop, PacketDrop::kShortHeader);
  EXPECT_EQ(classify_packet({}, 60, PortSet{}).kind, PacketKind::kNeedMoreBytes);
}

// The quick way through classify_packet must never decide otherwise than the full reading of the
// rules.
TEST(Packet, TheQuickWayAgreesWithTheFullOneOnDamagedPackets) {
  PortSet ports;
  ports.insert(9001);
  std::mt19937_64 random(4);
  std::uint64_t datagrams = 0;
  for (const GoldenVector& vector : read_golden_vectors("Packets")) {
    if (vector.bytes.size() < 15 || vector.bytes.size() > 4096) continue;
    for (int round = 0; round < 2000; ++round) {
      std::vector<std::uint8_t> packet = vector.bytes;
      for (std::uint64_t hits = random() % 3; hits > 0; --hits) {
        const std::size_t headers = std::min<std::size_t>(packet.size(), 60);
        packet[12 + random() % (headers - 12)] =
            static_cast<std::uint8_t>(random() >> (random() % 8));
      }
      const auto bytes = static_cast<std::uint32_t>(packet.size());
      const auto quick = classify_packet(packet, bytes, ports);
      const auto full = detail::classify_any(packet, bytes, ports);
      ASSERT_EQ(quick.kind, full.kind) << vector.name;
      ASSERT_EQ(quick.drop, full.drop) << vector.name;
      ASSERT_EQ(quick.non_event, full.non_event) << vector.name;
      ASSERT_EQ(quick.is_ipv6, full.is_ipv6) << vector.name;
      ASSERT_EQ(quick.udp_checksum, full.udp_checksum) << vector.name;
      ASSERT_EQ(quick.udp_bytes, full.udp_bytes) << vector.name;
      ASSERT_EQ(quick.ip_offset, full.ip_offset) << vector.name;
      ASSERT_EQ(quick.ip_header_bytes, full.ip_header_bytes) << vector.name;
      ASSERT_EQ(quick.udp_offset, full.udp_offset) << vector.name;
      ASSERT_EQ(quick.payload_offset, full.payload_offset) << vector.name;
      ASSERT_EQ(quick.payload_bytes, full.payload_bytes) << vector.name;
      datagrams += quick.kind == PacketKind::kDatagram;
    }
  }
  EXPECT_GT(datagrams, 10000u) << "too few reached the end for this to mean much";
}

}  // namespace
}  // namespace esc::wire::test
