// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/port.hpp"

#include <gtest/gtest.h>
#include <rte_ring.h>

#include <array>
#include <string>

#include "base/start_error.hpp"
#include "port_support.hpp"
#include "support/mbufs.hpp"
#include "trace_file.hpp"

namespace esc::test {
namespace {

using dpdk::Port;
using dpdk::PortSettings;

void expect_whole_once_closed(Port& port) {
  port.close();
  EXPECT_TRUE(is_whole(port.pool()));
}

/// The error of a port that cannot be made.
StartError error_of(const PortSettings& settings) {
  try {
    const Port port(settings);
  } catch (const StartError& error) {
    return error;
  }
  ADD_FAILURE() << settings.device << " came up";
  return {"", ""};
}

void expect_mentions(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << '"' << text << "\" says nothing of " << part;
}

std::vector<Bytes> numbered_packets(std::size_t count) {
  std::vector<Bytes> packets;
  for (std::size_t i = 0; i < count; ++i) {
    packets.push_back(packet_around({frame_of("t" + std::to_string(i), i)}));
  }
  return packets;
}

TEST(Port, NullDeviceGivesPacketsWithoutEnd) {
  Port port(settings_for("net_null", "size=64"));
  port.start();
  EXPECT_EQ(port.driver(), "net_null");
  EXPECT_TRUE(port.own_mbufs());
  EXPECT_EQ(port.kept_by_driver(), 0U);
  const auto packets = receive_all(port.rx_queue(0), 500);
  EXPECT_GE(packets.size(), 500U);
  for (rte_mbuf* packet : packets) {
    ASSERT_EQ(packet->pkt_len, 64U);
    ASSERT_EQ(packet->pool, port.pool().get());
  }
  EXPECT_EQ(port.stats().packets, packets.size());
  free_all(packets);
  expect_whole_once_closed(port);
}

TEST(Port, PcapFileIsReadOnceToItsEnd) {
  const auto sent = numbered_packets(100);
  const TraceFile trace(sent);
  Port port(settings_for("net_pcap", "rx_pcap=" + trace.path()));
  port.start();
  EXPECT_TRUE(port.own_mbufs());
  const auto packets = receive_all(port.rx_queue(0));
  ASSERT_EQ(packets.size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) {
    const auto* bytes = rte_pktmbuf_mtod(packets[i], const std::uint8_t*);
    EXPECT_EQ(Bytes(bytes, bytes + packets[i]->data_len), sent[i]) << "packet " << i;
  }
  const auto stats = port.stats();
  EXPECT_EQ(stats.packets, 100U);
  EXPECT_EQ(stats.imissed, 0U);
  EXPECT_EQ(stats.rx_nombuf, 0U);
  free_all(packets);
  expect_whole_once_closed(port);
  EXPECT_EQ(port.stats().packets, 100U);  // kept from before
}

TEST(Port, ATraceThatIsDamagedHalfwayShowsInItsErrors) {
  const auto sent = numbered_packets(10);
  const TraceFile trace(sent);
  std::filesystem::resize_file(trace.path(), std::filesystem::file_size(trace.path()) - 1);
  Port port(settings_for("net_pcap", "rx_pcap=" + trace.path()));
  port.start();
  const auto packets = receive_all(port.rx_queue(0));
  EXPECT_EQ(packets.size(), 9U);
  EXPECT_GT(port.stats().ierrors, 0U);  // which is what escd's exit code goes by
  free_all(packets);
  expect_whole_once_closed(port);
  EXPECT_GT(port.stats().ierrors, 0U);
}

TEST(Port, WhatHasNoLinkSaysSo) {
  Port null(settings_for("net_null"));
  EXPECT_EQ(null.link(), dpdk::Link{});
  null.start();
  EXPECT_EQ(null.link().state, dpdk::LinkState::kNone);
  EXPECT_FALSE(null.watch_link());
  EXPECT_TRUE(null.link().up());
}

TEST(Port, AMemifWithoutAPeerIsDown) {
  const std::string socket = "socket=/esc-test-" + std::to_string(getpid()) + ",role=server";
  Port port(settings_for("net_memif", socket));
  port.start();
  EXPECT_EQ(port.link().state, dpdk::LinkState::kDown);
  EXPECT_FALSE(port.link().up());
  EXPECT_FALSE(port.watch_link()) << "nothing has changed";
  port.close();
  EXPECT_EQ(port.link().state, dpdk::LinkState::kDown);
}

TEST(Port, InfinitePcapRepeatsItsTraceAndGivesItBackWhenClosed) {
  const auto sent = numbered_packets(10);
  const TraceFile trace(sent);
  const PortSettings settings =
      settings_for("net_pcap", "rx_pcap=" + trace.path() + ",infinite_rx=1");
  Port port(settings);
  port.start();
  const auto packets = receive_all(port.rx_queue(0), 105);
  ASSERT_GE(packets.size(), 105U);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    ASSERT_EQ(packets[i]->data_len, sent[i % 10].size()) << "packet " << i;
  }
  EXPECT_EQ(port.pool().available(), port.pool().size() - packets.size() - 10);
  free_all(packets);
  expect_whole_once_closed(port);
}

TEST(Port, PoolIsTheSumOfItsHoldersUnlessItIsTold) {
  PortSettings settings = settings_for("net_null");
  settings.pool_mbufs = 0;
  settings.rx_descriptors = 256;
  settings.rx_queues = 1;
  settings.holders = {.descriptors = 99999, .driver = 1, .rings = 20, .bursts = 300, .caches = 400};
  const Port port(settings);
  EXPECT_EQ(port.pool().size(), 256U + 1 + 20 + 300 + 400);
}

TEST(Port, RingDeviceHandsOnForeignMbufs) {
  const TestPool foreign(63);
  Port port(settings_for("net_ring"));
  port.start();
  EXPECT_EQ(port.driver(), "net_ring");
  EXPECT_FALSE(port.own_mbufs());
  rte_ring* ring = ring_behind(port);
  ASSERT_NE(ring, nullptr);
  rte_mbuf* sent = foreign.packet(packet_around({frame_of("a", 1)}));
  ASSERT_EQ(rte_ring_enqueue(ring, sent), 0);
  const auto packets = receive_all(port.rx_queue(0));
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0], sent);
  EXPECT_EQ(packets[0]->pool, foreign.get());
  free_all(packets);
  EXPECT_TRUE(foreign.whole());
  expect_whole_once_closed(port);
}

