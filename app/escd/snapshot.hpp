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
    std::string directory;
    std::uint64_t recovered = 0;
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
    telemetry::Reading<dpdk::PortStats> stats;
    std::uint64_t pool_size = 0;
    std::uint64_t pool_available = 0;
  };
  struct Lcore {
    unsigned id = 0;
    unsigned cpu = 0;
    std::vector<std::string> roles;
    telemetry::Reading<runtime::LcoreStatus> status;
    bool stalled = false;
  };
  struct State {
    control::PipelineState now = control::PipelineState::kStarting;
    std::uint64_t since = 0;  ///< by the clock
    std::string cause;
    telemetry::Reading<control::PipelineStateTotals> totals;
  };
  struct OneLedger {
    telemetry::Ledger ledger;
    bool balanced = false;
  };

  telemetry::Clock clock;
  std::string instance;
  double uptime_s = 0;
  State state;
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

  // What the program around the appliance adds.
  config::PressureConfig pressure;  ///< as it is in force
  std::vector<HandlerLoad> handlers;
  std::shared_ptr<const nlohmann::ordered_json> health;  ///< the document; null: not asked for
};

/// Whether to wait until the ledger's figures fit together (Appliance::read_ledger), which takes up
/// to appliance::kStillnessWaitMs for each ledger. kQuick: the whole ledger only, and while events
/// move its figures need not fit.
enum class LedgerReading : std::uint8_t { kQuick, kSettled };

/// Main lcore. Leaves to the caller what the program adds.
[[nodiscard]] Snapshot take_snapshot(const Appliance& appliance, LedgerReading reading);

/// Of one route. `topic` is empty for the default route.
struct TopicReading {
  std::string topic;
  std::string handler;
  telemetry::TopicTotals totals;
};
struct TopicReadings {
  std::vector<TopicReading> topics;  ///< in the order of the routes
  std::size_t routes = 0;            ///< how many there are
};
/// Main lcore. The first `most`.
[[nodiscard]] TopicReadings read_topics(const Appliance& appliance, std::size_t most);

}  // namespace esc::app
