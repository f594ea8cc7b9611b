// SPDX-License-Identifier: BSD-3-Clause
// The whole data path: RX stages in front of one or several pipelines, and which lcore polls which
// stages. The data path makes the nodes and answers for all of them by looping over them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "appliance/dead_letters.hpp"
#include "appliance/key_memory.hpp"
#include "appliance/node.hpp"
#include "appliance/pipeline.hpp"
#include "appliance/rx_node.hpp"
#include "appliance/tcp_node.hpp"
#include "config/config.hpp"
#include "dpdk/port.hpp"
#include "identity/producer_owner.hpp"
#include "telemetry/ledger.hpp"
#include "topology/plan.hpp"

namespace esc::appliance {

/// Made on the main lcore once the ports are started, before the lcores run. Any thread may read
/// its figures, except routes().
class DataPath {
 public:
  /// Pools that belong to no port.
  struct Pools {
    rte_mempool* jumbo = nullptr;
    rte_mempool* tcp = nullptr;  ///< null: there are no listeners
  };
  /// `rules`, `folder`, the pools and the ports, in the order of the configuration, outlive it; no
  /// folder: dead letters are not kept.
  DataPath(const config::Config& config, const topology::LcorePlan& plan, RuleBook& rules,
           std::span<dpdk::Port* const> ports, const Pools& pools, DeadLetterFolder* folder);
  ~DataPath();
  DataPath(const DataPath&) = delete;
  DataPath& operator=(const DataPath&) = delete;

  /// The stages that one lcore polls, in the plan's order.
  [[nodiscard]] const LcoreStages& stages(std::size_t lcore) const;
  /// The nodes of all stages, in the order in which the end of a drain discards what they hold:
  /// each pipeline's dispatcher before its workers, then the RX and TCP stages, then the storage. A
  /// dispatcher comes before the RX stages because these have their events judged by it: of two
  /// copies, the one that came later is the duplicate. The storage takes what the others give up.
  [[nodiscard]] std::span<Node* const> nodes() const noexcept { return nodes_; }
  /// The node that has this role in the plan.
  [[nodiscard]] Node& node(topology::RoleIndex role) const;

  void set_flow(control::Flow flow) noexcept { flow_.show(flow); }

  /// Whether a drain is done: no stage holds anything, and the ledger says so too. Meaningful only
  /// once receiving has stopped.
  [[nodiscard]] bool empty() const;
  /// Starts the nodes' own threads: the one that writes dead letters.
  void start();

  struct Discarded {
    std::size_t count = 0;  ///< frames and packets
    /// false: dead letters are in flight, and a thread still waits for the disk.
    bool disk_answered = true;
  };
  /// Gives up everything that is still held, as drained at deadline, and writes dead letters to the
  /// disk as far as the disk takes them within `timeout`. Only once every lcore has stopped.
  [[nodiscard]] Discarded discard_all(std::chrono::milliseconds timeout);

  /// The ledger, with in_flight measured. Exact once the lcores have stopped.
  [[nodiscard]] telemetry::Ledger ledger() const;
  /// The ledger of one pipeline: the events that were handed to it, and what its queues received
  /// and refused.
  [[nodiscard]] telemetry::Ledger ledger(std::size_t pipeline) const;
  /// A sum of counters. Every hand-over of events from one stage to the next raises one of them, so
  /// an unchanged sum means that nothing moved (telemetry::Stillness). Any thread.
  [[nodiscard]] std::uint64_t moves() const;
  /// The most that can be in flight at once.
  [[nodiscard]] Load room() const noexcept;

  [[nodiscard]] std::span<const std::unique_ptr<RxNode>> rx() const noexcept { return rx_; }
  [[nodiscard]] std::span<const std::unique_ptr<TcpNode>> tcp() const noexcept { return tcp_; }
  [[nodiscard]] std::span<const std::unique_ptr<Pipeline>> pipelines() const noexcept {
    return pipelines_;
  }
  /// Every worker of every pipeline, in the order of lcores.workers.
  [[nodiscard]] const std::vector<WorkerNode*>& workers() const noexcept { return workers_; }
  /// By port index.
  [[nodiscard]] std::span<rte_mempool* const> pools() const noexcept { return pools_; }
  /// The pipeline that has a producer's window.
  [[nodiscard]] std::size_t owner(std::uint64_t producer) const noexcept {
    return owner_(producer);
  }
  /// Main lcore only; RuleBook checks that.
  [[nodiscard]] const route::RouteSet& routes() const { return rules_.routes(); }
  [[nodiscard]] const worker::HandlerRegistry& handlers() const noexcept {
    return rules_.handlers();
  }
  void zero_slot(std::uint32_t slot) noexcept;
  /// The table of keys; null if no event has a key.
  [[nodiscard]] KeyMemory* keys() noexcept { return keys_.get(); }
  [[nodiscard]] const KeyMemory* keys() const noexcept { return keys_.get(); }
  void watch_dead_letters() {
    if (dead_letters_) dead_letters_->watch();
  }
  /// Null if dead letters are not kept.
  [[nodiscard]] const DeadLetters* dead_letters() const noexcept { return dead_letters_.get(); }
  /// The counters of keys, summed over all pipelines.
  [[nodiscard]] identity::KeyedTotals key_totals() const noexcept;

  /// For each worker, a number of events that it will have received (telemetry::worker_mark).
  using WorkerMarks = std::vector<std::uint64_t>;
  [[nodiscard]] WorkerMarks worker_marks() const;
  /// Whether every event that was on its way to a worker at the marks has arrived.
  [[nodiscard]] bool passed(const WorkerMarks& marks) const;

 private:
  void make_contexts(const config::Config& config, std::span<dpdk::Port* const> ports,
                     rte_mempool* jumbo_pool);
  void make_pipelines(const config::Config& config, const topology::LcorePlan& plan);
  /// Once the pipelines are made.
  [[nodiscard]] ReceivingParts receiving(std::size_t index, int node) const;
  void make_rx(const config::Config& config, const topology::LcorePlan& plan,
               std::span<dpdk::Port* const> ports);
  void make_tcp(const config::Config& config, const topology::LcorePlan& plan, rte_mempool* pool);
  void fill_lcores(const topology::LcorePlan& plan);
  [[nodiscard]] telemetry::Ledger ledger_of(PipelineRange range) const;

  RuleBook& rules_;
  control::FlowBoard flow_;
  identity::ProducerOwner owner_;
  std::vector<rte_mempool*> pools_;          ///< by port index
  std::vector<dispatch::PoolShare> shares_;  ///< by port index
  std::vector<std::unique_ptr<ingest::PortContext>> contexts_;
  std::unique_ptr<KeyMemory> keys_;
  std::unique_ptr<DeadLetters> dead_letters_;
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
  std::vector<DispatchNode*> dispatchers_;  ///< by pipeline
  std::vector<WorkerNode*> workers_;
  std::vector<std::unique_ptr<RxNode>> rx_;
  intake::FrameSource tcp_source_;
  std::vector<std::unique_ptr<TcpNode>> tcp_;
  std::vector<Node*> nodes_;
  std::vector<LcoreStages> lcores_;
};

}  // namespace esc::appliance
