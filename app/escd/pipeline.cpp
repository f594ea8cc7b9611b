#include "app/escd/pipeline.hpp"

#include <rte_cycles.h>

#include <algorithm>

#include "event/poison.hpp"
#include "route/route_specs.hpp"

namespace esc::app {
namespace {

// How long an RX stage waits for a jumbo buffer before it gives the frame up: as long as a full
// worker ring needs to move.
constexpr std::uint64_t kJumboWaitMs = 10;

// The most frames that a datagram can hold: 65,507 bytes of 8-byte frames.
constexpr std::uint64_t kMaxFramesPerDatagram = 65'507 / 8 + 1;

int dispatch_node(const topology::LcorePlan& plan) {
  const auto lcore = std::find_if(plan.lcores.begin(), plan.lcores.end(),
                                  [](const auto& candidate) { return candidate.dispatch; });
  return lcore == plan.lcores.end() ? 0 : lcore->node;
}

}  // namespace

Pipeline::Pipeline(const config::Config& config, const topology::LcorePlan& plan,
                   std::span<const std::unique_ptr<dpdk::Port>> ports, rte_mempool* jumbo_pool)
    : burst_(config.rings.burst),
      hasher_(route::random_seed()),
      routes_(route::route_specs(config, worker::handler_index), hasher_),
      ingest_memory_("esc ingest ring", config.rings.ingest_cells, dispatch_node(plan)),
      ingest_ring_(ingest_memory_.span()) {
  make_contexts(config, ports, jumbo_pool);
  make_workers(config, plan);
  dispatch_ = std::make_unique<DispatchStage>(ingest_ring_, worker_rings_, routes_,
                                              dispatch_counters_, pools_, burst_);
  for (const topology::LcoreAssignment& lcore : plan.lcores) {
    LcoreStages stages;
    if (!lcore.rx_queues.empty()) make_rx(config, lcore, ports, stages);
    if (lcore.dispatch) std::get<std::vector<DispatchStage*>>(stages).push_back(dispatch_.get());
    for (const unsigned index : lcore.workers) {
      std::get<std::vector<WorkerStage*>>(stages).push_back(workers_[index]->stage.get());
    }
    lcores_.push_back(std::move(stages));
  }
}

void Pipeline::make_contexts(const config::Config& config,
                             std::span<const std::unique_ptr<dpdk::Port>> ports,
                             rte_mempool* jumbo_pool) {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    auto context = std::make_unique<ingest::PortContext>();
    for (const std::uint16_t port : config.ports[i].udp_ports) context->udp_ports.insert(port);
    context->checksum = config.ports[i].checksum;
    context->limits = {config.limits.max_frame_bytes, config.limits.max_topic_bytes};
    context->index = static_cast<std::uint16_t>(i);
    context->own_mbufs = ports[i]->own_mbufs();
    context->pool = ports[i]->pool().get();
    context->jumbo_pool = jumbo_pool;
    pools_.push_back(context->pool);
    contexts_.push_back(std::move(context));
  }
}

void Pipeline::make_rx(const config::Config& config, const topology::LcoreAssignment& lcore,
                       std::span<const std::unique_ptr<dpdk::Port>> ports, LcoreStages& stages) {
  std::vector<ingest::QueueBinding<dpdk::RxQueue>> queues;
  for (const topology::RxQueue& queue : lcore.rx_queues) {
    queues.push_back({ports[queue.port]->rx_queue(queue.queue), contexts_[queue.port].get(),
                      event::make_source(queue.port, queue.queue)});
  }
  ingest::RxLimits limits;
  limits.burst = burst_;
  limits.soft_mark_cells = config.rings.ingest_soft_mark_cells;
  limits.jumbo_wait_cycles = rte_get_tsc_hz() / 1000 * kJumboWaitMs;
  auto parts = std::make_unique<RxParts>();
  parts->stage = std::make_unique<RxStage>(
      std::move(queues), RingSink{&ingest_ring_, IngestRing::Producer(ingest_ring_)}, hasher_,
      receiving_, parts->counters, limits);
  std::get<std::vector<RxStage*>>(stages).push_back(parts->stage.get());
  rx_.push_back(std::move(parts));
}

void Pipeline::make_workers(const config::Config& config, const topology::LcorePlan& plan) {
  const int node = dispatch_node(plan);
  for (std::size_t i = 0; i < config.lcores.workers.size(); ++i) {
    auto parts = std::make_unique<WorkerParts>(config.rings.worker_cells, node, routes_.size());
    parts->stage = std::make_unique<WorkerStage>(parts->ring, parts->handlers, parts->counters,
                                                 pools_, burst_);
    worker_rings_.push_back(&parts->ring);
    workers_.push_back(std::move(parts));
  }
}

telemetry::Ledger Pipeline::ledger() const {
  std::vector<const telemetry::WorkerCounters*> workers;
  std::vector<const telemetry::IngestCounters*> ingests;
  for (const auto& parts : workers_) workers.push_back(&parts->counters);
  for (const auto& parts : rx_) ingests.push_back(&parts->counters);
  const telemetry::DispatchCounters* const dispatchers[] = {&dispatch_counters_};
  telemetry::Ledger ledger = telemetry::collect(workers, dispatchers, ingests);
  ledger.frames.in_flight = ingest_ring_.size() + dispatch_counters_.events_held.get();
  for (const auto& parts : workers_) ledger.frames.in_flight += parts->ring.size();
  for (const auto& parts : rx_) {
    ledger.frames.in_flight += parts->counters.events_held.get();
    ledger.packets.in_flight += parts->counters.packets_held.get();
  }
  return ledger;
}

std::uint64_t Pipeline::moves() const {
  std::uint64_t sum =
      dispatch_counters_.events_received.get() + dispatch_counters_.events_routed.get();
  for (const auto& parts : rx_) {
    const telemetry::IngestCounters& c = parts->counters;
    sum += c.packets_received.get() + c.frames_received.get() + c.events_pushed.get();
  }
  for (const auto& parts : workers_) sum += parts->counters.events_received.get();
  return sum;
}

bool Pipeline::empty() const {
  for (const auto& parts : rx_) {
    if (parts->counters.datagram_open.get() != 0) return false;
  }
  const telemetry::Ledger now = ledger();
  return now.frames.in_flight == 0 && now.packets.in_flight == 0 && now.balanced();
}

std::uint64_t Pipeline::packet_room() const noexcept {
  return burst_ * rx_.size();
}

std::uint64_t Pipeline::frame_room() const noexcept {
  // Refusals are counted right after their receipt: between the two, all the frames of one poll are
  // under way.
  std::uint64_t room = ingest_ring_.capacity() + packet_room() * kMaxFramesPerDatagram;
  for (const auto& parts : workers_) room += parts->ring.capacity() + 2 * burst_;
  return room;
}

std::size_t Pipeline::discard_all() {
  for (const auto& parts : rx_) parts->stage->discard();
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
  const telemetry::Ledger after = ledger();
  return after.frames.dropped[static_cast<std::size_t>(FrameDrop::kDrainedAtDeadline)] +
         after.packets.dropped[static_cast<std::size_t>(PacketDrop::kDrainedAtDeadline)];
}

}  // namespace esc::app
