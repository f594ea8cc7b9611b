// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/figures.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "telemetry/figure_json.hpp"

namespace esc::app {
namespace {

using nlohmann::ordered_json;

/// What stands under one heading for a whole role: the dispatchers count refused replays, and the
/// workers' handlers have counters of their own.
void add_extras(ordered_json& json, const Snapshot& snapshot, topology::RoleIndex of) {
  if (of.role == topology::Role::kDispatch) {
    json["replay_refused"] = snapshot.dispatchers[of.index].counters.get(
        &telemetry::DispatchCounters::frame_dropped, FrameDrop::kReplayNotAllowed);
  }
  if (of.role != topology::Role::kWorker) return;
  for (const Snapshot::HandlerCount& one : snapshot.handler_counts) {
    if (one.worker != of.index) continue;
    ordered_json& handler = json["handlers"][one.handler];
    if (telemetry::is_time(one.unit)) {
      handler[one.name + "_s"] = telemetry::seconds_of(one.unit, one.value, snapshot.clock);
    } else {
      handler[one.name] = one.value;
    }
  }
}

// A stage that has blocks for each pipeline shows their sums.
ordered_json stage_json(const Snapshot& snapshot, const Snapshot::Stage& stage) {
  const appliance::StageFigures& figures = stage.figures;
  ordered_json json = {{"name", topology::name(figures.role)},
                       {"role", topology::name(figures.role.role)},
                       {"lcore", stage.lcore}};
  if (figures.pipeline) json["pipeline"] = *figures.pipeline;
  for (const auto& block : figures.blocks) block.reading.add_to(json, snapshot.clock);
  add_extras(json, snapshot, figures.role);
  return json;
}

ordered_json rings_json(const Snapshot& snapshot) {
  ordered_json list = ordered_json::array();
  for (const Snapshot::Stage& stage : snapshot.stages) {
    for (const auto& ring : stage.figures.rings) {
      ordered_json json = {{"name", ring.name}, {"pipeline", ring.pipeline}};
      for (const auto& reading : ring.readings) reading.add_to(json, snapshot.clock);
      list.push_back(std::move(json));
    }
  }
  return list;
}

}  // namespace

ordered_json ledger_document(const Snapshot& snapshot) {
  ordered_json json = telemetry::to_json(snapshot.ledger.ledger, snapshot.ledger.balanced);
  json["pipelines"] = ordered_json::array();
  for (std::size_t i = 0; i < snapshot.ledgers.size(); ++i) {
    ordered_json own = {{"pipeline", i}};
    own.update(telemetry::to_json(snapshot.ledgers[i].ledger, snapshot.ledgers[i].balanced));
    own.erase("streams");  // a connection is no pipeline's
    json["pipelines"].push_back(std::move(own));
  }
  if (auto producers = producer_totals(snapshot); !producers.is_null())
    json["producers"] = std::move(producers);
  for (const appliance::PoolReport& pool : snapshot.pools) {
    json["mempools"][pool.name] = telemetry::to_json(telemetry::Reading(pool.mbufs));
  }
  return json;
}

ordered_json stages_document(const Snapshot& snapshot) {
  ordered_json list = ordered_json::array();
  for (const Snapshot::Stage& stage : snapshot.stages) {
    list.push_back(stage_json(snapshot, stage));
  }
  return list;
}

ordered_json ports_document(const Snapshot& snapshot) {
  ordered_json list = ordered_json::array();
  for (const Snapshot::Port& port : snapshot.ports) {
    ordered_json json = {{"name", port.label}, {"device", port.device}, {"driver", port.driver}};
    telemetry::add_to(json, telemetry::Reading(dpdk::figures_from(port.link)));
    telemetry::add_to(json, telemetry::Reading(port.stats));
    json["mempool"] = {{"size", port.pool_size}, {"available", port.pool_available}};
    list.push_back(std::move(json));
  }
  return {{"ports", list}};
}

ordered_json stats_document(const Snapshot& snapshot) {
  ordered_json json;
  json["instance"] = snapshot.instance;
  telemetry::add_to(json, telemetry::Reading(snapshot.appliance));
  json["state"] = control::name(snapshot.state.now);
  json["stages"] = stages_document(snapshot);
  if (auto producers = producer_totals(snapshot); !producers.is_null())
    json["producers"] = std::move(producers);
  json["rings"] = rings_json(snapshot);
  const ordered_json ports = ports_document(snapshot);
  for (const auto& port : ports["ports"]) {
    json["ports"][port["name"].get<std::string>()] = port;
  }
  return json;
}

ordered_json topics_document(const Snapshot& snapshot) {
  ordered_json list = ordered_json::array();
  for (const Snapshot::Topic& one : snapshot.topics) {
    ordered_json json = {{"topic", one.topic},
                         {"handler", one.handler},
                         {"events", one.totals.delivered},
                         {"received", one.totals.received()}};
    telemetry::add_to(json, telemetry::Reading(one.totals));
    list.push_back(std::move(json));
  }
  return {{"topics", std::move(list)}};  // tens of thousands: not to be copied
}

ordered_json lcores_document(const Snapshot& snapshot) {
  ordered_json list = ordered_json::array();
  for (const Snapshot::Lcore& lcore : snapshot.lcores) {
    ordered_json json = {{"lcore", lcore.id}, {"cpu", lcore.cpu}, {"roles", lcore.roles}};
    telemetry::add_to(json, lcore.status, snapshot.clock);
    telemetry::add_to(json, telemetry::Reading(lcore.stall));
    list.push_back(std::move(json));
  }
  return {{"lcores", list}};
}

ordered_json state_document(const Snapshot& snapshot) {
  const Snapshot::State& state = snapshot.state;
  const auto entered = state.totals.all(&control::PipelineStateTotals::entered);
  const auto ticks = state.totals.all(&control::PipelineStateTotals::ticks);
  ordered_json times;
  for (std::size_t i = 0; i < entered.size(); ++i) {
    if (entered[i] == 0) continue;
    times[std::string(control::kPipelineStateNames[i])] = {
        {"entered", entered[i]}, {"seconds", snapshot.clock.seconds(ticks[i])}};
  }
  ordered_json json = telemetry::to_json(telemetry::Reading(state.figures), snapshot.clock);
  json["cause"] = state.cause;
  json["times"] = std::move(times);
  return json;
}

ordered_json plan_document(const topology::LcorePlan& plan) {
  ordered_json list = ordered_json::array();
  for (const topology::LcoreAssignment& lcore : plan.lcores) {
    ordered_json queues = ordered_json::array();
    for (const std::size_t rx : lcore.indices(topology::Role::kRx)) {
      for (const topology::RxQueue& queue : plan.rx[rx].queues) {
        queues.push_back(
            {{"port", queue.port}, {"queue", queue.queue}, {"pipeline", queue.pipeline}});
      }
    }
    ordered_json roles = ordered_json::array();
    for (const topology::RoleIndex role : lcore.roles) roles.push_back(topology::name(role));
    list.push_back({{"lcore", lcore.lcore_id},
                    {"cpu", lcore.cpu},
                    {"node", lcore.node},
                    {"roles", roles},
                    {"rx_queues", queues},
                    {"dispatchers", lcore.indices(topology::Role::kDispatch)},
                    {"workers", lcore.indices(topology::Role::kWorker)},
                    {"storage", lcore.has(topology::Role::kStorage)}});
  }
  ordered_json pipelines = ordered_json::array();
  for (const topology::PipelinePlan& pipeline : plan.pipelines) {
    pipelines.push_back({{"node", pipeline.node}, {"workers", pipeline.workers}});
  }
  return {{"text", topology::to_text(plan)},
          {"eal_lcores", plan.eal_lcores},
          {"main_lcore", plan.main_lcore},
          {"main_cpu", plan.main_cpu},
          {"lcores", list},
          {"pipelines", pipelines}};
}

}  // namespace esc::app
