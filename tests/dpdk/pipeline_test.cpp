// SPDX-License-Identifier: BSD-3-Clause
// The whole path over real ports, polled by hand: where every frame and every packet of a trace
// went.
#include <gtest/gtest.h>
#include <rte_ring.h>

#include <array>
#include <string>
#include <vector>

#include "folded_pipeline.hpp"
#include "mixed_trace.hpp"
#include "port_support.hpp"
#include "trace_file.hpp"

namespace esc::test {
namespace {

/// What mixed_trace(n) must come to, exactly.
void expect_ledger_of_mixed_trace(const FoldedPipeline& path, std::uint64_t n) {
  const auto& packets = path.packets();
  const auto& frames = path.frames();
  EXPECT_EQ(packets.packets_received.get(), 8 * n);
  EXPECT_EQ(packets.datagrams.get(), 5 * n);
  EXPECT_EQ(packets.non_event.get(NonEvent::kArp), n);
  EXPECT_EQ(packets.non_event.get(NonEvent::kEmptyDatagram), n);
  EXPECT_EQ(packets.packet_dropped.get(PacketDrop::kBadUdpChecksum), n);
  EXPECT_EQ(frames.frames_received.get(), 10 * n);
  EXPECT_EQ(frames.control.get(), n);
  EXPECT_EQ(frames.frame_dropped.get(FrameDrop::kTopicControlCharacter), n);
  EXPECT_EQ(frames.frame_dropped.get(FrameDrop::kFrameTruncated), n);
  EXPECT_EQ(frames.events_pushed.get(), 7 * n);
  EXPECT_EQ(frames.events_held.get(), 0U);
  EXPECT_EQ(packets.packets_held.get(), 0U);
  const auto& dispatch = path.dispatch();
  EXPECT_EQ(dispatch.events_received.get(), 7 * n);
  EXPECT_EQ(dispatch.frame_dropped.get(FrameDrop::kUnknownTopic), n);
  EXPECT_EQ(dispatch.events_routed.get(), 6 * n);
  EXPECT_EQ(dispatch.events_held.get(), 0U);
  EXPECT_EQ(path.handler_refused(), n);
  EXPECT_EQ(path.delivered(), 5 * n);
  EXPECT_EQ(path.totals(0).delivered, 2 * n);
  EXPECT_EQ(path.totals(0).payload_bytes, 11 * n);
  EXPECT_EQ(path.totals(1).delivered, 3 * n);
  EXPECT_EQ(path.totals(1).payload_bytes, 23 * n);
  const telemetry::Ledger ledger = path.ledger();
  EXPECT_TRUE(ledger.balanced());
  EXPECT_EQ(ledger.frames.in_flight, 0U);
  EXPECT_EQ(ledger.packets.in_flight, 0U);
}

TEST(Pipeline, ATraceIsAccountedForExactly) {
  const auto packets = mixed_trace(500);
  const TraceFile trace(packets);
  dpdk::Port port(settings_for("net_pcap", "rx_pcap=" + trace.path()));
  port.start();
  FoldedPipeline path({&port}, mixed_routes());
  path.run_dry();
  expect_ledger_of_mixed_trace(path, 500);
  port.close();
  EXPECT_TRUE(is_whole(port.pool()));
}

TEST(Pipeline, FullRingsLoseNothing) {
  const auto packets = mixed_trace(300);
  const TraceFile trace(packets);
  dpdk::Port port(settings_for("net_pcap", "rx_pcap=" + trace.path()));
  port.start();
  // The rings are shorter than one burst: every stage meets a full one again and again.
  FoldedPipeline path({&port}, mixed_routes(),
                      {.workers = 3, .ingest_cells = 16, .worker_cells = 4, .hold_cells = 4});
  path.run_dry();
  expect_ledger_of_mixed_trace(path, 300);
  EXPECT_GT(path.packets().ring_full.get(), 0U);
  EXPECT_GT(path.dispatch().polls_blocked.get(), 0U);
  port.close();
  EXPECT_TRUE(is_whole(port.pool()));
}

TEST(Pipeline, TwoPortsEachGetTheirMbufsBack) {
  const auto packets = mixed_trace(100);
  const TraceFile trace(packets);
  dpdk::Port first(settings_for("net_pcap", "rx_pcap=" + trace.path()));
  dpdk::Port second(settings_for("net_pcap", "rx_pcap=" + trace.path()));
  first.start();
  second.start();
  FoldedPipeline path({&first, &second}, mixed_routes());
  path.run_dry();
  expect_ledger_of_mixed_trace(path, 200);
  for (dpdk::Port* port : {&first, &second}) {
    port->close();
    EXPECT_TRUE(is_whole(port->pool()));
  }
}

// Every node holds something when the end comes: the RX stage a burst, the rings what they take.
TEST(Pipeline, AnEndGivesUpAndCountsWhatEveryNodeHolds) {
  const auto packets = mixed_trace(300);
  const TraceFile trace(packets);
  dpdk::Port port(settings_for("net_pcap", "rx_pcap=" + trace.path()));
  port.start();
  FoldedPipeline path({&port}, mixed_routes(),
                      {.workers = 2, .ingest_cells = 16, .worker_cells = 4, .hold_cells = 4});
  for (int round = 0; round < 5; ++round) (void)path.poll();
  for (int round = 0; round < 50; ++round) (void)path.poll_without_workers();
  const telemetry::Ledger before = path.ledger();
  EXPECT_TRUE(before.balanced());
  for (const appliance::Node* node : path.data_path().nodes()) {
    const appliance::Load held = node->held({0, 1}, before);
    EXPECT_GT(held.frames + held.packets, 0U) << node->name();
    EXPECT_LE(held.frames, node->room().frames) << node->name();
    EXPECT_LE(held.packets, node->room().packets) << node->name();
    EXPECT_GT(node->moves(), 0U) << node->name();
  }
  const auto discarded = path.discard_all();
  EXPECT_TRUE(discarded.disk_answered);
  EXPECT_GT(discarded.count, before.packets.in_flight);
  const telemetry::Ledger after = path.ledger();
  EXPECT_TRUE(after.balanced());
  EXPECT_EQ(after.frames.in_flight, 0U);
  EXPECT_EQ(after.packets.in_flight, 0U);
  port.close();
  EXPECT_TRUE(is_whole(port.pool()));
}

TEST(Pipeline, AStopEndsATraceWithoutEndAndWhatCameInIsAccountedFor) {
  const auto packets = mixed_trace(10);
  const TraceFile trace(packets);
  dpdk::Port port(settings_for("net_pcap", "rx_pcap=" + trace.path() + ",infinite_rx=1"));
  port.start();
  FoldedPipeline path({&port}, mixed_routes());
  for (int round = 0; round < 1000; ++round) (void)path.poll();
  path.stop_receiving();
  path.run_dry();
  const auto& frames = path.frames();
  EXPECT_GT(path.packets().packets_received.get(), 10'000U);
  EXPECT_EQ(path.packets().packets_received.get(), port.stats().packets);
  std::uint64_t not_delivered = frames.control.get() + path.handler_refused() +
                                path.dispatch().frame_dropped.get(FrameDrop::kUnknownTopic);
  for (std::size_t i = 0; i < static_cast<std::size_t>(FrameDrop::kCount); ++i) {
    not_delivered += frames.frame_dropped.get(static_cast<FrameDrop>(i));
  }
  EXPECT_EQ(frames.frames_received.get(), path.delivered() + not_delivered);
  port.close();
  EXPECT_TRUE(is_whole(port.pool()));
}

TEST(Pipeline, ForeignMbufsGoBackToWhereTheyCameFrom) {
  const TestPool foreign(511);
  dpdk::Port port(settings_for("net_ring"));
  port.start();
  rte_ring* ring = ring_behind(port);
  ASSERT_NE(ring, nullptr);
  FoldedPipeline path({&port}, mixed_routes());
  for (const Bytes& packet : mixed_trace(4)) {
    enqueue_whole_and_cut(ring, foreign, packet);
    path.run_dry();
  }
  expect_ledger_of_mixed_trace(path, 8);
  EXPECT_TRUE(foreign.whole());
  port.close();
  EXPECT_TRUE(is_whole(port.pool()));
}

}  // namespace
}  // namespace esc::test
