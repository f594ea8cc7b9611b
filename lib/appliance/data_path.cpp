// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/data_path.hpp"

#include <algorithm>
#include <stdexcept>

#include "appliance/stages.hpp"

namespace esc::appliance {

DataPath::DataPath(const config::Config& config, const topology::LcorePlan& plan, RuleBook& rules,
                   std::span<dpdk::Port* const> ports, const Pools& pools, DeadLetterFolder* folder)
    : rules_(rules),
      owner_(route::random_seed(), static_cast<std::uint32_t>(plan.pipelines.size())) {
  make_contexts(config, ports, pools.jumbo);
  if (const std::uint64_t bytes = config.key_memory_bytes(); bytes != 0) {
    keys_ = std::make_unique<KeyMemory>(bytes, config.deduplication.idempotency_s,
                                        plan.pipelines.front().node, plan.pipelines.size());
  }
  if (folder != nullptr) {
    dead_letters_ = std::make_unique<DeadLetters>(config, *folder, plan.pipelines.size());
  }
  make_pipelines(config, plan);
  make_rx(config, plan, ports);
  if (pools.tcp != nullptr) make_tcp(config, plan, pools.tcp);
  if (dead_letters_) {
    dead_letters_->make_stage(pools_);  // once every stage has its outlet
    nodes_.push_back(dead_letters_.get());
  }
  fill_lcores(plan);
}

DataPath::~DataPath() = default;

const LcoreStages& DataPath::stages(std::size_t lcore) const {
  return lcores_[lcore];
}

void DataPath::make_contexts(const config::Config& config, std::span<dpdk::Port* const> ports,
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
  const PipelineShared shared{rules_,
                              flow_,
                              pools_,
                              shares_,
                              keys_ ? keys_->store() : dispatch::KeyStore{},
                              dead_letters_.get()};
  for (std::size_t i = 0; i < plan.pipelines.size(); ++i) {
    const auto& pipeline =
        pipelines_.emplace_back(std::make_unique<Pipeline>(config, plan.pipelines[i], i, shared));
    nodes_.push_back(&pipeline->dispatch());
    dispatchers_.push_back(&pipeline->dispatch());
    for (const auto& worker : pipeline->workers()) {
      nodes_.push_back(worker.get());
      workers_[worker->index()] = worker.get();
    }
  }
}

ReceivingParts DataPath::receiving(std::size_t index, int node) const {
  return {.index = index,
          .socket = node,
          .dispatchers = dispatchers_,
          .hasher = rules_.hasher(),
          .rules = rules_.rules(),
          .owner = owner_,
          .flow = flow_,
          .dead_letters = dead_letters_.get()};
}

void DataPath::make_rx(const config::Config& config, const topology::LcorePlan& plan,
                       std::span<dpdk::Port* const> ports) {
  for (std::size_t i = 0; i < plan.rx.size(); ++i) {
    const RxNode::Ports own{.queues = plan.rx[i].queues, .ports = ports, .contexts = contexts_};
    rx_.push_back(std::make_unique<RxNode>(config.rings, receiving(i, plan.rx[i].node), own));
    nodes_.push_back(rx_.back().get());
  }
}

void DataPath::make_tcp(const config::Config& config, const topology::LcorePlan& plan,
                        rte_mempool* pool) {
  tcp_source_ = {.limits = {config.limits.max_frame_bytes, config.limits.max_topic_bytes},
                 .own_mbufs = false,
                 .pool = pool};
  for (std::size_t i = 0; i < config.lcores.tcp.size(); ++i) {
    const int node = plan.lcore_of({topology::Role::kTcp, i}).node;
    tcp_.push_back(std::make_unique<TcpNode>(config, receiving(i, node), tcp_source_));
    nodes_.push_back(tcp_.back().get());
  }
}

void DataPath::fill_lcores(const topology::LcorePlan& plan) {
  for (const topology::LcoreAssignment& lcore : plan.lcores) {
    LcoreStages& stages = lcores_.emplace_back();
    for (const topology::RoleIndex role : lcore.roles) node(role).enlist(stages);
  }
}

Node& DataPath::node(topology::RoleIndex role) const {
  const auto found = std::ranges::find(nodes_, role, &Node::role);
  if (found == nodes_.end()) throw std::logic_error("the plan has a role that no node has");
  return **found;
}

telemetry::Ledger DataPath::ledger_of(PipelineRange range) const {
  telemetry::Ledger ledger;
  for (const Node* node : nodes_) node->add_ended(range, ledger);
  for (const Node* node : nodes_) node->add_received(range, ledger);
  Load held;
  for (const Node* node : nodes_) held += node->held(range, ledger);
  ledger.frames.in_flight = held.frames;
  ledger.packets.in_flight = held.packets;
  return ledger;
}

telemetry::Ledger DataPath::ledger() const {
  return ledger_of({0, pipelines_.size()});
}

telemetry::Ledger DataPath::ledger(std::size_t pipeline) const {
  return ledger_of({pipeline, 1});
}

std::uint64_t DataPath::moves() const {
  std::uint64_t sum = 0;
  for (const Node* node : nodes_) sum += node->moves();
  return sum;
}

bool DataPath::empty() const {
  if (std::ranges::any_of(nodes_, [](const Node* node) { return node->reading(); })) return false;
  const telemetry::Ledger now = ledger();
  return now.frames.in_flight == 0 && now.packets.in_flight == 0 && now.balanced();
}

void DataPath::zero_slot(std::uint32_t slot) noexcept {
  for (Node* node : nodes_) node->zero_slot(slot);
}

identity::KeyedTotals DataPath::key_totals() const noexcept {
  identity::KeyedTotals totals;
  if (!keys_) return totals;
  for (const auto& pipeline : pipelines_) {
    totals.add_put_out(*pipeline->dispatch().key_counters());
  }
  for (const auto& pipeline : pipelines_) {
    totals.add_put_in(*pipeline->dispatch().key_counters());
  }
  return totals;
}

DataPath::WorkerMarks DataPath::worker_marks() const {
  WorkerMarks marks;
  for (const WorkerNode* worker : workers_) {
    marks.push_back(worker->mark(dispatchers_[worker->pipeline()]->stream_cells()));
  }
  return marks;
}

bool DataPath::passed(const WorkerMarks& marks) const {
  // An event is first held for a worker and then in its ring, so they are read in that order.
  bool none_held = true;
  for (const auto& pipeline : pipelines_) {
    none_held = none_held && pipeline->dispatch().counters().events_held.get() == 0;
  }
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const bool idle = none_held && workers_[i]->ring().size() == 0;
    if (!idle && workers_[i]->counters().events_received.get() < marks[i]) return false;
  }
  return true;
}

Load DataPath::room() const noexcept {
  Load room;
  for (const Node* node : nodes_) room += node->room();
  return room;
}

void DataPath::start() {
  for (Node* node : nodes_) node->start();
}

DataPath::Discarded DataPath::discard_all(std::chrono::milliseconds timeout) {
  const Ending ending(dead_letters_.get(), std::chrono::steady_clock::now() + timeout);
  bool answered = true;
  for (Node* node : nodes_) answered = node->discard(ending) && answered;
  const telemetry::Ledger after = ledger();
  const auto at = [](auto reason) { return static_cast<std::size_t>(reason); };
  return {after.frames.dropped[at(FrameDrop::kDrainedAtDeadline)] +
              after.frames.dead_lettered[at(DeadReason::kDrainedAtDeadline)] +
              after.packets.dropped[at(PacketDrop::kDrainedAtDeadline)],
          answered};
}

}  // namespace esc::appliance
