// SPDX-License-Identifier: BSD-3-Clause
// The only file that takes figures out of the appliance.
#include "app/escd/snapshot.hpp"

#include <rte_cycles.h>

#include <algorithm>
#include <utility>

#include "app/escd/appliance_names.hpp"
#include "telemetry/topic_counters.hpp"

namespace esc::app {
namespace {

using telemetry::Reading;

std::vector<Snapshot::Stage> stages_of(const Appliance& appliance) {
  std::vector<Snapshot::Stage> list;
  for (const appliance::Node* node : appliance.data_path().nodes()) {
    list.push_back({node->figures(), appliance.plan().lcore_of(node->role()).lcore_id});
  }
  std::ranges::sort(list, {}, [](const Snapshot::Stage& stage) {
    return std::pair(stage.figures.role.role, stage.figures.role.index);
  });
  return list;
}

// Adds what the RX stages shed for a pipeline, by level. The figures are those that the stages
// show.
void add_shed(const std::vector<Snapshot::Stage>& stages, std::size_t pipeline,
              control::PressureReading& pressure) {
  for (const Snapshot::Stage& stage : stages) {
    for (const auto& block : stage.figures.blocks) {
      const auto* frames = block.reading.as<telemetry::FrameCounters>();
      if (frames == nullptr || block.pipeline != pipeline) continue;
      const auto shed = frames->all(&telemetry::FrameCounters::shed);
      for (std::size_t level = 0; level < kPressureLevels; ++level) {
        pressure.totals.shed[level] += shed[level];
      }
    }
  }
}

Reading<telemetry::DispatchCounters> dispatch_counters(const std::vector<Snapshot::Stage>& stages,
                                                       std::size_t pipeline) {
  Reading<telemetry::DispatchCounters> found;
  for (const Snapshot::Stage& stage : stages) {
    if (stage.figures.pipeline != pipeline) continue;
    for (const auto& block : stage.figures.blocks) {
      if (const auto* own = block.reading.as<telemetry::DispatchCounters>()) found = *own;
    }
  }
  return found;
}

std::vector<Snapshot::Dispatch> dispatchers_of(const Appliance& appliance,
                                               const std::vector<Snapshot::Stage>& stages,
                                               const telemetry::Clock& clock) {
  std::vector<Snapshot::Dispatch> list;
  for (const auto& pipeline : appliance.data_path().pipelines()) {
    const auto& node = pipeline->dispatch();
    Snapshot::Dispatch dispatch;
    dispatch.pipeline = list.size();
    dispatch.counters = dispatch_counters(stages, dispatch.pipeline);
    dispatch.pressure = control::read_pressure(node.pressure(), clock);
    add_shed(stages, dispatch.pipeline, dispatch.pressure);
    if (node.producers() != nullptr) dispatch.producers.emplace(node.producers()->totals());
    list.push_back(std::move(dispatch));
  }
  return list;
}

std::vector<Snapshot::HandlerCount> handler_counts_of(const Appliance& appliance) {
  const worker::HandlerRegistry& registry = appliance.data_path().handlers();
  std::vector<Snapshot::HandlerCount> list;
  for (const WorkerNode* node : appliance.data_path().workers()) {
    for (std::size_t i = 0; i < registry.size(); ++i) {
      const auto id = static_cast<worker::HandlerRegistry::Id>(i);
      for (const worker::HandlerCounter& counter : registry[id].counters) {
        list.push_back({node->index(), std::string(registry.name(i)), std::string(counter.name),
                        counter.unit, node->handlers()[id].counter(counter.name)->get()});
      }
    }
  }
  return list;
}

std::optional<Snapshot::Storage> storage_of(const Appliance& appliance) {
  const DeadLetters* letters = appliance.data_path().dead_letters();
  if (letters == nullptr) return std::nullopt;
  return Snapshot::Storage{.disk = Reading(letters->disk()),
                           .found = {letters->recovered()},
                           .directory = letters->directory(),
                           .io_uring = letters->folder().uses_io_uring()};
}

std::optional<Snapshot::Keys> keys_of(const Appliance& appliance) {
  const KeyMemory* keys = appliance.data_path().keys();
  if (keys == nullptr) return std::nullopt;
  const identity::KeyedTotals totals = appliance.data_path().key_totals();
  return Snapshot::Keys{.totals = Reading(totals), .fill = Reading(keys->fill(totals))};
}

std::vector<Snapshot::Port> ports_of(const Appliance& appliance) {
  std::vector<Snapshot::Port> list;
  for (const auto& port : appliance.ports()) {
    list.push_back({.label = port->settings().label,
                    .device = port->settings().device_name,
                    .driver = port->driver(),
                    .link = port->link(),
                    .stats = port->stats(),
                    .pool_size = port->pool().size(),
                    .pool_available = port->pool().available()});
  }
  return list;
}

std::vector<Snapshot::Lcore> lcores_of(const Appliance& appliance, const telemetry::Clock& clock) {
  using runtime::LcoreStatus;
  const double stall_s = appliance.config().lcores.stall_ms / 1e3;
  std::vector<Snapshot::Lcore> list;
  for (std::size_t i = 0; i < appliance.lcore_status().size(); ++i) {
    const auto& lcore = appliance.plan().lcores[i];
    Snapshot::Lcore one{.id = lcore.lcore_id,
                        .cpu = lcore.cpu,
                        .roles = appliance.roles(i),
                        .status = Reading(appliance.lcore_status()[i]),
                        .stall = {},
                        .in_hand = {}};
    const bool runs = one.status.get(&LcoreStatus::running) != 0;
    const double age_s = clock.age(one.status.get(&LcoreStatus::heartbeat_tsc));
    one.stall.stalled = runs && age_s >= stall_s ? 1 : 0;
    list.push_back(std::move(one));
  }
  return list;
}

Snapshot::State state_of(const control::PipelineStateHolder& states, std::uint64_t now) {
  const control::PipelineState state = states.state();
  return {.now = state,
          .figures = {.state = static_cast<std::uint64_t>(state), .since = states.since()},
          .cause = states.last_cause(),
          .totals = Reading(states.totals(now))};
}

Snapshot::OneLedger plain(const Appliance::LedgerReading& reading) {
  return {reading.ledger, reading.balanced};
}

void read_ledgers(const Appliance& appliance, LedgerReading reading, Snapshot& snapshot) {
  if (reading == LedgerReading::kQuick) {
    snapshot.ledger.ledger = appliance.data_path().ledger();
    snapshot.ledger.balanced = snapshot.ledger.ledger.balanced();
    return;
  }
  snapshot.ledger = plain(appliance.read_ledger());
  if (reading == LedgerReading::kSettled) return;
  const std::size_t pipelines = appliance.data_path().pipelines().size();
  if (pipelines == 1) {  // the same, but for the losses, which are the ports'
    snapshot.ledgers.push_back(snapshot.ledger);
    snapshot.ledgers.front().ledger.losses = {};
    return;
  }
  for (std::size_t i = 0; i < pipelines; ++i) {
    snapshot.ledgers.push_back(plain(appliance.read_ledger(i)));
  }
}

Snapshot::Topic topic_of(const DataPath& path, std::uint32_t route) {
  const route::RouteSet::Target& target = path.routes().target(route);
  Snapshot::Topic one{.topic = std::string(path.routes().topic(route)),
                      .handler = std::string(path.handlers().name(target.handler)),
                      .totals = {}};
  for (const WorkerNode* node : path.workers()) {
    one.totals += node->handlers().topics().totals(target.slot);
  }
  for (const auto& pipeline : path.pipelines()) {
    one.totals += pipeline->dispatch().refusals(target.slot).totals();
  }
  return one;
}

void read_topics(const DataPath& path, std::size_t most, Snapshot& snapshot) {
  const std::size_t routes = path.routes().size();
  for (std::uint32_t route = 0; route < std::min(routes, most); ++route) {
    snapshot.topics.push_back(topic_of(path, route));
  }
  snapshot.routes = {routes, routes - snapshot.topics.size()};
}

std::uint64_t shed_as_told(const DataPath& path) {
  std::uint64_t sum = 0;
  for (const auto& pipeline : path.pipelines()) {
    sum += pipeline->dispatch().counters().shed_as_told.get();
  }
  return sum;
}

}  // namespace

Snapshot take_snapshot(const Appliance& appliance, LedgerReading reading, std::size_t most_topics) {
  Snapshot snapshot;
  // First: it refuses any thread but the main lcore's.
  snapshot.state = state_of(appliance.states(), rte_rdtsc());
  snapshot.shed_as_told = shed_as_told(appliance.data_path());
  read_ledgers(appliance, reading, snapshot);
  snapshot.clock = {.now = rte_rdtsc(), .ticks_per_second = rte_get_tsc_hz()};
  snapshot.instance = appliance.config().instance;
  snapshot.stages = stages_of(appliance);
  snapshot.dispatchers = dispatchers_of(appliance, snapshot.stages, snapshot.clock);
  snapshot.handler_counts = handler_counts_of(appliance);
  snapshot.storage = storage_of(appliance);
  snapshot.keys = keys_of(appliance);
  snapshot.ports = ports_of(appliance);
  snapshot.pools = appliance.pools();
  snapshot.lcores = lcores_of(appliance, snapshot.clock);
  read_topics(appliance.data_path(), most_topics, snapshot);
  return snapshot;
}

}  // namespace esc::app
