// One pipeline: its rings, its stages and their counters, wired together. The only place that knows
// every stage.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "dispatch/dispatch_stage.hpp"
#include "dpdk/huge_array.hpp"
#include "dpdk/port.hpp"
#include "dpdk/rx_queue.hpp"
#include "event/event.hpp"
#include "identity/producer_table.hpp"
#include "ingest/rx_stage.hpp"
#include "ring/mpsc_ring.hpp"
#include "ring/spsc_ring.hpp"
#include "route/route_set.hpp"
#include "runtime/lcore_loop.hpp"
#include "telemetry/ledger.hpp"
#include "topology/plan.hpp"
#include "worker/worker_stage.hpp"

namespace esc::app {

using IngestRing = ring::MpscRing<event::Event>;
using WorkerRing = ring::SpscRing<event::WorkItem>;

/// An RX stage's end of the MPSC ring.
struct RingSink {
  IngestRing* ring;
  IngestRing::Producer producer;

  [[nodiscard]] std::size_t push_burst(std::span<const event::Event> events) noexcept {
    return producer.push_burst(events);
  }
  [[nodiscard]] std::size_t size() const noexcept { return ring->size(); }
};

using RxStage = ingest::RxStage<dpdk::RxQueue, RingSink>;
using DispatchStage = dispatch::DispatchStage<IngestRing, WorkerRing>;
using WorkerStage = worker::WorkerStage<WorkerRing>;
using LcoreStages = runtime::StageLists<RxStage, DispatchStage, WorkerStage>;

/// What a worker consists of.
struct WorkerParts {
  WorkerParts(const config::RingsConfig& rings, int socket, std::size_t routes)
      : memory("esc worker ring", rings.worker_cells, socket),
        hold("esc hold queue", rings.hold_cells, socket),
        ring(memory.span()),
        handlers(routes) {}

  dpdk::HugeArray<event::WorkItem> memory;
  dpdk::HugeArray<dispatch::HeldItem> hold;
  WorkerRing ring;
  worker::HandlerSet handlers;
  telemetry::WorkerCounters counters;
  std::unique_ptr<WorkerStage> stage;
};

/// The producers' windows and the memory they lie in.
struct ProducerParts {
  ProducerParts(const identity::ProducerTable::Settings& settings, int socket)
      : entries("esc producers", identity::ProducerTable::entries_for(settings), socket),
        faults("esc producers' faults", identity::ProducerTable::entries_for(settings), socket),
        bits("esc sequence windows", identity::ProducerTable::words_for(settings), socket),
        table(settings, {entries.span(), faults.span(), bits.span()}) {}

  dpdk::HugeArray<identity::ProducerEntry> entries;
  dpdk::HugeArray<identity::ProducerFaults> faults;
  dpdk::HugeArray<std::uint64_t> bits;
  identity::ProducerTable table;
};

/// What an RX lcore consists of.
struct RxParts {
  telemetry::IngestCounters counters;
  std::unique_ptr<RxStage> stage;
};

/// Made on the main lcore once the ports are started, before the lcores run; its figures may be
/// read by any thread.
class Pipeline {
 public:
  Pipeline(const config::Config& config, const topology::LcorePlan& plan,
           std::span<const std::unique_ptr<dpdk::Port>> ports, rte_mempool* jumbo_pool);

  /// Stages of each lcore, in the plan's order.
  [[nodiscard]] const LcoreStages& stages(std::size_t lcore) const { return lcores_[lcore]; }

  void stop_receiving() noexcept { receiving_.store(false, std::memory_order_relaxed); }

  /// Nothing is held anywhere and the ledger says so too: a drain is done. Meaningful once
  /// receiving has stopped.
  [[nodiscard]] bool empty() const;
  /// Takes back everything still held, as drained at deadline; how many frames and packets. Only
  /// once every lcore has stopped.
  std::size_t discard_all();

  /// in_flight measured: exact once the lcores have stopped.
  [[nodiscard]] telemetry::Ledger ledger() const;
  /// A sum of counters of which every hand-over bumps one: for telemetry::Stillness. Any thread.
  [[nodiscard]] std::uint64_t moves() const;
  /// How many frames, and packets, can be under way at once.
  [[nodiscard]] std::uint64_t frame_room() const noexcept;
  [[nodiscard]] std::uint64_t packet_room() const noexcept;

  [[nodiscard]] std::span<const std::unique_ptr<RxParts>> rx() const noexcept { return rx_; }
  [[nodiscard]] std::span<const std::unique_ptr<WorkerParts>> workers() const noexcept {
    return workers_;
  }
  [[nodiscard]] const telemetry::DispatchCounters& dispatch() const noexcept {
    return dispatch_counters_;
  }
  /// Null: numbered events are not judged.
  [[nodiscard]] const identity::ProducerTable* producers() const noexcept {
    return producers_ ? &producers_->table : nullptr;
  }
  [[nodiscard]] const IngestRing& ingest_ring() const noexcept { return ingest_ring_; }
  [[nodiscard]] const route::RouteSet& routes() const noexcept { return routes_; }

 private:
  void make_contexts(const config::Config& config,
                     std::span<const std::unique_ptr<dpdk::Port>> ports, rte_mempool* jumbo_pool);
  void make_rx(const config::Config& config, const topology::LcoreAssignment& lcore,
               std::span<const std::unique_ptr<dpdk::Port>> ports, LcoreStages& stages);
  void make_workers(const config::Config& config, const topology::LcorePlan& plan);
  void make_dispatch(const config::Config& config, const topology::LcorePlan& plan);

  std::size_t burst_;
  std::atomic<bool> receiving_{true};
  route::TopicHasher hasher_;
  route::RouteSet routes_;
  std::vector<rte_mempool*> pools_;  ///< by port index
  std::vector<std::unique_ptr<ingest::PortContext>> contexts_;
  dpdk::HugeArray<IngestRing::Cell> ingest_memory_;
  IngestRing ingest_ring_;
  std::vector<std::unique_ptr<RxParts>> rx_;
  std::vector<std::unique_ptr<WorkerParts>> workers_;
  std::unique_ptr<ProducerParts> producers_;  ///< null: numbered events are not judged
  telemetry::DispatchCounters dispatch_counters_;
  std::unique_ptr<DispatchStage> dispatch_;
  std::vector<LcoreStages> lcores_;
};

}  // namespace esc::app