TEST(Port, SeveralQueuesAreReadEachOnItsOwn) {
  const auto sent = numbered_packets(6);
  const TraceFile one(std::span<const Bytes>(sent).first(2));
  const TraceFile two(std::span<const Bytes>(sent).last(4));
  PortSettings settings =
      settings_for("net_pcap", "rx_pcap=" + one.path() + ",rx_pcap=" + two.path());
  settings.rx_queues = 2;
  Port port(settings);
  port.start();
  const auto first = receive_all(port.rx_queue(0));
  const auto second = receive_all(port.rx_queue(1));
  EXPECT_EQ(first.size(), 2U);
  EXPECT_EQ(second.size(), 4U);
  free_all(first);
  free_all(second);
  expect_whole_once_closed(port);
}

TEST(Port, OnlyALosslessPortCanAlwaysWait) {
  PortSettings settings = settings_for("net_null");
  settings.lossless = false;
  Port lossy(settings);
  lossy.start();
  EXPECT_FALSE(lossy.rx_queue(0).can_wait());  // net_null does not count its descriptors
  Port lossless(settings_for("net_null"));
  lossless.start();
  EXPECT_TRUE(lossless.rx_queue(0).can_wait());
}

TEST(Port, CloseIsIdempotentAndWorksBeforeAStart) {
  Port port(settings_for("net_null"));
  port.close();
  port.close();
  EXPECT_TRUE(is_whole(port.pool()));
}

TEST(PortErrors, UnknownDriver) {
  const StartError error = error_of(settings_for("net_nonesuch"));
  expect_mentions(error.what(), "net_nonesuch");
  expect_mentions(error.what(), "cannot be opened");
  expect_mentions(error.fix(), "check the driver's name");
}

TEST(PortErrors, MissingTrace) {
  const StartError error = error_of(settings_for("net_pcap", "rx_pcap=/nonexistent/trace.pcap"));
  expect_mentions(error.what(), "/nonexistent/trace.pcap");
  expect_mentions(error.fix(), "rx_pcap");
}

TEST(PortErrors, TraceThatIsNoTrace) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("esc-no-trace-" + std::to_string(getpid()));
  std::FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("not a pcap file", file);
  std::fclose(file);
  const StartError error = error_of(settings_for("net_pcap", "rx_pcap=" + path.string()));
  expect_mentions(error.fix(), "pcap file");
  std::filesystem::remove(path);
}

TEST(PortErrors, MoreQueuesThanTheDeviceHas) {
  const auto packets = numbered_packets(1);
  const TraceFile trace(packets);
  PortSettings settings = settings_for("net_pcap", "rx_pcap=" + trace.path());
  settings.rx_queues = 2;
  const StartError error = error_of(settings);
  expect_mentions(error.what(), "rx_queues = 2, but net_pcap has 1");
  expect_mentions(error.fix(), "lower port.rx_queues to 1");
}

TEST(PortErrors, NoSuchPciDevice) {
  PortSettings settings = settings_for("net_null");
  settings.pci = true;
  settings.device = settings.device_name = "0000:ff:1f.7";
  const StartError error = error_of(settings);
  expect_mentions(error.what(), "there is no PCI device 0000:ff:1f.7");
  expect_mentions(error.fix(), "dpdk-devbind.py --status-dev net");
}

TEST(PortErrors, TooLittleMemoryForItsPool) {
  PortSettings settings = settings_for("net_null");
  settings.pool_mbufs = 10'000'000;
  const StartError error = error_of(settings);
  expect_mentions(error.what(), "esc_port" + std::to_string(settings.index));
  expect_mentions(error.fix(), "pool_mbufs");
}

TEST(PortErrors, PoolTooSmallForTheTraceThatIsKept) {
  const auto packets = numbered_packets(100);
  const TraceFile trace(packets);
  PortSettings settings = settings_for("net_pcap", "rx_pcap=" + trace.path() + ",infinite_rx=1");
  settings.pool_mbufs = 50;
  const StartError error = error_of(settings);
  expect_mentions(error.what(), "RX queue 0");
  expect_mentions(error.fix(), "raise port.pool_mbufs (50 now)");
}

}  // namespace
}  // namespace esc::test
