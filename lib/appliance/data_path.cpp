// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/data_path.hpp"

#include <rte_cycles.h>

#include <utility>

#include "appliance/give_up.hpp"
#include "telemetry/worker_mark.hpp"

namespace esc::appliance {
namespace {

// How long an RX stage waits for a jumbo buffer before it gives the frame up: as long as a full
// worker ring needs to move.
constexpr std::uint64_t kJumboWaitMs = 10;

// How often each queue is looked at while the appliance is paused.
constexpr std::uint64_t kPausedPollHz = 200;

// The most frames that a datagram can hold: 65,507 bytes of 8-byte frames.
constexpr std::uint64_t kMaxFramesPerDatagram = 65'507 / 8 + 1;

}  // namespace

DataPath::DataPath(const config::Config& config, const topology::LcorePlan& plan, RuleBook& rules,
                   std::span<const std::unique_ptr<dpdk::Port>> ports, rte_mempool* jumbo_pool,
                   DeadLetterFolder* folder)
    : burst_(config.rings.burst),
      rules_(rules),
      owner_(route::random_seed(), static_cast<std::uint32_t>(plan.pipelines.size())) {
  make_contexts(config, ports, jumbo_pool);
  if (const std::uint64_t bytes = config.key_memory_bytes(); bytes != 0) {
    keys_ = std::make_unique<KeyMemory>(bytes, config.deduplication.idempotency_s,
                                        plan.pipelines.front().node, plan.pipelines.size());
  }
  if (folder != nullptr) {
    dead_letters_ = std::make_unique<DeadLetters>(config, *folder, plan.pipelines.size());
  }
  make_pipelines(config, plan);
  for (const topology::LcoreAssignment& lcore : plan.lcores) {
    lcores_.push_back(make_lcore(config, lcore, ports));
  }
  add_storage(plan);
}

void DataPath::make_contexts(const config::Config& config,
                             std::span<const std::unique_ptr<dpdk::Port>> ports,
                             rte_mempool* jumbo_pool) {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    auto context = std::make_unique<ingest::PortContext>();
    for (const std::uint16_t port : config.ports[i].udp_ports) context->udp_ports.insert(port);
    context->checksum = config.ports[i].checksum;
    context->limits = {config.limits.max_frame_bytes, config.limits.max_topic_bytes};
    context->lossless = config.ports[i].lossless();
    context->own_mbufs = ports[i]->own_mbufs();
    context->pool = ports[i]->pool().get();
    context->jumbo_pool = jumbo_pool;
    pools_.push_back(context->pool);
    shares_.push_back({context->pool, ports[i]->resident_mbufs()});
    contexts_.push_back(std::move(context));
  }
}

void DataPath::make_pipelines(const config::Config& config, const topology::LcorePlan& plan) {
  workers_.resize(config.lcores.workers.size());
  worker_stages_.resize(workers_.size());
  for (const topology::PipelinePlan& pipeline : plan.pipelines) {
    pipelines_.push_back(std::make_unique<Pipeline>(
        config, pipeline, pipelines_.size(),
        PipelineShared{rules_, flow_, pools_, shares_,
                       keys_ ? keys_->store() : dispatch::KeyStore{}, dead_letters_.get()}));
    for (const auto& worker : pipelines_.back()->workers()) {
      workers_[worker->index] = worker.get();
      worker_stages_[worker->index] = worker->stage.get();
    }
  }
}

LcoreStages DataPath::make_lcore(const config::Config& config,
                                 const topology::LcoreAssignment& lcore,
                                 std::span<const std::unique_ptr<dpdk::Port>> ports) {
  LcoreStages stages;
  if (!lcore.rx_queues.empty()) make_rx(config, lcore, ports, stages);
  for (const unsigned pipeline : lcore.dispatchers) {
    std::get<std::vector<DispatchStage*>>(stages).push_back(
        &pipelines_[pipeline]->dispatch_stage());
  }
  for (const unsigned worker : lcore.workers) {
    std::get<std::vector<WorkerStage*>>(stages).push_back(worker_stages_[worker]);
  }
  return stages;
}

