#include "app/escd/pipeline.hpp"

#include <rte_cycles.h>

#include <algorithm>

#include "app/escd/sizing.hpp"
#include "event/poison.hpp"
#include "route/topic_hasher.hpp"

namespace esc::app {
namespace {

// Often enough that the cutoff follows a ring that fills within a millisecond.
constexpr std::uint64_t kPressureIntervalUs = 200;

}  // namespace

Pipeline::Pipeline(const config::Config& config, const topology::PipelinePlan& plan,
                   const PipelineShared& shared)
    : burst_(config.rings.burst),
      ingest_memory_("esc ingest ring", config.rings.ingest_cells, plan.node),
      ingest_ring_(ingest_memory_.span()),
      topics_(route::TopicCache::kDefaultTopics, plan.node),
      pressure_(*shared.rules.pressure().get(), rte_rdtsc()) {
  make_workers(config, plan, shared);
  make_dispatch(config, shared, plan.node);
}

void Pipeline::make_workers(const config::Config& config, const topology::PipelinePlan& plan,
                            const PipelineShared& shared) {
  for (const unsigned index : plan.workers) {
    auto parts =
        std::make_unique<WorkerParts>(index, config.rings, plan.node, shared.rules.slots());
    parts->stage = std::make_unique<WorkerStage>(parts->ring, parts->handlers, parts->counters,
                                                 shared.pools, burst_);
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
  DispatchStage::Parts parts{
      .input = ingest_ring_,
      .workers = {},
      .rules = shared.rules.rules(),
      .cache = {topics_.sets.span(), topics_.topics.span()},
      .producers = producers_ ? &producers_->table : nullptr,
      .keys = shared.keys,
      .flow = shared.flow,
      .probe = {&pressure_, shared.shares, worker_counters_, hz / 1'000'000 * kPressureIntervalUs},
      .pressure_table = &shared.rules.pressure(),
      .counters = dispatch_counters_,
      .pools = shared.pools,
      .hold_limits = {config.rings.hold_timeout_ms * (hz / 1000)},
      .lossless = std::ranges::all_of(config.ports, &config::PortConfig::lossless),
      .burst = burst_};
  for (const auto& worker : workers_) parts.workers.push_back({&worker->ring, worker->hold.span()});
  dispatch_ = std::make_unique<DispatchStage>(parts);
}

void Pipeline::zero_slot(std::uint32_t slot) noexcept {
  for (const auto& parts : workers_) parts->handlers.zero(slot);
}

void Pipeline::add_blocks(std::vector<const telemetry::WorkerCounters*>& workers,
                          std::vector<const telemetry::DispatchCounters*>& dispatchers) const {
  for (const auto& parts : workers_) workers.push_back(&parts->counters);
  dispatchers.push_back(&dispatch_counters_);
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
  std::uint64_t sum =
      dispatch_counters_.events_received.get() + dispatch_counters_.events_routed.get();
  for (const auto& parts : workers_) sum += parts->counters.events_received.get();
  return sum;
}

void Pipeline::discard() {
  std::size_t count = dispatch_->discard();
  count += ingest_ring_.consume_burst(
      ingest_ring_.capacity(), [](const event::Event& event) { event::free_segment(event.mbuf); });
  dispatch_counters_.frame_dropped.add(FrameDrop::kDrainedAtDeadline, count);
  for (const auto& parts : workers_) {
    const std::size_t left = parts->ring.consume_burst(
        parts->ring.capacity(),
        [](const event::WorkItem& item) { event::free_segment(item.event.mbuf); });
    parts->counters.frame_dropped.add(FrameDrop::kDrainedAtDeadline, left);
  }
}

}  // namespace esc::app
