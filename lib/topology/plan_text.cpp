// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "topology/plan.hpp"

namespace esc::topology {
namespace {

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string row(unsigned lcore, unsigned cpu, int node, const std::string& roles) {
  return padded(std::to_string(lcore), 7) + padded(std::to_string(cpu), 7) +
         padded(std::to_string(node), 6) + roles + "\n";
}

std::string roles_text(const LcoreAssignment& lcore, std::size_t pipelines) {
  std::string text;
  const auto add = [&text](const std::string& part) {
    if (!text.empty()) text += "; ";
    text += part;
  };
  if (!lcore.rx_queues.empty()) {
    std::string queues = "rx";
    for (const RxQueue& queue : lcore.rx_queues) {
      queues += " port" + std::to_string(queue.port) + "/q" + std::to_string(queue.queue);
    }
    add(queues);
  }
  for (const unsigned pipeline : lcore.dispatchers) {
    add(pipelines == 1 ? "dispatch" : "dispatch " + std::to_string(pipeline));
  }
  for (const unsigned worker : lcore.workers) add("worker " + std::to_string(worker));
  if (lcore.storage) add("storage");
  return text;
}

}  // namespace

std::string to_text(const LcorePlan& plan) {
  std::string text = "lcore  CPU    node  roles, in polling order\n";
  for (const LcoreAssignment& lcore : plan.lcores) {
    text += row(lcore.lcore_id, lcore.cpu, lcore.node, roles_text(lcore, plan.pipelines.size()));
  }
  text += row(plan.main_lcore, plan.main_cpu, plan.main_node,
              std::string("main") +
                  (plan.main_shares ? " (shares CPU " + std::to_string(plan.main_cpu) + ")" : ""));
  for (std::size_t i = 0; plan.pipelines.size() > 1 && i < plan.pipelines.size(); ++i) {
    text += "pipeline " + std::to_string(i) + " on node " + std::to_string(plan.pipelines[i].node) +
            ": workers";
    for (const unsigned worker : plan.pipelines[i].workers) text += " " + std::to_string(worker);
    text += "\n";
  }
  text += "EAL: --lcores=" + plan.eal_lcores + " --main-lcore=" + std::to_string(plan.main_lcore) +
          "\n";
  for (const Problem& warning : plan.warnings) text += "warning: " + to_text(warning) + "\n";
  return text;
}

}  // namespace esc::topology