// Once every stage has its outlet.
void DataPath::add_storage(const topology::LcorePlan& plan) {
  if (!dead_letters_) return;
  dead_letters_->make_stage(pools_);
  for (std::size_t i = 0; i < plan.lcores.size(); ++i) {
    if (!plan.lcores[i].storage) continue;
    std::get<std::vector<StorageStage*>>(lcores_[i]).push_back(&dead_letters_->stage());
  }
}

void DataPath::make_rx(const config::Config& config, const topology::LcoreAssignment& lcore,
                       std::span<const std::unique_ptr<dpdk::Port>> ports, LcoreStages& stages) {
  std::vector<ingest::QueueBinding<dpdk::RxQueue>> queues;
  for (const topology::RxQueue& queue : lcore.rx_queues) {
    queues.push_back({ports[queue.port]->rx_queue(queue.queue), contexts_[queue.port].get(),
                      event::Source::of_port(queue.port, queue.queue), queue.pipeline});
  }
  ingest::RxLimits limits;
  limits.burst = burst_;
  limits.soft_mark_cells = config.rings.ingest_soft_mark_cells;
  limits.paused_poll_cycles = rte_get_tsc_hz() / kPausedPollHz / queues.size();
  auto parts = std::make_unique<RxParts>(pipelines_.size());
  std::vector<intake::Lane<RingSink>> lanes;
  for (std::size_t i = 0; i < pipelines_.size(); ++i) {
    IngestRing& ring = pipelines_[i]->ingest_ring();
    storage::Outlet outlet;
    if (dead_letters_) outlet = dead_letters_->outlet(dlq::Stage::kRx, i, lcore.node);
    lanes.emplace_back(RingSink{&ring, IngestRing::Producer(ring)}, parts->frames[i],
                       &pipelines_[i]->pressure().board(), outlet);
  }
  RxStage::Intake intake(
      std::move(lanes), rules_.hasher(), owner_,
      {.burst = burst_, .jumbo_wait_cycles = rte_get_tsc_hz() / 1000 * kJumboWaitMs});
  parts->stage = std::make_unique<RxStage>(std::move(queues), std::move(intake), parts->packets,
                                           flow_, limits);
  std::get<std::vector<RxStage*>>(stages).push_back(parts->stage.get());
  rx_.push_back(std::move(parts));
}

telemetry::Ledger DataPath::ledger_of(std::size_t first, std::size_t count) const {
  telemetry::LedgerBlocks blocks;
  const auto own = std::span(pipelines_).subspan(first, count);
  for (const auto& pipeline : own) pipeline->add_blocks(blocks);
  for (const auto& parts : rx_) {
    for (std::size_t i = first; i < first + count; ++i) {
      blocks.packets.push_back(&parts->packets[i]);
      blocks.frames.push_back(&parts->frames[i]);
    }
  }
  telemetry::Ledger ledger = telemetry::collect(blocks);
  for (const auto& pipeline : own) ledger.frames.in_flight += pipeline->in_flight();
  if (dead_letters_) {
    std::uint64_t settled =
        ledger.frames_dead_lettered() +
        ledger.frames.dropped[static_cast<std::size_t>(FrameDrop::kDlqWriteFailed)];
    for (std::size_t i = first; i < first + count; ++i) {
      ledger.frames.in_flight += dead_letters_->in_flight(i, std::exchange(settled, 0));
    }
  }
  for (const telemetry::FrameCounters* block : blocks.frames)
    ledger.frames.in_flight += block->events_held.get();
  for (const telemetry::PacketCounters* block : blocks.packets)
    ledger.packets.in_flight += block->packets_held.get();
  return ledger;
}

telemetry::Ledger DataPath::ledger() const {
  return ledger_of(0, pipelines_.size());
}

telemetry::Ledger DataPath::ledger(std::size_t pipeline) const {
  return ledger_of(pipeline, 1);
}

