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

std::string role_text(RoleIndex role, const LcorePlan& plan) {
  std::string text(name(role.role));
  if (role.role == Role::kRx) {
    for (const RxQueue& queue : plan.rx[role.index].queues) {
      text += " port" + std::to_string(queue.port) + "/q" + std::to_string(queue.queue);
    }
    return text;
  }
  const std::string numbered = name(role);
  return numbered == text ? text : text + " " + std::to_string(role.index);
}

std::string roles_text(const LcoreAssignment& lcore, const LcorePlan& plan) {
  std::string text;
  for (const RoleIndex& role : lcore.roles) {
    if (!text.empty()) text += "; ";
    text += role_text(role, plan);
  }
  return text;
}

}  // namespace

std::string to_text(const LcorePlan& plan) {
  std::string text = "lcore  CPU    node  roles, in polling order\n";
  for (const LcoreAssignment& lcore : plan.lcores) {
    text += row(lcore.lcore_id, lcore.cpu, lcore.node, roles_text(lcore, plan));
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
