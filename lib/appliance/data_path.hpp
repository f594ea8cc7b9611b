// SPDX-License-Identifier: BSD-3-Clause
// The whole data path: RX stages in front of one or several pipelines, and which lcore polls what.
// The only place that knows every stage.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "appliance/dead_letters.hpp"
#include "appliance/key_memory.hpp"
#include "appliance/pipeline.hpp"
#include "config/config.hpp"
#include "dpdk/port.hpp"
#include "dpdk/rx_queue.hpp"
#include "identity/producer_owner.hpp"
#include "ingest/rx_stage.hpp"
#include "runtime/lcore_loop.hpp"
#include "telemetry/ledger.hpp"
#include "topology/plan.hpp"

namespace esc::appliance {

/// An RX stage's end of a pipeline's MPSC ring.
struct RingSink {
  IngestRing* ring;
  IngestRing::Producer producer;

  [[nodiscard]] std::size_t push_burst(std::span<const event::Event> events) noexcept {
    return producer.push_burst(events);
  }
  [[nodiscard]] std::size_t size() const noexcept { return ring->size(); }
};

using RxStage = ingest::RxStage<dpdk::RxQueue, RingSink>;
using LcoreStages = runtime::StageLists<RxStage, DispatchStage, WorkerStage, StorageStage>;

/// What an RX lcore consists of.
struct RxParts {
  explicit RxParts(std::size_t pipelines) : packets(pipelines), frames(pipelines) {}

  std::vector<telemetry::PacketCounters> packets;  ///< a block for each pipeline, like the next one
  std::vector<telemetry::FrameCounters> frames;
  std::unique_ptr<RxStage> stage;
};

/// Made on the main lcore once the ports are started, before the lcores run; its figures, but for
/// routes(), may be read by any thread.
class DataPath {
 public:
  /// `rules` and `folder` outlive it; no folder: dead letters are not kept.
  DataPath(const config::Config& config, const topology::LcorePlan& plan, RuleBook& rules,
           std::span<const std::unique_ptr<dpdk::Port>> ports, rte_mempool* jumbo_pool,
           DeadLetterFolder* folder);

  /// Stages of each lcore, in the plan's order.
  [[nodiscard]] const LcoreStages& stages(std::size_t lcore) const { return lcores_[lcore]; }

  void set_flow(control::Flow flow) noexcept { flow_.show(flow); }

  /// Nothing is held anywhere and the ledger says so too: a drain is done. Meaningful once
  /// receiving has stopped.
  [[nodiscard]] bool empty() const;
  /// Lets what is not an lcore run: the thread that writes dead letters.
  void start();

  struct Discarded {
    std::size_t count = 0;      ///< frames and packets
    bool disk_answered = true;  ///< false: dead letters are in flight, and a thread waits for it
  };
  /// Gives up everything still held, as drained at deadline, and brings dead letters to the disk,
  /// as far as it takes them in `timeout`. Only once every lcore has stopped.
  [[nodiscard]] Discarded discard_all(std::chrono::milliseconds timeout);

  /// in_flight measured: exact once the lcores have stopped.
  [[nodiscard]] telemetry::Ledger ledger() const;
  /// Of one pipeline: what it was handed, and what its queues received and refused.
  [[nodiscard]] telemetry::Ledger ledger(std::size_t pipeline) const;
  /// A sum of counters of which every hand-over bumps one: for telemetry::Stillness. Any thread.
  [[nodiscard]] std::uint64_t moves() const;
  /// How many frames, and packets, can be under way at once.
  [[nodiscard]] std::uint64_t frame_room() const noexcept;
  [[nodiscard]] std::uint64_t packet_room() const noexcept;

  [[nodiscard]] std::span<const std::unique_ptr<RxParts>> rx() const noexcept { return rx_; }
  [[nodiscard]] std::span<const std::unique_ptr<Pipeline>> pipelines() const noexcept {
    return pipelines_;
  }
  /// Every worker of every pipeline, in the order of lcores.workers.
  [[nodiscard]] const std::vector<const WorkerParts*>& workers() const noexcept { return workers_; }
  /// The pipeline that has a producer's window.
  [[nodiscard]] std::size_t owner(std::uint64_t producer) const noexcept {
    return owner_(producer);
  }
  /// Main lcore only, which RuleBook sees to.
  [[nodiscard]] const route::RouteSet& routes() const { return rules_.routes(); }
  void zero_slot(std::uint32_t slot) noexcept;
  /// Null: no event has a key.
  [[nodiscard]] KeyMemory* keys() noexcept { return keys_.get(); }
  [[nodiscard]] const KeyMemory* keys() const noexcept { return keys_.get(); }
  void watch_dead_letters() {
    if (dead_letters_) dead_letters_->watch();
  }
  /// Null: dead letters are not kept.
  [[nodiscard]] const DeadLetters* dead_letters() const noexcept { return dead_letters_.get(); }
  /// What all pipelines have counted of keys.
  [[nodiscard]] identity::KeyedTotals key_totals() const noexcept;

  /// How far each worker was.
  using WorkerMarks = std::vector<std::uint64_t>;
  [[nodiscard]] WorkerMarks worker_marks() const;
  /// Whether every event that was on its way to a worker at the marks has arrived.
  [[nodiscard]] bool passed(const WorkerMarks& marks) const;

 private:
  void make_contexts(const config::Config& config,
                     std::span<const std::unique_ptr<dpdk::Port>> ports, rte_mempool* jumbo_pool);
  void make_pipelines(const config::Config& config, const topology::LcorePlan& plan);
  void make_rx(const config::Config& config, const topology::LcoreAssignment& lcore,
               std::span<const std::unique_ptr<dpdk::Port>> ports, LcoreStages& stages);
  [[nodiscard]] LcoreStages make_lcore(const config::Config& config,
                                       const topology::LcoreAssignment& lcore,
                                       std::span<const std::unique_ptr<dpdk::Port>> ports);
  void add_storage(const topology::LcorePlan& plan);
  [[nodiscard]] telemetry::Ledger ledger_of(std::size_t first, std::size_t count) const;

  std::size_t burst_;
  RuleBook& rules_;
  control::FlowBoard flow_;
  identity::ProducerOwner owner_;
  std::vector<rte_mempool*> pools_;          ///< by port index
  std::vector<dispatch::PoolShare> shares_;  ///< likewise
  std::vector<std::unique_ptr<ingest::PortContext>> contexts_;
  std::unique_ptr<KeyMemory> keys_;
  std::unique_ptr<DeadLetters> dead_letters_;
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
  std::vector<const WorkerParts*> workers_;
  std::vector<WorkerStage*> worker_stages_;  ///< likewise
  std::vector<std::unique_ptr<RxParts>> rx_;
  std::vector<LcoreStages> lcores_;
};

}  // namespace esc::appliance
