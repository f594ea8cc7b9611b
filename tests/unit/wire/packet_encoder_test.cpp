// SPDX-License-Identifier: BSD-3-Clause
#include "wire/packet_encoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bytes.hpp"
#include "golden_vectors.hpp"
#include "wire/packet.hpp"

namespace esc::wire::test {
namespace {

/// The path of the golden packets.
UdpPath golden_path(bool ipv6, std::uint8_t vlan_tags = 0) {
  UdpPath path{.src_mac = {2, 0, 0, 0, 0, 1},
               .dst_mac = {2, 0, 0, 0, 0, 2},
               .vlan_tags = vlan_tags,
               .ipv6 = ipv6,
               .src_port = 40000,
               .dst_port = 9001};
  if (vlan_tags == 1) path.vlan_ids = {0x0064, 0};
  if (vlan_tags == 2) path.vlan_ids = {0x2005, 0x0064};
  if (ipv6) {
    path.src_ip = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    path.dst_ip = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  } else {
    path.src_ip = {192, 0, 2, 1};
    path.dst_ip = {192, 0, 2, 2};
  }
  return path;
}

Bytes encode(const UdpPath& path, const Bytes& payload) {
  Bytes out(udp_overhead_bytes(path) + payload.size());
  EXPECT_EQ(encode_udp_packet(out, path, payload), out.size());
  return out;
}

void expect_golden(const std::string& name, const Bytes& packet) {
  for (const GoldenVector& vector : read_golden_vectors("Packets")) {
    if (!vector.name.ends_with(": " + name)) continue;
    EXPECT_EQ(packet, vector.bytes) << name;
    return;
  }
  FAIL() << "no golden vector " << name;
}

TEST(PacketEncoder, WritesTheGoldenPackets) {
  const Bytes frame = parse_hex("0000000400000161");
  expect_golden("plain IPv4", encode(golden_path(false), frame));
  expect_golden("plain IPv6", encode(golden_path(true), frame));
  expect_golden("one tag 0x8100", encode(golden_path(false, 1), frame));
  expect_golden("two tags, 0x88a8 and 0x8100", encode(golden_path(false, 2), frame));
  expect_golden("two tags, IPv6", encode(golden_path(true, 2), frame));
  expect_golden("a right UDP checksum over an odd payload",
                encode(golden_path(false), parse_hex("000000050000016121")));
  expect_golden("an empty datagram over IPv6", encode(golden_path(true), {}));
  expect_golden("the longest IPv4 datagram", encode(golden_path(false), Bytes(65507)));
  expect_golden("the longest IPv6 datagram", encode(golden_path(true), Bytes(65527)));
}

TEST(PacketEncoder, WritesNothingThatDoesNotFitOrCannotBeSaid) {
  const UdpPath path = golden_path(false);
  Bytes out(49, 0xee);
  EXPECT_EQ(encode_udp_packet(out, path, Bytes(8)), 0u);
  EXPECT_EQ(out, Bytes(49, 0xee));
  Bytes large(70000);
  EXPECT_EQ(encode_udp_packet(large, path, Bytes(65507)), 65549u);
  EXPECT_EQ(encode_udp_packet(large, path, Bytes(65508)), 0u);
  EXPECT_EQ(encode_udp_packet(large, golden_path(true), Bytes(65527)), 65589u);
  EXPECT_EQ(encode_udp_packet(large, golden_path(true), Bytes(65528)), 0u);
  EXPECT_EQ(encode_udp_packet(large, golden_path(false, 3), Bytes(8)), 0u);
}

TEST(PacketEncoder, ThePayloadMayLieInTheBufferAlready) {
  const UdpPath path = golden_path(false, 2);
  const Bytes payload = parse_hex("0102030405060708");
  const Bytes expected = encode(path, payload);
  for (const std::size_t at : {std::size_t{0}, std::size_t{4}, udp_overhead_bytes(path)}) {
    Bytes out(expected.size());
    std::copy(payload.begin(), payload.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
    EXPECT_EQ(encode_udp_packet(out, path, std::span(out).subspan(at, payload.size())), out.size());
    EXPECT_EQ(out, expected) << at;
  }
}

TEST(PacketEncoder, AChangedPayloadGetsItsChecksumAnew) {
  for (const bool ipv6 : {false, true}) {
    for (std::uint8_t tags = 0; tags <= 2; ++tags) {
      const UdpPath path = golden_path(ipv6, tags);
      Bytes packet = encode(path, parse_hex("0102030405060708ff"));
      packet[udp_overhead_bytes(path) + 3] = 0x99;
      EXPECT_TRUE(update_udp_checksum(packet));
      EXPECT_EQ(packet, encode(path, parse_hex("0102039905060708ff"))) << ipv6 << int{tags};
    }
  }
}

TEST(PacketEncoder, OnlyDatagramsGetAChecksum) {
  Bytes arp = parse_hex("020000000002 020000000001 0806 (00)x28");
  const Bytes before = arp;
  EXPECT_FALSE(update_udp_checksum(arp));
  EXPECT_EQ(arp, before);
  EXPECT_FALSE(update_udp_checksum({}));
}

TEST(InternetChecksum, PublishedExamples) {
  // RFC 1071, section 3: the sum of these is ddf2.
  EXPECT_EQ(internet_checksum(parse_hex("0001 f203 f4f5 f6f7")), 0x220d);
  // An IPv4 header without and with its checksum.
  EXPECT_EQ(internet_checksum(parse_hex("45000073 00004000 40110000 c0a80001 c0a800c7")), 0xb861);
  EXPECT_EQ(internet_checksum(parse_hex("45000073 00004000 4011b861 c0a80001 c0a800c7")), 0);
}

TEST(InternetChecksum, OddAndEmptyBlocks) {
  EXPECT_EQ(internet_checksum({}), 0xffff);
  EXPECT_EQ(internet_checksum(parse_hex("ab")), static_cast<std::uint16_t>(~0xab00));
  EXPECT_EQ(internet_checksum(parse_hex("0102 03")), static_cast<std::uint16_t>(~0x0402));
  EXPECT_EQ(internet_checksum(parse_hex("(ff)x65534")), 0);
}

TEST(InternetChecksum, PartsOfEvenSizeAddUp) {
  const Bytes block = parse_hex("0123 4567 89ab cdef 0f1e 2d3c 4b");
  for (std::size_t cut = 0; cut <= block.size(); cut += 2) {
    const auto head = std::span(block).first(cut);
    const auto tail = std::span(block).subspan(cut);
    EXPECT_EQ(checksum_fold(checksum_sum(head) + checksum_sum(tail)), internet_checksum(block));
  }
}

}  // namespace
}  // namespace esc::wire::test
