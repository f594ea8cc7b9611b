// SPDX-License-Identifier: BSD-3-Clause
// A dispatcher with its input ring, its producer table and its topic cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "appliance/node.hpp"
#include "appliance/rule_book.hpp"
#include "appliance/stage_needs.hpp"
#include "config/config.hpp"
#include "control/flow.hpp"
#include "control/held_board.hpp"
#include "control/pressure.hpp"
#include "dispatch/key_store.hpp"
#include "dispatch/pool_share.hpp"
#include "dispatch/stream_hold.hpp"
#include "dpdk/huge_array.hpp"
#include "identity/keyed_table.hpp"
#include "identity/producer_table.hpp"
#include "route/topic_cache.hpp"
#include "storage/outlet.hpp"
#include "telemetry/topic_counters.hpp"

namespace esc::appliance {

class WorkerNode;

/// What all pipelines share; it outlives them.
struct PipelineShared {
  RuleBook& rules;
  const control::FlowBoard& flow;
  std::span<rte_mempool* const> pools;  ///< by port index
  std::span<const dispatch::PoolShare> shares;
  dispatch::KeyStore keys;
  DeadLetters* dead_letters = nullptr;  ///< null: dead letters are not kept
};

class DispatchNode final : public Node {
 public:
  struct Parts {
    std::size_t pipeline = 0;
    int socket = 0;                                        ///< NUMA node of its ring and tables
    std::span<const std::unique_ptr<WorkerNode>> workers;  ///< the workers of this pipeline
  };
  [[nodiscard]] static StageNeeds needs(const config::Config& config, std::size_t packet_segments);

  DispatchNode(const config::Config& config, const PipelineShared& shared, const Parts& parts);
  ~DispatchNode() override;

  void enlist(LcoreStages& lcore) override;
  void start() override {}
  void add_ended(PipelineRange of, telemetry::Ledger& ledger) const override;
  void add_received(PipelineRange /*of*/, telemetry::Ledger& /*ledger*/) const override {}
  [[nodiscard]] Load held(PipelineRange of, const telemetry::Ledger& counted) const override;
  [[nodiscard]] bool reading() const noexcept override { return false; }
  [[nodiscard]] Load room() const noexcept override;
  [[nodiscard]] std::uint64_t moves() const noexcept override;
  [[nodiscard]] StageFigures figures() const override;
  void zero_slot(std::uint32_t slot) noexcept override;
  [[nodiscard]] bool discard(const Ending& ending) override;

  /// At the end of a drain: does with an event that never got into this dispatcher's ring what
  /// discard() does with one that did. `outlet` and `counters` are those of the stage that holds
  /// the event.
  void discard_one(const event::Event& event, const Ending& ending, storage::Outlet& outlet,
                   telemetry::FrameCounters& counters);

  [[nodiscard]] IngestRing& ring() noexcept { return ring_; }
  [[nodiscard]] const IngestRing& ring() const noexcept { return ring_; }
  [[nodiscard]] const telemetry::DispatchCounters& counters() const noexcept { return counters_; }
  /// The events of the route with this slot that no worker saw.
  [[nodiscard]] const telemetry::TopicRefusals& refusals(std::uint32_t slot) const {
    return refusals_[slot];
  }
  [[nodiscard]] const control::PressureMonitor& pressure() const noexcept { return pressure_; }
  /// How many events of connections wait here.
  [[nodiscard]] const control::HeldBoard& held_board() const noexcept { return held_board_; }
  /// Room for events of connections that wait, beside the workers' hold queues.
  [[nodiscard]] std::size_t stream_cells() const noexcept { return stream_cells_.span().size(); }
  /// Null: no event has a key.
  [[nodiscard]] const identity::KeyedCounters* key_counters() const noexcept;
  /// Null: numbered events are not judged. Change the table only while no lcore runs.
  [[nodiscard]] identity::ProducerTable* producers() noexcept {
    return producers_ ? &producers_->table : nullptr;
  }
  [[nodiscard]] const identity::ProducerTable* producers() const noexcept {
    return producers_ ? &producers_->table : nullptr;
  }

 private:
  /// The table of producers with their windows, and the memory that it lies in.
  struct Producers {
    Producers(const identity::ProducerTable::Settings& settings, int socket);

    dpdk::HugeArray<identity::IndexBucket> index;
    dpdk::HugeArray<identity::ProducerEntry> entries;
    dpdk::HugeArray<identity::ProducerFaults> faults;
    dpdk::HugeArray<identity::BitWord> bits;
    identity::ProducerTable table;
  };
  /// The memory of the stage's topic cache.
  struct TopicCache {
    TopicCache(std::size_t count, int socket);

    dpdk::HugeArray<route::TopicCache::Set> sets;
    dpdk::HugeArray<route::TopicCache::TopicBytes> topics;
  };

  void make_stage(const config::Config& config, const PipelineShared& shared,
                  std::span<const std::unique_ptr<WorkerNode>> workers);

  std::size_t pipeline_;
  dpdk::HugeArray<IngestRing::Cell> memory_;
  IngestRing ring_;
  std::size_t hold_cells_ = 0;  ///< sum over all its workers
  dpdk::HugeArray<dispatch::StreamCell> stream_cells_;
  control::HeldBoard held_board_;
  storage::Outlet outlet_;
  TopicCache topics_;
  std::vector<telemetry::TopicRefusals> refusals_;  ///< by slot
  /// The pressure probe reads these.
  std::vector<const telemetry::WorkerCounters*> worker_counters_;
  control::PressureMonitor pressure_;
  std::optional<Producers> producers_;
  telemetry::DispatchCounters counters_;
  std::unique_ptr<DispatchStage> stage_;
};

}  // namespace esc::appliance
