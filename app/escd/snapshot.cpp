// SPDX-License-Identifier: BSD-3-Clause
// The only file that takes figures out of the appliance.
#include "app/escd/snapshot.hpp"

#include <rte_cycles.h>

#include <algorithm>
#include <iterator>

#include "app/escd/appliance_names.hpp"
#include "telemetry/topic_counters.hpp"

namespace esc::app {
namespace {

using telemetry::Reading;

unsigned lcore_of(const Appliance& appliance, topology::RoleIndex role) {
  for (const topology::LcoreAssignment& lcore : appliance.plan().lcores) {
    if (std::ranges::find(lcore.roles, role) != lcore.roles.end()) return lcore.lcore_id;
  }
  return 0;
}

template <class Ring>
Reading<telemetry::RingFill> ring_of(const Ring& ring) {
  return Reading(telemetry::RingFill{.depth = ring.size(), .capacity = ring.capacity()});
}

std::vector<Snapshot::Rx> rx_of(const Appliance& appliance) {
  std::vector<Snapshot::Rx> list;
  for (const auto& node : appliance.data_path().rx()) {
    Snapshot::Rx rx;
    rx.index = list.size();
    rx.lcore = lcore_of(appliance, {topology::Role::kRx, rx.index});
    for (const auto& block : node->packets()) rx.packets.emplace_back(block);
    for (const auto& block : node->frames()) rx.frames.emplace_back(block);
    list.push_back(std::move(rx));
  }
  return list;
}

std::vector<Snapshot::Dispatch> dispatchers_of(const Appliance& appliance,
                                               const std::vector<Snapshot::Rx>& rx,
                                               const telemetry::Clock& clock) {
  std::vector<Snapshot::Dispatch> list;
  for (const auto& pipeline : appliance.data_path().pipelines()) {
    const auto& node = pipeline->dispatch();
    Snapshot::Dispatch dispatch;
    dispatch.pipeline = list.size();
    dispatch.lcore = lcore_of(appliance, {topology::Role::kDispatch, dispatch.pipeline});
    dispatch.counters = Reading(node.counters());
    dispatch.ring = ring_of(node.ring());
    dispatch.ring_holes = Reading(telemetry::RingHoles{node.ring().hole_waits()});
    dispatch.pressure = control::read_pressure(node.pressure(), clock);
    for (const Snapshot::Rx& one : rx) {
      const auto shed = one.frames[dispatch.pipeline].all(&telemetry::FrameCounters::shed);
      for (std::size_t level = 0; level < kPressureLevels; ++level) {
        dispatch.pressure.totals.shed[level] += shed[level];
      }
    }
    if (node.producers() != nullptr) dispatch.producers.emplace(node.producers()->totals());
    list.push_back(std::move(dispatch));
  }
  return list;
}

std::vector<Snapshot::Worker> workers_of(const Appliance& appliance) {
  const auto& pipelines = appliance.plan().pipelines;
  const auto pipeline_of = [&pipelines](std::size_t worker) {
    const auto found = std::ranges::find_if(pipelines, [worker](const auto& pipeline) {
      return std::ranges::find(pipeline.workers, worker) != pipeline.workers.end();
    });
    return static_cast<std::size_t>(std::distance(pipelines.begin(), found));
  };
  std::vector<Snapshot::Worker> list;
  for (const WorkerNode* node : appliance.data_path().workers()) {
    list.push_back({.index = node->index(),
                    .pipeline = pipeline_of(node->index()),
                    .lcore = lcore_of(appliance, {topology::Role::kWorker, node->index()}),
                    .counters = Reading(node->counters()),
                    .ring = ring_of(node->ring())});
  }
  return list;
}

std::vector<Snapshot::HandlerCount> handler_counts_of(const Appliance& appliance) {
  const worker::HandlerRegistry& registry = appliance.data_path().handlers();
  std::vector<Snapshot::HandlerCount> list;
  for (const WorkerNode* node : appliance.data_path().workers()) {
    for (std::size_t i = 0; i < registry.size(); ++i) {
      const auto id = static_cast<worker::HandlerRegistry::Id>(i);
      const auto counters = node->handlers()[id].counters();
      const auto described = registry[id].counters;
      for (std::size_t at = 0; at < counters.size(); ++at) {
        list.push_back({node->index(), std::string(registry.name(i)),
                        std::string(described[at].name), described[at].unit, counters[at].get()});
      }
    }
  }
  return list;
}

std::optional<Snapshot::Storage> storage_of(const Appliance& appliance) {
  const DeadLetters* letters = appliance.data_path().dead_letters();
  if (letters == nullptr) return std::nullopt;
  return Snapshot::Storage{.lcore = lcore_of(appliance, {topology::Role::kStorage, 0}),
                           .gathering = Reading(letters->gathering()),
                           .disk = Reading(letters->disk()),
                           .directory = letters->directory(),
                           .recovered = letters->recovered(),
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
                    .stats = Reading(port->stats()),
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
                        .status = Reading(appliance.lcore_status()[i])};
    one.stalled = one.status.get(&LcoreStatus::running) != 0 &&
                  clock.age(one.status.get(&LcoreStatus::heartbeat_tsc)) >= stall_s;
    list.push_back(std::move(one));
  }
  return list;
}

Snapshot::State state_of(const control::PipelineStateHolder& states, std::uint64_t now) {
  return {.now = states.state(),
          .since = states.since(),
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

}  // namespace

Snapshot take_snapshot(const Appliance& appliance, LedgerReading reading) {
  Snapshot snapshot;
  // First: it refuses any thread but the main lcore's.
  snapshot.state = state_of(appliance.states(), rte_rdtsc());
  read_ledgers(appliance, reading, snapshot);
  snapshot.clock = {.now = rte_rdtsc(), .ticks_per_second = rte_get_tsc_hz()};
  snapshot.instance = appliance.config().instance;
  snapshot.rx = rx_of(appliance);
  snapshot.dispatchers = dispatchers_of(appliance, snapshot.rx, snapshot.clock);
  snapshot.workers = workers_of(appliance);
  snapshot.handler_counts = handler_counts_of(appliance);
  snapshot.storage = storage_of(appliance);
  snapshot.keys = keys_of(appliance);
  snapshot.ports = ports_of(appliance);
  snapshot.pools = appliance.pools();
  snapshot.lcores = lcores_of(appliance, snapshot.clock);
  return snapshot;
}

TopicReadings read_topics(const Appliance& appliance, std::size_t most) {
  const DataPath& path = appliance.data_path();
  const route::RouteSet& routes = path.routes();
  TopicReadings readings{.topics = {}, .routes = routes.size()};
  for (std::uint32_t route = 0; route < std::min<std::size_t>(routes.size(), most); ++route) {
    const route::RouteSet::Target& target = routes.target(route);
    TopicReading one{.topic = std::string(routes.topic(route)),
                     .handler = std::string(path.handlers().name(target.handler)),
                     .totals = {}};
    for (const WorkerNode* node : path.workers()) {
      one.totals.add(node->handlers().topics().totals(target.slot));
    }
    for (const auto& pipeline : path.pipelines()) {
      one.totals.add(pipeline->dispatch().refusals(target.slot));
    }
    readings.topics.push_back(std::move(one));
  }
  return readings;
}

}  // namespace esc::app
