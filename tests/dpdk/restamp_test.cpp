// SPDX-License-Identifier: BSD-3-Clause
// An endless trace, restamped: what a port hands out, pass after pass, through bursts of every size
// and a pool that runs dry.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "base/start_error.hpp"
#include "port_support.hpp"
#include "support/mbufs.hpp"
#include "trace_file.hpp"
#include "wire/packet.hpp"
#include "wire/parser.hpp"
#include "wire/session_cursor.hpp"

namespace esc::test {
namespace {

using dpdk::Port;
using dpdk::PortSettings;

constexpr std::size_t kStampedProducers = 7;
constexpr std::size_t kStampedPackets = 150;  // no multiple of a burst

Bytes session_frame(std::uint64_t producer, std::uint64_t first) {
  Bytes frame(wire::kSessionFrameBytes);
  const wire::Session session{.epoch = 1, .producer = producer, .first_sequence = first};
  if (wire::encode_session_frame(frame, 0, session) != frame.size()) {
    throw std::logic_error("no session frame");
  }
  return frame;
}

/// Each producer's numbers without a gap, in datagrams of one to three events.
std::vector<Bytes> numbered_trace() {
  std::vector<Bytes> packets;
  std::array<std::uint64_t, kStampedProducers> next{};
  for (std::size_t i = 0; i < kStampedPackets; ++i) {
    std::uint64_t& first = next[i % kStampedProducers];
    const Bytes session = session_frame(i % kStampedProducers, first);
    const Bytes event = frame_of("t", 8 + i % 5);
    const std::size_t events = 1 + i % 3;
    first += events;
    if (events == 1) packets.push_back(packet_around({session, event}));
    if (events == 2) packets.push_back(packet_around({session, event, event}));
    if (events == 3) packets.push_back(packet_around({session, event, event, event}));
  }
  return packets;
}

PortSettings endless(const TraceFile& trace, wire::Restamp restamp) {
  PortSettings settings = settings_for("net_pcap", "rx_pcap=" + trace.path() + ",infinite_rx=1");
  settings.restamp = restamp;
  settings.udp_ports = {9001};
  return settings;
}

wire::PortSet our_ports() {
  wire::PortSet ports;
  ports.insert(9001);
  return ports;
}

/// Hands every frame of the packet on. Its checksum must be right.
template <class Each>
void for_each_frame(const rte_mbuf* mbuf, Each each) {
  static const wire::PortSet ports = our_ports();
  const auto* data = rte_pktmbuf_mtod(mbuf, const std::uint8_t*);
  Bytes packet(data, data + mbuf->data_len);
  const auto verdict =
      wire::classify_packet(packet, static_cast<std::uint32_t>(packet.size()), ports);
  ASSERT_EQ(verdict.kind, wire::PacketKind::kDatagram);
  const std::span payload =
      std::span(std::as_const(packet)).subspan(verdict.payload_offset, verdict.payload_bytes);
  for (std::size_t at = 0; at < payload.size();) {
    const wire::FrameView frame = wire::parse_frame(payload.subspan(at), {});
    each(frame);
    at += frame.frame_bytes;
  }
  ASSERT_TRUE(wire::update_udp_checksum(packet));
  ASSERT_EQ(Bytes(data, data + mbuf->data_len), packet) << "the UDP checksum is wrong";
}

TEST(RestampedPort, NumbersGoOnWithoutACopyOrAGapForManyPasses) {
  const auto sent = numbered_trace();
  const TraceFile trace(sent);
  Port port(endless(trace, wire::Restamp::kSessions));
  port.start();
  std::map<std::uint64_t, std::uint64_t> next;  // by producer
  std::size_t received = 0;
  for (std::size_t round = 0; received < 200 * kStampedPackets; ++round) {
    std::array<rte_mbuf*, 64> burst{};
    const std::size_t count = port.rx_queue(0).receive(std::span(burst).first(1 + round * 7 % 64));
    ASSERT_GT(count, 0U);
    for (std::size_t i = 0; i < count; ++i) {
      wire::SessionCursor cursor;
      for_each_frame(burst[i], [&](const wire::FrameView& frame) {
        if (const auto identity = cursor.observe(frame)) {
          ASSERT_EQ(identity->sequence, next[identity->producer]++)
              << "packet " << received + i << ", producer " << identity->producer;
        }
      });
      event::free_packet(burst[i]);
    }
    if (HasFatalFailure()) return;
    received += count;
  }
  EXPECT_EQ(next.size(), kStampedProducers);
  port.close();
  EXPECT_TRUE(is_whole(port.pool()));
}

TEST(RestampedPort, NothingIsSkippedWhenThePoolIsDry) {
  const auto sent = numbered_trace();
  const TraceFile trace(sent);
  PortSettings settings = endless(trace, wire::Restamp::kSessions);
  settings.pool_mbufs = 255;  // 150 of which the driver keeps
  Port port(settings);
  port.start();
  std::map<std::uint64_t, std::uint64_t> next;
  std::deque<rte_mbuf*> kept;
  std::size_t dry = 0;
  for (std::size_t received = 0; received < 20 * kStampedPackets;) {
    std::array<rte_mbuf*, 32> burst{};
    const std::size_t count = port.rx_queue(0).receive(burst);
    for (std::size_t i = 0; i < count; ++i) {
      wire::SessionCursor cursor;
      for_each_frame(burst[i], [&](const wire::FrameView& frame) {
        if (const auto identity = cursor.observe(frame)) {
          ASSERT_EQ(identity->sequence, next[identity->producer]++);
        }
      });
      kept.push_back(burst[i]);
    }
    if (HasFatalFailure()) break;
    received += count;
    if (count != 0) continue;
    ++dry;
    while (kept.size() > 10) {
      event::free_packet(kept.front());
      kept.pop_front();
    }
  }
  EXPECT_GT(dry, 10U);
  free_all({kept.begin(), kept.end()});
  port.close();
  EXPECT_TRUE(is_whole(port.pool()));
}

TEST(RestampedPort, PayloadIdsAreAllDifferentOnAllQueues) {
  const auto sent = numbered_trace();
  const TraceFile trace(sent);
  PortSettings settings = settings_for(
      "net_pcap", "rx_pcap=" + trace.path() + ",rx_pcap=" + trace.path() + ",infinite_rx=1");
  settings.rx_queues = 2;
  settings.restamp = wire::Restamp::kPayloadIds;
  settings.udp_ports = {9001};
  Port port(settings);
  port.start();
  std::set<std::uint64_t> ids;
  std::size_t events = 0;
  for (std::uint16_t queue = 0; queue < 2; ++queue) {
    const auto packets = receive_all(port.rx_queue(queue), 10 * kStampedPackets);
    for (const rte_mbuf* packet : packets) {
      for_each_frame(packet, [&](const wire::FrameView& frame) {
        if (frame.kind != wire::FrameKind::kEvent) return;
        ++events;
        ids.insert(wire::load_be64(frame.payload));
      });
    }
    free_all(packets);
  }
  EXPECT_GT(events, 20 * kStampedPackets);
  EXPECT_EQ(ids.size(), events);
  port.close();
  EXPECT_TRUE(is_whole(port.pool()));
}

TEST(RestampedPort, ATraceThatCannotGoOnIsRefusedWithTheReason) {
  const std::vector<Bytes> sent = {packet_around({frame_of("t", 8)})};
  const TraceFile trace(sent);
  Port port(endless(trace, wire::Restamp::kSessions));
  try {
    port.start();
    FAIL() << "it started";
  } catch (const StartError& error) {
    EXPECT_NE(std::string(error.what()).find("has no session frame for these ports"),
              std::string::npos)
        << error.what();
    EXPECT_NE(std::string(error.fix()).find("port.restamp"), std::string::npos);
  }
}

}  // namespace
}  // namespace esc::test
