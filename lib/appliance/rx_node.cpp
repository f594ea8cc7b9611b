// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/rx_node.hpp"

#include <rte_cycles.h>

#include <algorithm>
#include <string>
#include <utility>

#include "appliance/stages.hpp"

namespace esc::appliance {
namespace {

// How long an RX stage waits for a jumbo buffer before it gives the frame up. Within this time a
// full worker ring moves on.
constexpr std::uint64_t kJumboWaitMs = 10;

// How often an RX stage looks at each queue while the appliance is paused.
constexpr std::uint64_t kPausedPollHz = 200;

// The most frames that a datagram can hold: 65,507 bytes of 8-byte frames.
constexpr std::uint64_t kMaxFramesPerDatagram = 65'507 / 8 + 1;

std::vector<ingest::QueueBinding<dpdk::RxQueue>> queues_of(const RxNode::Ports& ports) {
  std::vector<ingest::QueueBinding<dpdk::RxQueue>> queues;
  for (const topology::RxQueue& queue : ports.queues) {
    queues.push_back({ports.ports[queue.port]->rx_queue(queue.queue),
                      ports.contexts[queue.port].get(),
                      event::Source::of_port(queue.port, queue.queue), queue.pipeline});
  }
  return queues;
}

}  // namespace

StageNeeds RxNode::needs(const config::Config& config, std::size_t packet_segments) {
  const std::size_t stages = config.lcores.rx.size();
  // A burst of packets, and a burst of events for each pipeline.
  const std::size_t bursts = packet_segments + config.lcores.dispatch.size();
  return {.lcores = stages, .hand_mbufs = stages * bursts * config.rings.burst};
}

RxNode::RxNode(const config::RingsConfig& rings, const ReceivingParts& parts, const Ports& ports)
    : ReceivingNode(topology::Role::kRx, parts),
      burst_(rings.burst),
      packets_(parts.dispatchers.size()),
      stage_(make_stage(rings, parts, ports)) {}

RxNode::~RxNode() = default;

std::unique_ptr<RxStage> RxNode::make_stage(const config::RingsConfig& rings,
                                            const ReceivingParts& parts, const Ports& ports) {
  ingest::RxLimits limits;
  limits.burst = burst_;
  limits.soft_mark_cells = rings.ingest_soft_mark_cells;
  limits.paused_poll_cycles = rte_get_tsc_hz() / kPausedPollHz / ports.queues.size();
  RxStage::Intake intake{
      make_lanes(dlq::Stage::kRx, parts),
      parts.hasher,
      parts.owner,
      {.burst = burst_, .jumbo_wait_cycles = rte_get_tsc_hz() / 1000 * kJumboWaitMs}};
  return std::make_unique<RxStage>(queues_of(ports), std::move(intake), packets_, parts.flow,
                                   limits, &parts.rules);
}

void RxNode::enlist(LcoreStages& lcore) {
  lcore.add(*stage_);
}

void RxNode::add_ended(PipelineRange of, telemetry::Ledger& ledger) const {
  ReceivingNode::add_ended(of, ledger);
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    telemetry::add_ended(packets_[i], ledger);
  }
}

void RxNode::add_received(PipelineRange of, telemetry::Ledger& ledger) const {
  ReceivingNode::add_received(of, ledger);
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    telemetry::add_received(packets_[i], ledger);
  }
}

Load RxNode::held(PipelineRange of, const telemetry::Ledger& counted) const {
  Load load = ReceivingNode::held(of, counted);
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    load.packets += packets_[i].packets_held.get();
  }
  return load;
}

Load RxNode::room() const noexcept {
  // An RX stage counts a refused frame right after it has counted the frame as received. Between
  // the two counts, all the frames of one poll are in flight.
  return {burst_ * (kMaxFramesPerDatagram + packets_.size()), burst_};
}

std::uint64_t RxNode::moves() const noexcept {
  std::uint64_t sum = ReceivingNode::moves();
  for (const telemetry::PacketCounters& c : packets_) sum += c.packets_received.get();
  return sum;
}

StageFigures RxNode::figures() const {
  StageFigures figures{.role = role(), .blocks = {}, .rings = {}};
  for (std::size_t i = 0; i < packets_.size(); ++i) {
    figures.blocks.push_back({telemetry::AnyReading::of(packets_[i]), i});
    figures.blocks.push_back({telemetry::AnyReading::of(frames()[i]), i});
  }
  return figures;
}

bool RxNode::discard(const Ending& ending) {
  discard_stage(*stage_, ending);
  return true;
}

}  // namespace esc::appliance
