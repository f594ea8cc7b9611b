#include "app/escd/figures.hpp"

#include <rte_cycles.h>

#include <algorithm>
#include <string>
#include <utility>

namespace esc::app {
namespace {

using nlohmann::ordered_json;

template <class Reason>
std::uint64_t total(const telemetry::CounterSet<Reason>& set) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < set.kSize; ++i) sum += set.get(static_cast<Reason>(i));
  return sum;
}

ordered_json rx_json(const telemetry::IngestCounters& c) {
  return {{"packets", c.packets_received.get()},
          {"bytes", c.packet_bytes.get()},
          {"datagrams", c.datagrams.get()},
          {"frames", c.frames_received.get()},
          {"events", c.events_pushed.get()},
          {"dropped", total(c.frame_dropped) + total(c.packet_dropped)},
          {"polls", c.polls.get()},
          {"bursts", c.bursts.get()},
          {"ring_full", c.ring_full.get()},
          {"polls_deferred", c.polls_deferred.get()},
          {"frames_linearised", c.frames_linearised.get()},
          {"jumbo_waits", c.jumbo_waits.get()},
          {"held", c.events_held.get() + c.packets_held.get()}};
}

ordered_json dispatch_json(const telemetry::DispatchCounters& c) {
  return {{"events", c.events_received.get()},
          {"routed", c.events_routed.get()},
          {"duplicate", c.duplicate.get()},
          {"stale", c.stale.get()},
          {"dropped", total(c.frame_dropped)},
          {"polls", c.polls.get()},
          {"bursts", c.bursts.get()},
          {"polls_blocked", c.polls_blocked.get()},
          {"workers_stopped", c.workers_stopped.get()},
          {"held", c.events_held.get()}};
}

ordered_json worker_json(const telemetry::WorkerCounters& c) {
  return {{"events", c.events_received.get()},
          {"delivered", c.delivered.get()},
          {"dropped", total(c.frame_dropped)},
          {"polls", c.polls.get()},
          {"bursts", c.bursts.get()}};
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
  for (const PoolReport& pool : appliance.pools()) {
    json["mempools"][pool.name] = {{"size", pool.size},
                                   {"available", pool.available},
                                   {"kept_by_driver", pool.kept_by_driver}};
  }
  return json;
}

ordered_json stages_document(const Appliance& appliance) {
  const Pipeline& pipeline = appliance.pipeline();
  ordered_json json;
  for (std::size_t i = 0; i < pipeline.rx().size(); ++i) {
    json["rx" + std::to_string(i)] = rx_json(pipeline.rx()[i]->counters);
  }
  json["dispatch"] = dispatch_json(pipeline.dispatch());
  for (std::size_t i = 0; i < pipeline.workers().size(); ++i) {
    json["worker" + std::to_string(i)] = worker_json(pipeline.workers()[i]->counters);
  }
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
         {"packets", stats.packets},
         {"bytes", stats.bytes},
         {"imissed", stats.imissed},
         {"rx_nombuf", stats.rx_nombuf},
         {"ierrors", stats.ierrors},
         {"mempool", {{"size", port->pool().size()}, {"available", port->pool().available()}}}});
  }
  return {{"ports", list}};
}

ordered_json stats_document(const Appliance& appliance, double uptime_s) {
  const Pipeline& pipeline = appliance.pipeline();
  ordered_json json;
  json["instance"] = appliance.config().instance;
  json["uptime_s"] = uptime_s;
  json["state"] = name(appliance.state());
  json["stages"] = stages_document(appliance);
  const IngestRing& ring = pipeline.ingest_ring();
  json["rings"]["ingest"] = {
      {"depth", ring.size()}, {"capacity", ring.capacity()}, {"hole_waits", ring.hole_waits()}};
  for (std::size_t i = 0; i < pipeline.workers().size(); ++i) {
    const WorkerRing& worker = pipeline.workers()[i]->ring;
    json["rings"]["worker" + std::to_string(i)] = {{"depth", worker.size()},
                                                   {"capacity", worker.capacity()}};
  }
  const ordered_json ports = ports_document(appliance);
  for (const auto& port : ports["ports"]) {
    json["ports"][port["name"].get<std::string>()] = port;
  }
  return json;
}

ordered_json topics_document(const Appliance& appliance) {
  const Pipeline& pipeline = appliance.pipeline();
  ordered_json list = ordered_json::array();
  for (std::uint32_t route = 0; route < pipeline.routes().size(); ++route) {
    worker::TopicTotals sum;
    for (const auto& parts : pipeline.workers()) {
      const worker::TopicTotals totals = parts->handlers.count().totals(route);
      sum.events += totals.events;
      sum.payload_bytes += totals.payload_bytes;
    }
    list.push_back({{"topic", pipeline.routes().topic(route)},
                    {"events", sum.events},
                    {"payload_bytes", sum.payload_bytes}});
  }
  return {{"topics", std::move(list)}};  // tens of thousands: not to be copied
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
    for (const topology::RxQueue& queue : lcore.rx_queues) {
      queues.push_back({{"port", queue.port}, {"queue", queue.queue}});
    }
    list.push_back({{"lcore", lcore.lcore_id},
                    {"cpu", lcore.cpu},
                    {"node", lcore.node},
                    {"rx_queues", queues},
                    {"dispatch", lcore.dispatch},
                    {"workers", lcore.workers}});
  }
  return {{"text", topology::to_text(plan)},
          {"eal_lcores", plan.eal_lcores},
          {"main_lcore", plan.main_lcore},
          {"main_cpu", plan.main_cpu},
          {"lcores", list}};
}

ordered_json health_document(const Appliance& appliance) {
  ordered_json checks = ordered_json::array();
  bool healthy = true;
  const auto add = [&](const char* what, bool ok, const std::string& detail) {
    healthy = healthy && ok;
    checks.push_back({{"name", what}, {"ok", ok}, {"detail", detail}});
  };
  const State state = appliance.state();
  add("state", state == State::kRunning, std::string(name(state)));

  const std::uint64_t now = rte_rdtsc();
  std::string hanging;
  for (std::size_t i = 0; i < appliance.lcore_status().size(); ++i) {
    const runtime::LcoreStatus& status = appliance.lcore_status()[i];
    if (!stalled(appliance, status, now)) continue;
    const auto& roles = appliance.roles(i);
    const std::size_t stage = std::min<std::size_t>(status.stage.get(), roles.size() - 1);
    hanging +=
        (hanging.empty() ? "" : ", ") + roles[stage] + " on CPU " +
        std::to_string(appliance.plan().lcores[i].cpu) + " has not come round for " +
        std::to_string(static_cast<std::uint64_t>(cycles_to(1e3, heartbeat_age(status, now)))) +
        " ms";
  }
  add("lcores", hanging.empty(), hanging.empty() ? "all come round" : hanging);

  const auto [ledger, balanced] = appliance.read_ledger();
  add("ledger", balanced,
      balanced ? std::to_string(ledger.frames.in_flight) + " frames in flight"
               : "frames or packets are unaccounted for: report this");
  return {{"healthy", healthy}, {"checks", checks}};
}

}  // namespace esc::app
