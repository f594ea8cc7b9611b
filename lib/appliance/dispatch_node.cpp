// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/dispatch_node.hpp"

#include <rte_cycles.h>

#include <algorithm>

#include "appliance/dead_letters.hpp"
#include "appliance/stages.hpp"
#include "appliance/worker_node.hpp"
#include "route/topic_hasher.hpp"
#include "telemetry/fill.hpp"

namespace esc::appliance {
namespace {

// How often the pressure is measured: often enough for the cutoff to follow a ring that fills
// within a millisecond.
constexpr std::uint64_t kPressureIntervalUs = 200;

/// Size of a pipeline's table of producers; clock and secret are left out.
identity::ProducerTable::Settings producer_settings(const config::Config& config) {
  // With several pipelines a hash spreads the producers. A quarter more than an even share, and a
  // few more, is enough for the uneven spread.
  const std::size_t pipelines = config.lcores.dispatch.size();
  const std::size_t all = config.deduplication.producers;
  const std::size_t share = pipelines == 1 ? all : all / pipelines * 5 / 4 + 64;
  return {.producers = std::min(share, all), .window = config.deduplication.window};
}

/// Events of connections that can wait in one pipeline: there is room for all credits.
std::size_t stream_cells_of(const config::Config& config) {
  return config.connection_slots() * config.connections.credit_events;
}

}  // namespace

StageNeeds DispatchNode::needs(const config::Config& config, std::size_t /*packet_segments*/) {
  const std::size_t stages = config.lcores.dispatch.size();
  StageNeeds needs{.lcores = stages,
                   .ring_mbufs = stages * config.rings.ingest_cells,
                   .hand_mbufs = stages * config.rings.burst};
  needs.bytes = stages * (IngestRing::bytes_for(config.rings.ingest_cells) +
                          route::TopicCache::bytes_for(route::TopicCache::kDefaultTopics) +
                          stream_cells_of(config) * sizeof(dispatch::StreamCell));
  if (config.deduplication.sequenced) {
    needs.bytes += stages * identity::ProducerTable::bytes_for(producer_settings(config));
  }
  return needs;
}

DispatchNode::Producers::Producers(const identity::ProducerTable::Settings& settings, int socket)
    : index("esc producers' index", identity::ProducerTable::buckets_for(settings), socket),
      entries("esc producers", identity::ProducerTable::entries_for(settings), socket),
      faults("esc producers' faults", identity::ProducerTable::entries_for(settings), socket),
      bits("esc sequence windows", identity::ProducerTable::words_for(settings), socket),
      table(settings, {index.span(), entries.span(), faults.span(), bits.span()}) {}

DispatchNode::TopicCache::TopicCache(std::size_t count, int socket)
    : sets("esc topic cache", route::TopicCache::sets_for(count), socket),
      topics("esc topic cache", sets.span().size() * route::TopicCache::kWays, socket) {}

DispatchNode::DispatchNode(const config::Config& config, const PipelineShared& shared,
                           const Parts& parts)
    : Node({topology::Role::kDispatch, parts.pipeline}),
      pipeline_(parts.pipeline),
      memory_("esc ingest ring", config.rings.ingest_cells, parts.socket),
      ring_(memory_.span()),
      stream_cells_("esc events of connections", stream_cells_of(config), parts.socket),
      held_board_(config.connection_slots()),
      outlet_(outlet_of(shared.dead_letters, dlq::Stage::kDispatch, parts.pipeline, parts.socket)),
      topics_(route::TopicCache::kDefaultTopics, parts.socket),
      refusals_(shared.rules.slots()),
      pressure_(*shared.rules.pressure().get(), rte_rdtsc()) {
  if (config.deduplication.sequenced) {
    const std::uint64_t hz = rte_get_tsc_hz();
    identity::ProducerTable::Settings settings = producer_settings(config);
    settings.expiry_cycles = config.deduplication.idempotency_s * hz;
    settings.rate_cycles = hz;
    settings.seed = route::random_seed();
    producers_.emplace(settings, parts.socket);
  }
  for (const auto& worker : parts.workers) worker_counters_.push_back(&worker->counters());
  make_stage(config, shared, parts.workers);
}

DispatchNode::~DispatchNode() = default;

const identity::KeyedCounters* DispatchNode::key_counters() const noexcept {
  return stage_->key_counters();
}

void DispatchNode::make_stage(const config::Config& config, const PipelineShared& shared,
                              std::span<const std::unique_ptr<WorkerNode>> workers) {
  const std::uint64_t hz = rte_get_tsc_hz();
  DispatchStage::Parts parts{
      .input = ring_,
      .workers = {},
      .rules = shared.rules.rules(),
      .cache = {topics_.sets.span(), topics_.topics.span()},
      .producers = producers(),
      .keys = shared.keys,
      .flow = shared.flow,
      .probe = {&pressure_, shared.shares, worker_counters_, hz / 1'000'000 * kPressureIntervalUs,
                shared.dead_letters != nullptr ? shared.dead_letters->backlog(pipeline_)
                                               : storage::Backlog{}},
      .pressure_table = &shared.rules.pressure(),
      .counters = counters_,
      .pools = shared.pools,
      .hold_limits = {config.rings.hold_timeout_ms * (hz / 1000)},
      .outlet = outlet_,
      .topics = refusals_,
      .keeps_stale = config.dead_letters.stale,
      .lossless = std::ranges::all_of(config.ports, &config::PortConfig::lossless),
      .burst = config.rings.burst};
  if (config.connection_slots() != 0) {
    parts.stream_cells = stream_cells_.span();
    parts.held_board = &held_board_;
  }
  for (const auto& worker : workers) {
    parts.workers.push_back({&worker->ring(), worker->hold()});
    hold_cells_ += worker->hold().size();
  }
  stage_ = std::make_unique<DispatchStage>(parts);
}

void DispatchNode::enlist(LcoreStages& lcore) {
  lcore.add(*stage_);
}

void DispatchNode::add_ended(PipelineRange of, telemetry::Ledger& ledger) const {
  if (of.has(pipeline_)) telemetry::add_ended(counters_, ledger);
}

Load DispatchNode::held(PipelineRange of, const telemetry::Ledger& /*counted*/) const {
  if (!of.has(pipeline_)) return {};
  return {.frames = ring_.size() + counters_.events_held.get()};
}

Load DispatchNode::room() const noexcept {
  return {.frames = ring_.capacity() + hold_cells_ + stream_cells()};
}

std::uint64_t DispatchNode::moves() const noexcept {
  return counters_.events_received.get() + counters_.events_routed.get() +
         counters_.dead_lettered.get();
}

StageFigures DispatchNode::figures() const {
  using telemetry::AnyReading;
  return {.role = role(),
          .pipeline = pipeline_,
          .blocks = {{AnyReading::of(counters_)}},
          .rings = {{"ingest" + std::to_string(pipeline_),
                     pipeline_,
                     {AnyReading::of(telemetry::fill_of(ring_)),
                      AnyReading::of(telemetry::RingHoles{ring_.hole_waits()})}}}};
}

void DispatchNode::zero_slot(std::uint32_t slot) noexcept {
  refusals_[slot].zero();
}

bool DispatchNode::discard(const Ending& ending) {
  const auto give_up = [&](const event::Event& event, DeadReason reason) {
    ending.give_up(event, reason, outlet_, counters_);
  };
  stage_->discard(give_up);
  stage_->discard_input(rte_rdtsc(), give_up);
  return true;
}

void DispatchNode::discard_one(const event::Event& event, const Ending& ending,
                               storage::Outlet& outlet, telemetry::FrameCounters& counters) {
  stage_->discard_one(event, rte_rdtsc(), [&](const event::Event& kept, DeadReason reason) {
    ending.give_up(kept, reason, outlet, counters);
  });
}

}  // namespace esc::appliance
