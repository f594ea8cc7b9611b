// SPDX-License-Identifier: BSD-3-Clause
// Measures how full a pipeline is and passes that on to the monitor, which decides the level of
// pressure.
#pragma once

#include <rte_mempool.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "control/pressure.hpp"
#include "dispatch/pool_share.hpp"
#include "dispatch/worker_output.hpp"
#include "storage/backlog.hpp"
#include "telemetry/stage_counters.hpp"

namespace esc::dispatch {

/// Thread: the dispatcher's lcore.
class PressureProbe {
 public:
  /// Nothing is owned; all outlives the probe. `monitor` null: nothing is decided.
  /// `workers`: the counters of each output's worker, in their order.
  PressureProbe(control::PressureMonitor* monitor, std::span<const PoolShare> pools,
                std::span<const telemetry::WorkerCounters* const> workers,
                std::uint64_t interval_cycles, const storage::Backlog& backlog = {}) noexcept
      : monitor_(monitor),
        pools_(pools),
        workers_(workers),
        backlog_(backlog),
        interval_cycles_(interval_cycles) {}

  /// Called at every poll; it measures at intervals of time, not whenever events arrive. While
  /// `paused`, the ring from the RX lcores fills up because nothing is taken from it: that is no
  /// pressure.
  template <class Input, class Output>
  void poll(const Input& input, std::span<const WorkerOutput<Output>> outputs, bool paused,
            std::uint64_t now) noexcept {
    if (monitor_ == nullptr || now - last_ < interval_cycles_) [[likely]]
      return;
    last_ = now;
    using control::permille;
    control::PressureInputs inputs;
    inputs[PressureInput::kIngestRing] = paused ? 0 : permille(input.size(), input.capacity());
    inputs[PressureInput::kWorkerRing] = worker_rings(outputs);
    inputs[PressureInput::kPool] = pools();
    inputs[PressureInput::kWorkerLatency] = latency(outputs, now);
    inputs[PressureInput::kDeadLetters] = backlog_.permille(now);
    monitor_->evaluate(inputs, now);
  }

  void use(const control::PressureTable& table) noexcept {
    if (monitor_ != nullptr) monitor_->use(table);
  }

 private:
  /// The emptiest ring among the workers that make progress. As long as one has room, the other
  /// workers' limits apply to their own routes only (worker_output.hpp), and no other route's
  /// events are to be shed.
  template <class Output>
  [[nodiscard]] static std::uint16_t worker_rings(
      std::span<const WorkerOutput<Output>> outputs) noexcept {
    std::uint16_t emptiest = config::kFullPermille;
    bool any = false;
    for (const WorkerOutput<Output>& output : outputs) {
      if (output.stopped()) continue;
      any = true;
      emptiest =
          std::min(emptiest, control::permille(output.ring().size() + output.held(),
                                               output.ring().capacity() + output.hold_room()));
    }
    return any ? emptiest : 0;
  }

  [[nodiscard]] std::uint16_t pools() const noexcept {
    std::uint16_t fullest = 0;
    for (const PoolShare& share : pools_) {
      const std::size_t used = rte_mempool_in_use_count(share.pool);
      const std::size_t moving = used - std::min(used, share.resident_mbufs);
      const std::size_t room =
          share.pool->size - std::min<std::size_t>(share.pool->size, share.resident_mbufs);
      fullest = std::max(fullest, control::permille(moving, room));
    }
    return fullest;
  }

  /// Of the quickest worker that makes progress, for the same reason; a worker that has nothing to
  /// do is quick.
  template <class Output>
  [[nodiscard]] std::uint16_t latency(std::span<const WorkerOutput<Output>> outputs,
                                      std::uint64_t now) const noexcept {
    std::uint64_t youngest = UINT64_MAX;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].stopped()) continue;
      const std::uint64_t oldest = workers_[i]->oldest_rx_tsc.get();
      youngest = std::min(youngest, oldest == 0 || oldest > now ? 0 : now - oldest);
    }
    if (youngest == UINT64_MAX) return 0;
    return control::permille(youngest, monitor_->table().worker_latency_full_ticks);
  }

  control::PressureMonitor* monitor_;
  std::span<const PoolShare> pools_;
  std::span<const telemetry::WorkerCounters* const> workers_;
  storage::Backlog backlog_;
  std::uint64_t interval_cycles_;
  std::uint64_t last_ = 0;
};

}  // namespace esc::dispatch
