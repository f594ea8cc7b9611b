// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/pipeline.hpp"

#include <rte_cycles.h>

#include <algorithm>

#include "appliance/give_up.hpp"
#include "appliance/sizing.hpp"
#include "route/topic_hasher.hpp"

namespace esc::appliance {
namespace {

// Often enough that the cutoff follows a ring that fills within a millisecond.
constexpr std::uint64_t kPressureIntervalUs = 200;

}  // namespace

Pipeline::Pipeline(const config::Config& config, const topology::PipelinePlan& plan,
                   std::size_t index, const PipelineShared& shared)
    : index_(index),
      dead_letters_(shared.dead_letters),
      burst_(config.rings.burst),
      ingest_memory_("esc ingest ring", config.rings.ingest_cells, plan.node),
      ingest_ring_(ingest_memory_.span()),
      topics_(route::TopicCache::kDefaultTopics, plan.node),
      topic_refusals_(shared.rules.slots()),
      pressure_(*shared.rules.pressure().get(), rte_rdtsc()) {
  make_workers(config, plan, shared);
  make_dispatch(config, shared, plan.node);
}

void Pipeline::make_workers(const config::Config& config, const topology::PipelinePlan& plan,
                            const PipelineShared& shared) {
  for (const unsigned index : plan.workers) {
    auto parts =
        std::make_unique<WorkerParts>(index, config.rings, plan.node, shared.rules.slots());
    if (dead_letters_ != nullptr)
      parts->outlet = dead_letters_->outlet(dlq::Stage::kWorker, index_, plan.node);
    parts->stage = std::make_unique<WorkerStage>(parts->ring, parts->handlers, parts->counters,
                                                 shared.pools, burst_, parts->outlet);
    worker_counters_.push_back(&parts->counters);
    workers_.push_back(std::move(parts));
  }
}

void Pipeline::make_dispatch(const config::Config& config, const PipelineShared& shared, int node) {
  const std::uint64_t hz = rte_get_tsc_hz();
  if (config.deduplication.sequenced) {
    identity::ProducerTable::Settings settings = producer_settings(config);
    settings.expiry_cycles = config.deduplication.idempotency_s * hz;
    settings.rate_cycles = hz;
    settings.seed = route::random_seed();
    producers_ = std::make_unique<ProducerParts>(settings, node);
  }
  if (dead_letters_ != nullptr)
    outlet_ = dead_letters_->outlet(dlq::Stage::kDispatch, index_, node);
  DispatchStage::Parts parts{
      .input = ingest_ring_,
      .workers = {},
      .rules = shared.rules.rules(),
      .cache = {topics_.sets.span(), topics_.topics.span()},
      .producers = producers_ ? &producers_->table : nullptr,
      .keys = shared.keys,
      .flow = shared.flow,
      .probe = {&pressure_, shared.shares, worker_counters_, hz / 1'000'000 * kPressureIntervalUs,
                dead_letters_ != nullptr ? dead_letters_->backlog(index_) : storage::Backlog{}},
      .pressure_table = &shared.rules.pressure(),
      .counters = dispatch_counters_,
      .pools = shared.pools,
      .hold_limits = {config.rings.hold_timeout_ms * (hz / 1000)},
      .outlet = outlet_,
      .topics = topic_refusals_,
      .keeps_stale = config.dead_letters.stale,
      .lossless = std::ranges::all_of(config.ports, &config::PortConfig::lossless),
      .burst = burst_};
  for (const auto& worker : workers_) parts.workers.push_back({&worker->ring, worker->hold.span()});
  dispatch_ = std::make_unique<DispatchStage>(parts);
}

void Pipeline::zero_slot(std::uint32_t slot) noexcept {
  for (const auto& parts : workers_) parts->handlers.topics().zero(slot);
  topic_refusals_[slot].zero();
}

void Pipeline::add_blocks(telemetry::LedgerBlocks& blocks) const {
  if (dead_letters_ != nullptr) blocks.settled.push_back(&dead_letters_->settled(index_));
  for (const auto& parts : workers_) blocks.workers.push_back(&parts->counters);
  blocks.dispatchers.push_back(&dispatch_counters_);
}

std::uint64_t Pipeline::in_flight() const noexcept {
  std::uint64_t frames = ingest_ring_.size() + dispatch_counters_.events_held.get();
  for (const auto& parts : workers_) frames += parts->ring.size();
  return frames;
}

std::uint64_t Pipeline::frame_room() const noexcept {
  std::uint64_t room = ingest_ring_.capacity();
  for (const auto& parts : workers_) {
    room += parts->ring.capacity() + parts->hold.span().size() + 2 * burst_;
  }
  return room;
}

std::uint64_t Pipeline::moves() const noexcept {
  std::uint64_t sum = dispatch_counters_.events_received.get() +
                      dispatch_counters_.events_routed.get() +
                      dispatch_counters_.dead_lettered.get();
  for (const auto& parts : workers_) {
    sum += parts->counters.events_received.get() + parts->counters.dead_lettered.get();
  }
  return sum;
}

void Pipeline::discard(std::chrono::steady_clock::time_point deadline) {
  const auto of_dispatcher = [&](const event::Event& event, DeadReason reason) {
    give_up(dead_letters_, event, reason, outlet_, dispatch_counters_, deadline);
  };
  dispatch_->discard(of_dispatcher);
  dispatch_->discard_input(rte_rdtsc(), of_dispatcher);
  for (const auto& parts : workers_) {
    parts->ring.consume_burst(parts->ring.capacity(), [&](const event::WorkItem& item) {
      give_up(dead_letters_, item.event, DeadReason::kDrainedAtDeadline, parts->outlet,
              parts->counters, deadline);
    });
  }
}

}  // namespace esc::appliance
