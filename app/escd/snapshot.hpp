// SPDX-License-Identifier: BSD-3-Clause
// All figures of the appliance as they were at one look: plain values, which may be kept, handed to
// another thread and read there. What escctl, rte_telemetry and the exposition show is made of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/escd/appliance_fwd.hpp"
#include "app/escd/figure_blocks.hpp"
#include "app/escd/handler_watch.hpp"
#include "appliance/pool_report.hpp"
#include "appliance/stage_figures.hpp"
#include "config/pressure.hpp"
#include "control/pipeline_state.hpp"
#include "control/pressure_report.hpp"
#include "dpdk/port_link.hpp"
#include "dpdk/port_stats.hpp"
#include "identity/keyed_table.hpp"
#include "identity/producer_entry.hpp"
#include "runtime/lcore_status.hpp"
#include "telemetry/figure.hpp"
#include "telemetry/fill.hpp"
#include "telemetry/ledger.hpp"
#include "telemetry/stage_counters.hpp"
#include "telemetry/storage_counters.hpp"
#include "telemetry/topic_counters.hpp"

namespace esc::app {

struct Snapshot {
  struct Stage {
    appliance::StageFigures figures;
    unsigned lcore = 0;
  };
  /// What a dispatcher is asked for besides its stage's figures.
  struct Dispatch {
    std::size_t pipeline = 0;
    telemetry::Reading<telemetry::DispatchCounters> counters;
    control::PressureReading pressure;
    std::optional<telemetry::Reading<identity::ProducerTotals>> producers;
  };
  /// A counter that a handler has of its own, in one worker.
  struct HandlerCount {
    std::size_t worker = 0;
    std::string handler;
    std::string name;
    telemetry::Unit unit = telemetry::Unit::kNone;
    std::uint64_t value = 0;
  };
  struct Storage {
    telemetry::Reading<telemetry::DiskCounters> disk;
    FoundLetters found;
    std::string directory;
    bool io_uring = false;
  };
  struct Keys {
    telemetry::Reading<identity::KeyedTotals> totals;
    telemetry::Reading<identity::KeyedFill> fill;
  };
  struct Port {
    std::string label;
    std::string device;
    std::string driver;
    dpdk::Link link;
    dpdk::PortStats stats;
    std::uint64_t pool_size = 0;
    std::uint64_t pool_available = 0;
  };
  struct Lcore {
    unsigned id = 0;
    unsigned cpu = 0;
    std::vector<std::string> roles;
    telemetry::Reading<runtime::LcoreStatus> status;
    StallFigures stall;
    std::string in_hand;  ///< HandlerWatch::in_hand()
  };
  struct State {
    control::PipelineState now = control::PipelineState::kStarting;
    control::PipelineStateNow figures;
    std::string cause;
    telemetry::Reading<control::PipelineStateTotals> totals;
  };
  /// Of one route. `topic` is empty for the default route.
  struct Topic {
    std::string topic;
    std::string handler;
    telemetry::TopicTotals totals;
  };
  struct OneLedger {
    telemetry::Ledger ledger;
    bool balanced = false;
  };

  telemetry::Clock clock;
  std::string instance;
  ApplianceFigures appliance;  ///< the program around the appliance fills it in
  State state;
  /// Frames that routes with on_full = "shed" lost. A part of what the ledger has as worker_full,
  /// and never more than that: it is read before the ledger.
  std::uint64_t shed_as_told = 0;
  OneLedger ledger;
  std::vector<OneLedger> ledgers;  ///< by pipeline; empty: not asked for
  std::vector<Stage> stages;       ///< by role, then by index
  std::vector<Dispatch> dispatchers;
  std::vector<HandlerCount> handler_counts;
  std::optional<Storage> storage;
  std::optional<Keys> keys;
  std::vector<Port> ports;
  std::vector<appliance::PoolReport> pools;
  std::vector<Lcore> lcores;
  RouteFigures routes;
  std::vector<Topic> topics;  ///< in the order of the routes, as many as were asked for

  // What the program around the appliance adds.
  config::PressureConfig pressure;  ///< as it is in force
  std::vector<HandlerLoad> handlers;
  std::shared_ptr<const nlohmann::ordered_json> health;  ///< the document; null: not asked for
};

/// What of the ledger is read, and whether to wait until its figures fit together
/// (Appliance::read_ledger), which takes up to appliance::kStillnessWaitMs for each ledger.
enum class LedgerReading : std::uint8_t {
  kQuick,    ///< the whole, at once: while events move its figures need not fit
  kSettled,  ///< the whole
  kEach      ///< the whole, and each pipeline's
};

/// Main lcore. The first `most_topics` routes have their figures. Leaves to the caller what the
/// program adds.
[[nodiscard]] Snapshot take_snapshot(const Appliance& appliance, LedgerReading reading,
                                     std::size_t most_topics = 0);

}  // namespace esc::app
