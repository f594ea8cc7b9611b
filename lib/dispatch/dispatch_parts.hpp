// SPDX-License-Identifier: BSD-3-Clause
// What a dispatcher is made of.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "control/flow.hpp"
#include "control/held_board.hpp"
#include "control/pressure_table.hpp"
#include "dispatch/hold_queue.hpp"
#include "dispatch/key_store.hpp"
#include "dispatch/pressure_probe.hpp"
#include "dispatch/stream_hold.hpp"
#include "dispatch/worker_output.hpp"
#include "identity/producer_table.hpp"
#include "route/rules.hpp"
#include "route/topic_cache.hpp"
#include "runtime/published.hpp"
#include "storage/outlet.hpp"
#include "telemetry/stage_counters.hpp"
#include "telemetry/topic_counters.hpp"

namespace esc::dispatch {

/// What a dispatcher works on. Nothing is owned; everything outlives the stage.
template <class Input, class Output>
struct DispatchParts {
  struct Worker {
    Output* ring = nullptr;
    std::span<HeldItem> hold;  ///< room for what waits for it; a power of two
  };
  Input& input;
  std::vector<Worker> workers;  ///< at least one
  /// Where events of connections wait, for any worker; none: no events come from connections.
  std::span<StreamCell> stream_cells{};
  control::HeldBoard* held_board = nullptr;  ///< with cells
  const runtime::Published<route::Rules>& rules;
  route::TopicCache::Memory cache;
  identity::ProducerTable* producers = nullptr;  ///< null: sequenced events pass unjudged
  KeyStore keys{};
  const control::FlowBoard& flow;
  PressureProbe probe;
  const runtime::Published<control::PressureTable>* pressure_table = nullptr;  ///< with a probe
  telemetry::DispatchCounters& counters;
  std::span<rte_mempool* const> pools;  ///< by port index
  HoldLimits hold_limits;
  storage::Outlet outlet{};
  std::span<telemetry::TopicRefusals> topics{};  ///< by slot; none: they are not counted
  bool keeps_stale = false;  ///< events too old for their window are dead letters
  /// Every port keeps its packets while it is not polled. Then an event for which there is no room
  /// to wait stays in the input until its worker has room or counts as stopped.
  bool lossless = false;
  std::size_t burst = 64;
};

}  // namespace esc::dispatch
