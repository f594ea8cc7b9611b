// SPDX-License-Identifier: BSD-3-Clause
#include "ingest/checksum.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "ingest/rx_fixture.hpp"

namespace esc::test {
namespace {

constexpr std::size_t kIpChecksumAt = 14 + 10;
constexpr std::size_t kUdpChecksumAt = 14 + 20 + 6;

class ChecksumTest : public RxFixture {
 protected:
  /// Returns how many events one packet with these NIC flags gives.
  std::size_t events_of(const Bytes& packet, config::Checksum mode, std::uint64_t flags,
                        std::vector<std::size_t> cuts = {}) {
    port_.checksum = mode;
    const std::size_t before = sink_.state->events.size();
    give(packet, std::move(cuts));
    queue_.state->packets.back()->ol_flags |= flags;
    run();
    return sink_.state->events.size() - before;
  }
};

TEST_F(ChecksumTest, SoftwareFindsEveryFlippedByte) {
  const Bytes good = packet_of(frame("topic", 33));
  EXPECT_EQ(events_of(good, config::Checksum::kVerify, 0), 1U);
  std::uint64_t bad_udp = 0;
  // Begins at the UDP checksum, since ports and lengths before it have rules of their own.
  for (std::size_t at = kUdpChecksumAt; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] ^= 0x10;
    EXPECT_EQ(events_of(bad, config::Checksum::kVerify, 0), 0U) << "byte " << at;
    EXPECT_EQ(dropped(PacketDrop::kBadUdpChecksum), ++bad_udp) << "byte " << at;
  }
  Bytes bad_ip = good;
  bad_ip[kIpChecksumAt] ^= 0x01;
  EXPECT_EQ(events_of(bad_ip, config::Checksum::kVerify, 0), 0U);
  EXPECT_EQ(dropped(PacketDrop::kBadIpChecksum), 1U);
}

// The quick check of plain packets reads vectors, of which the first is only partly of the
// datagram.
TEST_F(ChecksumTest, SoftwareIsRightForEveryLength) {
  std::mt19937_64 random(5);
  for (std::size_t bytes = 0; bytes < 130; ++bytes) {
    for (const bool ipv6 : {false, true}) {
      Bytes payload = frame("topic", bytes);
      for (std::size_t i = payload.size() - bytes; i < payload.size(); ++i)
        payload[i] = static_cast<std::uint8_t>(random());
      const Bytes good = packet_of(payload, ipv6, static_cast<std::uint8_t>(random() % 2));
      const std::uint64_t plain = counters_.events_plain.get();
      ASSERT_EQ(events_of(good, config::Checksum::kVerify, 0), 1U) << bytes;
      ASSERT_EQ(counters_.events_plain.get(), plain + 1) << "the quick check refuses " << bytes;
      for (std::size_t i = 0; i < 8; ++i) {
        Bytes bad = good;
        bad[bad.size() - 1 - random() % (bytes + 5)] ^= static_cast<std::uint8_t>(1U << i);
        ASSERT_EQ(events_of(bad, config::Checksum::kVerify, 0), 0U) << bytes;
      }
      release_events();
    }
  }
}

// Sums of 64 bits over such headers run over, which takes addresses of high numbers.
TEST_F(ChecksumTest, SoftwareIsRightForEveryHeader) {
  std::mt19937_64 random(6);
  for (const std::array<std::uint8_t, 4> source :
       {std::array<std::uint8_t, 4>{10, 0, 192, 255}, {255, 255, 191, 255}, {255, 255, 255, 255}}) {
    wire::UdpPath path;
    std::ranges::copy(source, path.src_ip.begin());
    path.dst_ip = {255, 255, 255, 255};
    path.dst_port = 9001;
    const Bytes payload = frame("topic", 33);
    for (int turn = 0; turn < 200; ++turn) {
      path.src_port = static_cast<std::uint16_t>(random());
      path.ttl = static_cast<std::uint8_t>(random());
      Bytes good(wire::udp_overhead_bytes(path) + payload.size());
      ASSERT_EQ(wire::encode_udp_packet(good, path, payload), good.size());
      good[14 + 6] = 0x40;  // "do not fragment"
      good[kIpChecksumAt] = good[kIpChecksumAt + 1] = 0;
      const std::uint16_t sum = wire::internet_checksum(std::span(good).subspan(14, 20));
      good[kIpChecksumAt] = static_cast<std::uint8_t>(sum >> 8U);
      good[kIpChecksumAt + 1] = static_cast<std::uint8_t>(sum);
      const std::uint64_t plain = counters_.events_plain.get();
      ASSERT_EQ(events_of(good, config::Checksum::kVerify, 0), 1U);
      ASSERT_EQ(counters_.events_plain.get(), plain + 1) << "the quick check refuses it";
      Bytes bad = good;
      bad[kIpChecksumAt + random() % 2] ^= static_cast<std::uint8_t>(1U << random() % 8);
      ASSERT_EQ(events_of(bad, config::Checksum::kVerify, 0), 0U);
    }
    release_events();
  }
  EXPECT_EQ(dropped(PacketDrop::kBadIpChecksum), 600U);
}

TEST_F(ChecksumTest, SoftwareIsRightForTheLongestDatagrams) {
  port_.checksum = config::Checksum::kVerify;
  std::mt19937_64 random(7);
  for (const std::size_t bytes : {std::size_t{65'100}, std::size_t{65'101}}) {
    for (const bool ipv6 : {false, true}) {
      for (const int fill : {0x00, 0xff, -1}) {
        Bytes payload = frame("topic", bytes);
        for (std::size_t i = payload.size() - bytes; i < payload.size(); ++i)
          payload[i] =
              static_cast<std::uint8_t>(fill >= 0 ? static_cast<unsigned>(fill) : random());
        const Bytes good = packet_of(payload, ipv6);
        const std::uint64_t plain = counters_.events_plain.get();
        queue_.state->packets.push_back(jumbo_.packet(good));
        run();
        ASSERT_EQ(counters_.events_plain.get(), plain + 1) << bytes << " " << ipv6 << " " << fill;
        Bytes bad = good;
        bad[bad.size() - 1 - random() % bytes] ^= 0x04;
        queue_.state->packets.push_back(jumbo_.packet(bad));
        run();
        for (const event::Event& event : sink_.state->events) event::free_segment(event.mbuf);
        sink_.state->events.clear();
      }
    }
  }
  EXPECT_EQ(dropped(PacketDrop::kBadUdpChecksum), 12U);
  EXPECT_EQ(counters_.events_plain.get(), 12U);
}

TEST_F(ChecksumTest, SoftwareReadsAcrossSegmentsOfOddSize) {
  const Bytes good = packet_of(frame("topic", 400));
  EXPECT_EQ(events_of(good, config::Checksum::kVerify, 0, {43, 44, 101, 250}), 1U);
  Bytes bad = good;
  bad.back() ^= 1;
  EXPECT_EQ(events_of(bad, config::Checksum::kVerify, 0, {43, 44, 101, 250}), 0U);
  const Bytes good6 = packet_of(frame("topic", 401), true);
  EXPECT_EQ(events_of(good6, config::Checksum::kVerify, 0, {7, 77, 177}), 1U);
}

TEST_F(ChecksumTest, ANicsWordThatItIsRightIsTaken) {
  Bytes bad = packet_of(frame("a", 3));
  bad.back() ^= 1;
  bad[kIpChecksumAt] ^= 1;
  const auto good_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  EXPECT_EQ(events_of(bad, config::Checksum::kVerify, good_flags), 1U);
  EXPECT_EQ(events_of(bad, config::Checksum::kNic, good_flags), 1U);
}

TEST_F(ChecksumTest, ANicsWordThatItIsWrongIsLookedIntoOrTaken) {
  const Bytes good = packet_of(frame("a", 3));
  const auto bad_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD;
  EXPECT_EQ(events_of(good, config::Checksum::kVerify, bad_flags), 1U);
  EXPECT_EQ(events_of(good, config::Checksum::kNic, RTE_MBUF_F_RX_L4_CKSUM_BAD), 0U);
  EXPECT_EQ(dropped(PacketDrop::kBadUdpChecksum), 1U);
  EXPECT_EQ(events_of(good, config::Checksum::kNic, RTE_MBUF_F_RX_IP_CKSUM_BAD), 0U);
  EXPECT_EQ(dropped(PacketDrop::kBadIpChecksum), 1U);

  Bytes bad = good;
  bad.back() ^= 1;
  EXPECT_EQ(events_of(bad, config::Checksum::kVerify, RTE_MBUF_F_RX_L4_CKSUM_BAD), 0U);
  EXPECT_EQ(dropped(PacketDrop::kBadUdpChecksum), 2U);
  Bytes bad_header = good;
  bad_header[kIpChecksumAt] ^= 1;
  EXPECT_EQ(events_of(bad_header, config::Checksum::kVerify, bad_flags), 0U);
  EXPECT_EQ(dropped(PacketDrop::kBadIpChecksum), 2U);
}

TEST_F(ChecksumTest, NicModeDoesNotLookWhereTheNicIsSilent) {
  Bytes bad = packet_of(frame("a", 3));
  bad.back() ^= 1;
  bad[kIpChecksumAt] ^= 1;
  EXPECT_EQ(events_of(bad, config::Checksum::kNic, 0), 1U);
  EXPECT_EQ(events_of(bad, config::Checksum::kOff, RTE_MBUF_F_RX_IP_CKSUM_BAD), 1U);
}

TEST_F(ChecksumTest, ZeroMeansNoneOverIpv4AndIsRefusedOverIpv6) {
  Bytes four = packet_of(frame("a", 3));
  four[kUdpChecksumAt] = four[kUdpChecksumAt + 1] = 0;
  EXPECT_EQ(events_of(four, config::Checksum::kVerify, 0), 1U);
  Bytes six = packet_of(frame("a", 3), true);
  six[14 + 40 + 6] = six[14 + 40 + 7] = 0;
  EXPECT_EQ(events_of(six, config::Checksum::kVerify, 0), 0U);
  EXPECT_EQ(events_of(six, config::Checksum::kNic, 0), 0U);
  EXPECT_EQ(dropped(PacketDrop::kBadUdpChecksum), 2U);
  EXPECT_EQ(events_of(six, config::Checksum::kOff, 0), 1U);
}

}  // namespace
}  // namespace esc::test
