// SPDX-License-Identifier: BSD-3-Clause
#include "config/plan.hpp"

#include <algorithm>
#include <climits>

#include "config/text.hpp"
#include "topology/small_file.hpp"

namespace esc::config {

topology::RoleRequest role_request(const Config& config, const topology::SysRoot& root) {
  topology::RoleRequest request;
  request.rx_cpus = config.lcores.rx;
  request.tcp_cpus = config.lcores.tcp;
  request.dispatch_cpus = config.lcores.dispatch;
  request.worker_cpus = config.lcores.workers;
  if (config.dead_letters.kept()) {
    request.storage_cpu = config.lcores.storage.value_or(config.lcores.workers.back());
  }
  request.main_cpu = config.lcores.main;
  request.busy = config.lcores.idle == Idle::kBusy;
  for (const PortConfig& port : config.ports) {
    topology::PortQueues queues{.queues = port.rx_queues};
    if (port.device.kind == DeviceKind::kPci) {
      // "-1" is read as no number, and means that the card belongs to no node.
      const auto node =
          topology::first_number(root.at("/sys/bus/pci/devices") / port.device.name / "numa_node");
      if (node && *node <= INT_MAX) queues.node = static_cast<int>(*node);
    }
    request.ports.push_back(queues);
  }
  return request;
}

// Which workers a pipeline has is known only from the plan.
std::vector<Problem> check_route_workers(const Config& config, const topology::LcorePlan& plan) {
  std::vector<Problem> problems;
  const auto& smallest = *std::ranges::min_element(
      plan.pipelines, {}, [](const auto& pipeline) { return pipeline.workers.size(); });
  const auto names_none = [&](const RouteConfig& route) {
    return route.spread == Spread::kWorker && route.worker >= smallest.workers.size();
  };
  const auto report = [&](std::string where, const std::string& name, const RouteConfig& route) {
    problems.push_back(
        {std::move(where),
         name + " names worker " + std::to_string(route.worker) + ", which not every pipeline has",
         "the smallest has " + std::to_string(smallest.workers.size()) +
             ", counted from 0; escd --print-plan shows them"});
  };
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    const RouteConfig& route = config.routes[i];
    if (!names_none(route)) continue;
    report(config.where_worker(i), "the route of topic " + in_quotes(route.topic), route);
  }
  const auto& fallback = config.routing.default_route;
  if (fallback && names_none(*fallback)) {
    report(config.where("default_route.worker"), "[default_route]", *fallback);
  }
  return problems;
}

std::variant<topology::LcorePlan, std::vector<Problem>> plan(const Config& config,
                                                             const topology::Topology& topology,
                                                             const topology::SysRoot& root) {
  auto result = topology::plan_lcores(role_request(config, root), topology);
  // The planner names keys; this adds their places in the file.
  const auto locate = [&](std::vector<Problem>& problems) {
    for (Problem& problem : problems) {
      const std::string key = problem.where;
      problem.where = config.where(key);
      problem.what = key + ": " + problem.what;
    }
  };
  if (auto* problems = std::get_if<std::vector<Problem>>(&result)) {
    locate(*problems);
    return result;
  }
  auto& planned = std::get<topology::LcorePlan>(result);
  locate(planned.warnings);
  if (auto problems = check_route_workers(config, planned); !problems.empty()) return problems;
  return result;
}

}  // namespace esc::config
