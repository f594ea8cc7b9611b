// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/figures.hpp"

#include <rte_cycles.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "telemetry/figure_json.hpp"
#include "telemetry/topic_counters.hpp"

namespace esc::app {
namespace {

using nlohmann::ordered_json;

// Sums up the blocks of one RX stage; it has two for each pipeline.
ordered_json rx_json(const RxNode& rx) {
  telemetry::Reading<telemetry::PacketCounters> packets;
  for (const auto& block : rx.packets()) packets += telemetry::Reading(block);
  telemetry::Reading<telemetry::FrameCounters> frames;
  for (const auto& block : rx.frames()) frames += telemetry::Reading(block);
  ordered_json json = telemetry::to_json(packets);
  telemetry::add_to(json, frames);
  return json;
}

ordered_json dispatch_json(const telemetry::DispatchCounters& counters) {
  ordered_json json = telemetry::to_json(telemetry::Reading(counters));
  json["replay_refused"] = counters.frame_dropped.get(FrameDrop::kReplayNotAllowed);
  return json;
}

ordered_json worker_json(const telemetry::WorkerCounters& counters) {
  return telemetry::to_json(telemetry::Reading(counters));
}

double cycles_to(double per_second, std::uint64_t cycles) {
  return static_cast<double>(cycles) * per_second / static_cast<double>(rte_get_tsc_hz());
}

std::uint64_t heartbeat_age(const runtime::LcoreStatus& status, std::uint64_t now) {
  const std::uint64_t beat = status.heartbeat_tsc.get();
  return now > beat ? now - beat : 0;
}

std::uint64_t stall_cycles(const Appliance& appliance) {
  return rte_get_tsc_hz() / 1000 * appliance.config().lcores.stall_ms;
}

bool stalled(const Appliance& appliance, const runtime::LcoreStatus& status, std::uint64_t now) {
  return status.running.get() != 0 && heartbeat_age(status, now) >= stall_cycles(appliance);
}

}  // namespace

ordered_json ledger_document(const Appliance& appliance) {
  const auto [ledger, balanced] = appliance.read_ledger();
  ordered_json json = telemetry::to_json(ledger, balanced);
  const auto pipelines = appliance.data_path().pipelines().size();
  for (std::size_t i = 0; pipelines > 1 && i < pipelines; ++i) {
    const auto [own, own_balanced] = appliance.read_ledger(i);
    json["pipelines"].push_back(telemetry::to_json(own, own_balanced));
  }
  if (auto producers = producer_totals(appliance); !producers.is_null())
    json["producers"] = std::move(producers);
  for (const PoolReport& pool : appliance.pools()) {
    json["mempools"][pool.name] = {{"size", pool.size},
                                   {"available", pool.available},
                                   {"kept_by_driver", pool.kept_by_driver}};
  }
  return json;
}

ordered_json stages_document(const Appliance& appliance) {
  const DataPath& path = appliance.data_path();
  ordered_json json;
  for (std::size_t i = 0; i < path.rx().size(); ++i) {
    json["rx" + std::to_string(i)] = rx_json(*path.rx()[i]);
  }
  for (std::size_t i = 0; i < path.pipelines().size(); ++i) {
    json[path.pipelines()[i]->dispatch().name()] =
        dispatch_json(path.pipelines()[i]->dispatch().counters());
  }
  for (const WorkerNode* worker : path.workers()) {
    json["worker" + std::to_string(worker->index())] = worker_json(worker->counters());
  }
  if (path.dead_letters() != nullptr) json["storage"] = storage_document(*path.dead_letters());
  return json;
}

ordered_json ports_document(const Appliance& appliance) {
  ordered_json list = ordered_json::array();
  for (const auto& port : appliance.ports()) {
    const dpdk::PortStats stats = port->stats();
    list.push_back(
        {{"name", port->settings().label},
         {"device", port->settings().device_name},
         {"driver", port->driver()},
         {"link", dpdk::name(port->link().state)},
         {"speed_mbps", port->link().speed_mbps},
         {"packets", stats.packets},
         {"bytes", stats.bytes},
         {"imissed", stats.imissed},
         {"rx_nombuf", stats.rx_nombuf},
         {"ierrors", stats.ierrors},
         {"before_start", stats.before_start},
         {"mempool", {{"size", port->pool().size()}, {"available", port->pool().available()}}}});
  }
  return {{"ports", list}};
}

ordered_json stats_document(const Appliance& appliance, double uptime_s) {
  const DataPath& path = appliance.data_path();
  ordered_json json;
  json["instance"] = appliance.config().instance;
  json["uptime_s"] = uptime_s;
  json["state"] = control::name(appliance.state());
  json["stages"] = stages_document(appliance);
  if (auto producers = producer_totals(appliance); !producers.is_null())
    json["producers"] = std::move(producers);
  for (std::size_t i = 0; i < path.pipelines().size(); ++i) {
    const IngestRing& ring = path.pipelines()[i]->dispatch().ring();
    const std::string number = path.pipelines().size() == 1 ? "" : std::to_string(i);
    json["rings"]["ingest" + number] = {
        {"depth", ring.size()}, {"capacity", ring.capacity()}, {"hole_waits", ring.hole_waits()}};
  }
  for (const WorkerNode* worker : path.workers()) {
    json["rings"]["worker" + std::to_string(worker->index())] = {
        {"depth", worker->ring().size()}, {"capacity", worker->ring().capacity()}};
  }
  const ordered_json ports = ports_document(appliance);
  for (const auto& port : ports["ports"]) {
    json["ports"][port["name"].get<std::string>()] = port;
  }
  return json;
}

// An event counts as received when it has ended: delivered, refused by its handler, or never given
// to it.
ordered_json topic_json(const DataPath& path, std::string_view topic,
                        const route::RouteSet::Target& target) {
  telemetry::TopicCounters::Totals sum;
  for (const WorkerNode* parts : path.workers()) {
    const auto totals = parts->handlers().topics().totals(target.slot);
    sum.events += totals.events;
    sum.payload_bytes += totals.payload_bytes;
    sum.dead_lettered += totals.dead_lettered;
    sum.dropped += totals.dropped;
  }
  const std::uint64_t refused = sum.dead_lettered + sum.dropped;
  std::uint64_t duplicate = 0;
  std::uint64_t stale = 0;
  for (const auto& pipeline : path.pipelines()) {
    const telemetry::TopicRefusals& refusals = pipeline->dispatch().refusals(target.slot);
    duplicate += refusals.duplicate.get();
    stale += refusals.stale.get();
    sum.dead_lettered += refusals.dead_lettered.get();
    sum.dropped += refusals.dropped.get();
  }
  return {{"topic", topic},
          {"handler", path.handlers().name(target.handler)},
          {"events", sum.events},
          {"payload_bytes", sum.payload_bytes},
          {"received", sum.events + duplicate + stale + sum.dead_lettered + sum.dropped},
          {"delivered", sum.events},
          {"refused", refused},
          {"duplicate", duplicate},
          {"stale", stale},
          {"dead_lettered", sum.dead_lettered},
          {"dropped", sum.dropped}};
}

ordered_json topics_document(const Appliance& appliance) {
  const DataPath& path = appliance.data_path();
  ordered_json list = ordered_json::array();
  const route::RouteSet& routes = path.routes();
  for (std::uint32_t route = 0; route < routes.size(); ++route) {
    const route::RouteSet::Target& target = routes.target(route);
    list.push_back(topic_json(path, routes.topic(route), target));
  }
  return {{"topics", std::move(list)}};  // moved: it may have tens of thousands of entries
}

ordered_json lcores_document(const Appliance& appliance) {
  const std::uint64_t now = rte_rdtsc();
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < appliance.lcore_status().size(); ++i) {
    const runtime::LcoreStatus& status = appliance.lcore_status()[i];
    const auto& lcore = appliance.plan().lcores[i];
    list.push_back({{"lcore", lcore.lcore_id},
                    {"cpu", lcore.cpu},
                    {"roles", appliance.roles(i)},
                    {"work_s", cycles_to(1.0, status.work_cycles.get())},
                    {"rounds", status.rounds.get()},
                    {"sleeps", status.sleeps.get()},
                    {"heartbeat_age_ms", cycles_to(1e3, heartbeat_age(status, now))},
                    {"longest_round_us", cycles_to(1e6, status.longest_round_cycles.get())},
                    {"stalled", stalled(appliance, status, now)}});
  }
  return {{"lcores", list}};
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
    list.push_back({{"lcore", lcore.lcore_id},
                    {"cpu", lcore.cpu},
                    {"node", lcore.node},
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
