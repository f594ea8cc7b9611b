// SPDX-License-Identifier: BSD-3-Clause
// One pipeline: a dispatcher with the workers, rings and memory that belong to it, all on one NUMA
// node.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "appliance/dead_letters.hpp"
#include "appliance/rule_book.hpp"
#include "config/config.hpp"
#include "control/flow.hpp"
#include "control/pressure.hpp"
#include "dispatch/dispatch_stage.hpp"
#include "dpdk/huge_array.hpp"
#include "event/event.hpp"
#include "identity/producer_table.hpp"
#include "ring/mpsc_ring.hpp"
#include "ring/spsc_ring.hpp"
#include "route/topic_cache.hpp"
#include "telemetry/ledger.hpp"
#include "topology/plan.hpp"
#include "worker/worker_stage.hpp"

namespace esc::appliance {

using IngestRing = ring::MpscRing<event::Event>;
using WorkerRing = ring::SpscRing<event::WorkItem>;
using DispatchStage = dispatch::DispatchStage<IngestRing, WorkerRing>;
using WorkerStage = worker::WorkerStage<WorkerRing>;

/// What a worker consists of.
struct WorkerParts {
  WorkerParts(unsigned number, const config::RingsConfig& rings, int socket, std::size_t slots)
      : index(number),
        memory("esc worker ring", rings.worker_cells, socket),
        hold("esc hold queue", rings.hold_cells, socket),
        ring(memory.span()),
        handlers(slots) {}

  unsigned index;  ///< in lcores.workers
  dpdk::HugeArray<event::WorkItem> memory;
  dpdk::HugeArray<dispatch::HeldItem> hold;
  WorkerRing ring;
  storage::Outlet outlet;
  worker::HandlerSet handlers;
  telemetry::WorkerCounters counters;
  std::unique_ptr<WorkerStage> stage;
};

/// The producers' windows and the memory they lie in.
struct ProducerParts {
  ProducerParts(const identity::ProducerTable::Settings& settings, int socket)
      : index("esc producers' index", identity::ProducerTable::buckets_for(settings), socket),
        entries("esc producers", identity::ProducerTable::entries_for(settings), socket),
        faults("esc producers' faults", identity::ProducerTable::entries_for(settings), socket),
        bits("esc sequence windows", identity::ProducerTable::words_for(settings), socket),
        table(settings, {index.span(), entries.span(), faults.span(), bits.span()}) {}

  dpdk::HugeArray<identity::IndexBucket> index;
  dpdk::HugeArray<identity::ProducerEntry> entries;
  dpdk::HugeArray<identity::ProducerFaults> faults;
  dpdk::HugeArray<identity::BitWord> bits;
  identity::ProducerTable table;
};

/// The topics that a dispatcher remembers.
struct TopicCacheParts {
  TopicCacheParts(std::size_t count, int socket)
      : sets("esc topic cache", route::TopicCache::sets_for(count), socket),
        topics("esc topic cache", sets.span().size() * route::TopicCache::kWays, socket) {}

  dpdk::HugeArray<route::TopicCache::Set> sets;
  dpdk::HugeArray<route::TopicCache::TopicBytes> topics;
};

/// What all pipelines share. Outlives them.
struct PipelineShared {
  RuleBook& rules;
  const control::FlowBoard& flow;
  std::span<rte_mempool* const> pools;  ///< by port index
  std::span<const dispatch::PoolShare> shares;
  dispatch::KeyStore keys;
  DeadLetters* dead_letters = nullptr;  ///< null: they are not kept
};

/// Made on the main lcore before the lcores run; its figures may be read by any thread.
class Pipeline {
 public:
  /// `index`: of the pipeline.
  Pipeline(const config::Config& config, const topology::PipelinePlan& plan, std::size_t index,
           const PipelineShared& shared);

  [[nodiscard]] IngestRing& ingest_ring() noexcept { return ingest_ring_; }
  [[nodiscard]] DispatchStage& dispatch_stage() noexcept { return *dispatch_; }
  [[nodiscard]] const DispatchStage& dispatch_stage() const noexcept { return *dispatch_; }

  /// Frames that it holds: in its rings, and waiting for workers; dead letters are elsewhere. Exact
  /// once its lcores have stopped.
  [[nodiscard]] std::uint64_t in_flight() const noexcept;
  /// Frames that it has room for.
  [[nodiscard]] std::uint64_t frame_room() const noexcept;
  /// A sum of counters of which every hand-over in it bumps one.
  [[nodiscard]] std::uint64_t moves() const noexcept;
  /// Adds its counters' blocks to what telemetry::collect() reads.
  void add_blocks(telemetry::LedgerBlocks& blocks) const;
  /// Gives up everything it holds, as drained at deadline: dead letters, where those are kept and
  /// the disk takes them until `deadline`. But for what was seen before or may not be here, which
  /// is counted as that. Only once every lcore has stopped.
  void discard(std::chrono::steady_clock::time_point deadline);

  [[nodiscard]] std::span<const std::unique_ptr<WorkerParts>> workers() const noexcept {
    return workers_;
  }
  [[nodiscard]] const telemetry::DispatchCounters& dispatch() const noexcept {
    return dispatch_counters_;
  }
  /// Of the route that has that slot: events that no worker saw.
  [[nodiscard]] const telemetry::TopicRefusals& refusals(std::uint32_t slot) const {
    return topic_refusals_[slot];
  }
  [[nodiscard]] const control::PressureMonitor& pressure() const noexcept { return pressure_; }
  /// The figures of that slot begin anew. Nobody counts in it.
  void zero_slot(std::uint32_t slot) noexcept;
  /// Null: numbered events are not judged. To be changed only while no lcore runs.
  [[nodiscard]] identity::ProducerTable* producers() noexcept {
    return producers_ ? &producers_->table : nullptr;
  }
  /// Null: numbered events are not judged.
  [[nodiscard]] const identity::ProducerTable* producers() const noexcept {
    return producers_ ? &producers_->table : nullptr;
  }
  [[nodiscard]] const IngestRing& ingest_ring() const noexcept { return ingest_ring_; }

 private:
  void make_workers(const config::Config& config, const topology::PipelinePlan& plan,
                    const PipelineShared& shared);
  void make_dispatch(const config::Config& config, const PipelineShared& shared, int node);

  std::size_t index_;
  DeadLetters* dead_letters_;
  storage::Outlet outlet_;  ///< the dispatcher's
  std::size_t burst_;
  dpdk::HugeArray<IngestRing::Cell> ingest_memory_;
  IngestRing ingest_ring_;
  std::vector<std::unique_ptr<WorkerParts>> workers_;
  std::vector<const telemetry::WorkerCounters*> worker_counters_;  ///< in the same order
  TopicCacheParts topics_;
  std::vector<telemetry::TopicRefusals> topic_refusals_;  ///< by slot
  control::PressureMonitor pressure_;
  std::unique_ptr<ProducerParts> producers_;
  telemetry::DispatchCounters dispatch_counters_;
  std::unique_ptr<DispatchStage> dispatch_;
};

}  // namespace esc::appliance
