#include "config/plan.hpp"

#include <fstream>

namespace esc::config {

topology::RoleRequest role_request(const Config& config, const topology::SysRoot& root) {
  topology::RoleRequest request;
  request.rx_cpus = config.lcores.rx;
  request.dispatch_cpu = config.lcores.dispatch;
  request.worker_cpus = config.lcores.workers;
  request.main_cpu = config.lcores.main;
  request.busy = config.lcores.idle == Idle::kBusy;
  for (const PortConfig& port : config.ports) {
    topology::PortQueues queues{.queues = port.rx_queues};
    if (port.device.kind == DeviceKind::kPci) {
      std::ifstream file(root.at("/sys/bus/pci/devices") / port.device.name / "numa_node");
      int node = -1;
      if (file >> node) queues.node = node;
    }
    request.ports.push_back(queues);
  }
  return request;
}

std::variant<topology::LcorePlan, std::vector<Problem>> plan(const Config& config,
                                                             const topology::Topology& topology,
                                                             const topology::SysRoot& root) {
  auto result = topology::plan_lcores(role_request(config, root), topology);
  // The planner names keys; here it is known where they stand.
  const auto locate = [&](std::vector<Problem>& problems) {
    for (Problem& problem : problems) {
      const std::string key = problem.where;
      problem.where = config.where(key);
      problem.what = key + ": " + problem.what;
    }
  };
  if (auto* problems = std::get_if<std::vector<Problem>>(&result)) {
    locate(*problems);
  } else {
    locate(std::get<topology::LcorePlan>(result).warnings);
  }
  return result;
}

}  // namespace esc::config
