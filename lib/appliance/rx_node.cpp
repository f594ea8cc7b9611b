// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/rx_node.hpp"

#include <rte_cycles.h>

#include <algorithm>
#include <string>
#include <utility>

#include "appliance/dead_letters.hpp"
#include "appliance/dispatch_node.hpp"
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

std::vector<ingest::QueueBinding<dpdk::RxQueue>> queues_of(const RxNode::Parts& parts) {
  std::vector<ingest::QueueBinding<dpdk::RxQueue>> queues;
  for (const topology::RxQueue& queue : parts.queues) {
    queues.push_back({parts.ports[queue.port]->rx_queue(queue.queue),
                      parts.contexts[queue.port].get(),
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

RxNode::RxNode(const config::RingsConfig& rings, const Parts& parts)
    : Node({topology::Role::kRx, parts.index}),
      burst_(rings.burst),
      packets_(parts.dispatchers.size()),
      frames_(parts.dispatchers.size()),
      dispatchers_(parts.dispatchers.begin(), parts.dispatchers.end()),
      stage_(make_stage(rings, parts)) {}

RxNode::~RxNode() = default;

std::unique_ptr<RxStage> RxNode::make_stage(const config::RingsConfig& rings, const Parts& parts) {
  std::vector<intake::Lane<intake::RingSink>> lanes;
  for (std::size_t i = 0; i < dispatchers_.size(); ++i) {
    lanes.emplace_back(intake::RingSink(dispatchers_[i]->ring()), frames_[i],
                       &dispatchers_[i]->pressure().board(),
                       outlet_of(parts.dead_letters, dlq::Stage::kRx, i, parts.socket));
  }
  ingest::RxLimits limits;
  limits.burst = burst_;
  limits.soft_mark_cells = rings.ingest_soft_mark_cells;
  limits.paused_poll_cycles = rte_get_tsc_hz() / kPausedPollHz / parts.queues.size();
  RxStage::Intake intake{
      std::move(lanes),
      parts.hasher,
      parts.owner,
      {.burst = burst_, .jumbo_wait_cycles = rte_get_tsc_hz() / 1000 * kJumboWaitMs}};
  return std::make_unique<RxStage>(queues_of(parts), std::move(intake), packets_, parts.flow,
                                   limits, &parts.rules);
}

void RxNode::enlist(LcoreStages& lcore) {
  lcore.add(*stage_);
}

void RxNode::add_ended(PipelineRange of, telemetry::Ledger& ledger) const {
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    telemetry::add_ended(frames_[i], ledger);
    telemetry::add_ended(packets_[i], ledger);
  }
}

void RxNode::add_received(PipelineRange of, telemetry::Ledger& ledger) const {
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    telemetry::add_received(frames_[i], ledger);
    telemetry::add_received(packets_[i], ledger);
  }
}

Load RxNode::held(PipelineRange of, const telemetry::Ledger& /*counted*/) const {
  Load load;
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    load += {frames_[i].events_held.get(), packets_[i].packets_held.get()};
  }
  return load;
}

bool RxNode::reading() const noexcept {
  return std::ranges::any_of(
      frames_, [](const telemetry::FrameCounters& c) { return c.datagram_open.get() != 0; });
}

Load RxNode::room() const noexcept {
  // An RX stage counts a refused frame right after it has counted the frame as received. Between
  // the two counts, all the frames of one poll are in flight.
  return {burst_ * (kMaxFramesPerDatagram + dispatchers_.size()), burst_};
}

std::uint64_t RxNode::moves() const noexcept {
  std::uint64_t sum = 0;
  for (const telemetry::PacketCounters& c : packets_) sum += c.packets_received.get();
  for (const telemetry::FrameCounters& c : frames_) {
    sum += c.frames_received.get() + c.events_pushed.get() + c.dead_lettered.get();
  }
  return sum;
}

StageFigures RxNode::figures() const {
  StageFigures figures{.role = role(), .blocks = {}, .rings = {}};
  for (std::size_t i = 0; i < packets_.size(); ++i) {
    figures.blocks.push_back({telemetry::AnyReading::of(packets_[i]), i});
    figures.blocks.push_back({telemetry::AnyReading::of(frames_[i]), i});
  }
  return figures;
}

bool RxNode::discard(const Ending& ending) {
  if (ending.keeps_letters()) {
    stage_->give_up_all([&](std::size_t pipeline, const event::Event& event) {
      auto& lane = stage_->lane(pipeline);
      dispatchers_[pipeline]->discard_one(event, ending, lane.outlet(), lane.counters());
    });
  }
  stage_->discard();
  return true;
}

}  // namespace esc::appliance