std::uint64_t DataPath::moves() const {
  std::uint64_t sum = 0;
  for (const auto& pipeline : pipelines_) sum += pipeline->moves();
  if (dead_letters_) sum += dead_letters_->moves();
  for (const auto& parts : rx_) {
    for (const telemetry::PacketCounters& c : parts->packets) sum += c.packets_received.get();
    for (const telemetry::FrameCounters& c : parts->frames)
      sum += c.frames_received.get() + c.events_pushed.get() + c.dead_lettered.get();
  }
  return sum;
}

bool DataPath::empty() const {
  for (const auto& parts : rx_) {
    for (const telemetry::FrameCounters& c : parts->frames) {
      if (c.datagram_open.get() != 0) return false;
    }
  }
  const telemetry::Ledger now = ledger();
  return now.frames.in_flight == 0 && now.packets.in_flight == 0 && now.balanced();
}

void DataPath::zero_slot(std::uint32_t slot) noexcept {
  for (const auto& pipeline : pipelines_) pipeline->zero_slot(slot);
}

identity::KeyedTotals DataPath::key_totals() const noexcept {
  identity::KeyedTotals totals;
  if (!keys_) return totals;
  for (const auto& pipeline : pipelines_) {
    totals.add_put_out(*pipeline->dispatch_stage().key_counters());
  }
  for (const auto& pipeline : pipelines_) {
    totals.add_put_in(*pipeline->dispatch_stage().key_counters());
  }
  return totals;
}

DataPath::WorkerMarks DataPath::worker_marks() const {
  WorkerMarks marks;
  for (const WorkerParts* parts : workers_) {
    marks.push_back(telemetry::worker_mark(parts->ring, parts->hold.span().size(),
                                           parts->counters.events_received));
  }
  return marks;
}

bool DataPath::passed(const WorkerMarks& marks) const {
  // What waits for a worker is held before it is in a ring: looked at in that order.
  bool none_held = true;
  for (const auto& pipeline : pipelines_) {
    none_held = none_held && pipeline->dispatch().events_held.get() == 0;
  }
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const bool idle = none_held && workers_[i]->ring.size() == 0;
    if (!idle && workers_[i]->counters.events_received.get() < marks[i]) return false;
  }
  return true;
}

std::uint64_t DataPath::packet_room() const noexcept {
  return burst_ * rx_.size();
}

std::uint64_t DataPath::frame_room() const noexcept {
  // Refusals are counted right after their receipt: between the two, all the frames of one poll are
  // under way.
  std::uint64_t room = packet_room() * (kMaxFramesPerDatagram + pipelines_.size());
  for (const auto& pipeline : pipelines_) room += pipeline->frame_room();
  if (dead_letters_) room += dead_letters_->room();
  return room;
}

void DataPath::start() {
  if (dead_letters_) dead_letters_->start();
}

DataPath::Discarded DataPath::discard_all(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  // The oldest first: of two copies the later one is the duplicate.
  for (const auto& pipeline : pipelines_) pipeline->discard(deadline);
  for (const auto& parts : rx_) {
    if (dead_letters_) {
      const auto now = rte_rdtsc();
      parts->stage->give_up_all([&](std::size_t pipeline, const event::Event& event) {
        auto& lane = parts->stage->lane(pipeline);
        pipelines_[pipeline]->dispatch_stage().discard_one(
            event, now, [&](const event::Event& kept, DeadReason reason) {
              give_up(dead_letters_.get(), kept, reason, lane.outlet(), lane.counters(), deadline);
            });
      });
    }
    parts->stage->discard();
  }
  const bool answered = !dead_letters_ || dead_letters_->finish(deadline);
  const telemetry::Ledger after = ledger();
  const auto at = [](auto reason) { return static_cast<std::size_t>(reason); };
  return {after.frames.dropped[at(FrameDrop::kDrainedAtDeadline)] +
              after.frames.dead_lettered[at(DeadReason::kDrainedAtDeadline)] +
              after.packets.dropped[at(PacketDrop::kDrainedAtDeadline)],
          answered};
}

}  // namespace esc::appliance
