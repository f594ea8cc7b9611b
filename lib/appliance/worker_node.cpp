// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/worker_node.hpp"

#include <string>

#include "appliance/dead_letters.hpp"
#include "appliance/stages.hpp"
#include "telemetry/fill.hpp"

namespace esc::appliance {

StageNeeds WorkerNode::needs(const config::Config& config, std::size_t /*packet_segments*/) {
  const std::size_t stages = config.lcores.workers.size();
  const config::RingsConfig& rings = config.rings;
  return {.lcores = stages,
          .ring_mbufs = stages * (rings.worker_cells + rings.hold_cells),
          .hand_mbufs = stages * rings.burst,
          .bytes = stages * (rings.worker_cells * sizeof(event::WorkItem) +
                             rings.hold_cells * sizeof(dispatch::HeldItem))};
}

WorkerNode::WorkerNode(const config::RingsConfig& rings, const Parts& parts)
    : Node({topology::Role::kWorker, parts.index}),
      pipeline_(parts.pipeline),
      burst_(rings.burst),
      memory_("esc worker ring", rings.worker_cells, parts.socket),
      hold_("esc hold queue", rings.hold_cells, parts.socket),
      ring_(memory_.span()),
      outlet_(outlet_of(parts.dead_letters, dlq::Stage::kWorker, parts.pipeline, parts.socket)),
      handlers_(parts.handlers, parts.index, parts.slots),
      stage_(std::make_unique<WorkerStage>(ring_, handlers_, counters_, parts.pools, rings.burst,
                                           outlet_)) {}

WorkerNode::~WorkerNode() = default;

void WorkerNode::enlist(LcoreStages& lcore) {
  lcore.add(*stage_);
}

void WorkerNode::add_ended(PipelineRange of, telemetry::Ledger& ledger) const {
  if (of.has(pipeline_)) telemetry::add_ended(counters_, ledger);
}

Load WorkerNode::held(PipelineRange of, const telemetry::Ledger& /*counted*/) const {
  return {.frames = of.has(pipeline_) ? ring_.size() : 0};
}

Load WorkerNode::room() const noexcept {
  // The dispatcher and the worker may have a burst each in hand, before and after the ring.
  return {.frames = ring_.capacity() + 2 * burst_};
}

std::uint64_t WorkerNode::moves() const noexcept {
  return counters_.events_received.get() + counters_.dead_lettered.get();
}

StageFigures WorkerNode::figures() const {
  using telemetry::AnyReading;
  return {.role = role(),
          .pipeline = pipeline_,
          .blocks = {{AnyReading::of(counters_)}},
          .rings = {{name(), pipeline_, {AnyReading::of(telemetry::fill_of(ring_))}}}};
}

void WorkerNode::zero_slot(std::uint32_t slot) noexcept {
  handlers_.topics().zero(slot);
}

bool WorkerNode::discard(const Ending& ending) {
  ring_.consume_burst(ring_.capacity(), [&](const event::WorkItem& item) {
    ending.give_up(item.event, DeadReason::kDrainedAtDeadline, outlet_, counters_);
  });
  return true;
}

std::uint64_t WorkerNode::mark(std::size_t stream_cells) const {
  return telemetry::worker_mark(ring_, hold_.span().size() + stream_cells,
                                counters_.events_received);
}

}  // namespace esc::appliance
