#include "app/escd/pipeline.hpp"

#include <rte_cycles.h>

#include <algorithm>

#include "app/escd/sizing.hpp"
#include "event/poison.hpp"
#include "route/topic_hasher.hpp"

namespace esc::app {

Pipeline::Pipeline(const config::Config& config, const topology::PipelinePlan& plan,
                   const route::RouteSet& routes, std::span<rte_mempool* const> pools)
    : burst_(config.rings.burst),
      ingest_memory_("esc ingest ring", config.rings.ingest_cells, plan.node),
      ingest_ring_(ingest_memory_.span()) {
  make_workers(config, plan, routes.size(), pools);
  make_dispatch(config, routes, plan.node, pools);
}

void Pipeline::make_workers(const config::Config& config, const topology::PipelinePlan& plan,
                            std::size_t routes, std::span<rte_mempool* const> pools) {
  for (const unsigned index : plan.workers) {
    auto parts = std::make_unique<WorkerParts>(index, config.rings, plan.node, routes);
    parts->stage =
        std::make_unique<WorkerStage>(parts->ring, parts->handlers, parts->counters, pools, burst_);
    workers_.push_back(std::move(parts));
  }
}

void Pipeline::make_dispatch(const config::Config& config, const route::RouteSet& routes, int node,
                             std::span<rte_mempool* const> pools) {
  const std::uint64_t hz = rte_get_tsc_hz();
  if (config.deduplication.sequenced) {
    identity::ProducerTable::Settings settings = producer_settings(config);
    settings.expiry_cycles = config.deduplication.idempotency_s * hz;
    settings.seed = route::random_seed();
    producers_ = std::make_unique<ProducerParts>(settings, node);
  }
  DispatchStage::Parts parts{
      .input = ingest_ring_,
      .workers = {},
      .routes = routes,
      .producers = producers_ ? &producers_->table : nullptr,
      .counters = dispatch_counters_,
      .pools = pools,
      .hold_limits = {config.rings.hold_timeout_ms * (hz / 1000)},
      .lossless = std::ranges::all_of(config.ports, &config::PortConfig::lossless),
      .burst = burst_};
  for (const auto& worker : workers_) parts.workers.push_back({&worker->ring, worker->hold.span()});
  dispatch_ = std::make_unique<DispatchStage>(parts);
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
