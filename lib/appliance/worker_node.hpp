// SPDX-License-Identifier: BSD-3-Clause
// A worker with its input ring.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "appliance/node.hpp"
#include "appliance/stage_needs.hpp"
#include "config/config.hpp"
#include "dispatch/hold_queue.hpp"
#include "dpdk/huge_array.hpp"
#include "storage/outlet.hpp"
#include "telemetry/worker_mark.hpp"
#include "worker/handler_set.hpp"

namespace esc::appliance {

/// Only the dispatcher writes and reads the hold queue, in which events wait for this worker.
class WorkerNode final : public Node {
 public:
  struct Parts {
    std::size_t index = 0;  ///< index in lcores.workers
    std::size_t pipeline = 0;
    int socket = 0;  ///< NUMA node of its rings
    const worker::HandlerRegistry& handlers;
    std::size_t slots = 0;  ///< how many routes can have figures
    std::span<rte_mempool* const> pools;
    DeadLetters* dead_letters = nullptr;  ///< null: dead letters are not kept
  };
  [[nodiscard]] static StageNeeds needs(const config::Config& config, std::size_t packet_segments);

  WorkerNode(const config::RingsConfig& rings, const Parts& parts);
  ~WorkerNode() override;

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

  [[nodiscard]] std::size_t index() const noexcept { return role().index; }
  [[nodiscard]] std::size_t pipeline() const noexcept { return pipeline_; }
  [[nodiscard]] WorkerRing& ring() noexcept { return ring_; }
  [[nodiscard]] const WorkerRing& ring() const noexcept { return ring_; }
  [[nodiscard]] std::span<dispatch::HeldItem> hold() noexcept { return hold_.span(); }
  [[nodiscard]] const worker::HandlerSet& handlers() const noexcept { return handlers_; }
  [[nodiscard]] const telemetry::WorkerCounters& counters() const noexcept { return counters_; }
  /// How many events the worker will have received once everything that is on its way to it now has
  /// arrived. `stream_cells`: in which events of connections may wait for it.
  [[nodiscard]] std::uint64_t mark(std::size_t stream_cells) const;

 private:
  std::size_t pipeline_;
  std::size_t burst_;
  dpdk::HugeArray<event::WorkItem> memory_;
  dpdk::HugeArray<dispatch::HeldItem> hold_;
  WorkerRing ring_;
  storage::Outlet outlet_;
  worker::HandlerSet handlers_;
  telemetry::WorkerCounters counters_;
  std::unique_ptr<WorkerStage> stage_;
};

}  // namespace esc::appliance
