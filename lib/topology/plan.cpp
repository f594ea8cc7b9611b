// SPDX-License-Identifier: BSD-3-Clause
#include "topology/plan.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>

namespace esc::topology {
namespace {

std::string key(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

std::string cpu_text(unsigned cpu) {
  return "CPU " + std::to_string(cpu);
}

std::string plural(std::size_t count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

std::size_t total_queues(const RoleRequest& request) {
  std::size_t total = 0;
  for (const PortQueues& port : request.ports) total += port.queues;
  return total;
}

// A CPU that the request names, and the key that names it.
struct NamedCpu {
  std::string where;
  unsigned cpu;
};

/// What the configuration asks for a role: a CPU for each of its kind, in the order of their
/// indices.
struct Asked {
  std::string_view key;
  bool is_list;  ///< the key is a list even if it names one CPU
  std::vector<unsigned> cpus;
};

Asked asked_for(Role role, const RoleRequest& request) {
  switch (role) {
    case Role::kRx:
      return {"lcores.rx", true, request.rx_cpus};
    case Role::kTcp:
      return {"lcores.tcp", true, request.tcp_cpus};
    case Role::kDispatch:
      return {"lcores.dispatch", request.dispatch_cpus.size() > 1, request.dispatch_cpus};
    case Role::kWorker:
      return {"lcores.workers", true, request.worker_cpus};
    case Role::kStorage:
      return {"lcores.storage", false,
              request.storage_cpu ? std::vector{*request.storage_cpu} : std::vector<unsigned>{}};
    case Role::kCount:
      break;
  }
  return {};
}

std::vector<NamedCpu> polling_cpus(const RoleRequest& request) {
  std::vector<NamedCpu> named;
  for (const auto& row : kRoles) {
    const Asked asked = asked_for(row.value, request);
    for (std::size_t i = 0; i < asked.cpus.size(); ++i) {
      named.push_back({asked.is_list ? key(asked.key, i) : std::string(asked.key), asked.cpus[i]});
    }
  }
  return named;
}

/// Makes one plan: first the checks, then lcores, queues, the main lcore, warnings.
class Planner {
 public:
  Planner(const RoleRequest& request, const Topology& topology)
      : request_(request), topology_(topology) {}

  std::variant<LcorePlan, std::vector<Problem>> run() {
    check_cpus();
    check_roles();
    if (!problems_.empty()) return problems_;
    assign_roles();
    deal_queues();
    place_main();
    write_eal_lcores();
    warn();
    return plan_;
  }

 private:
  void problem(std::string where, std::string what, std::string fix) {
    problems_.push_back({std::move(where), std::move(what), std::move(fix)});
  }
  void warning(std::string where, std::string what, std::string fix) {
    plan_.warnings.push_back({std::move(where), std::move(what), std::move(fix)});
  }

  void check_cpus() {
    std::vector<NamedCpu> named = polling_cpus(request_);
    if (request_.main_cpu) named.push_back({"lcores.main", *request_.main_cpu});
    for (const NamedCpu& item : named) {
      const Cpu* cpu = topology_.find(item.cpu);
      if (cpu == nullptr) {
        problem(item.where, cpu_text(item.cpu) + " does not exist or is offline",
                "online here: " + format_cpu_list(topology_.ids()));
      } else if (!cpu->allowed) {
        problem(
            item.where,
            cpu_text(item.cpu) + " is outside the CPUs that this process may use (" +
                format_cpu_list(topology_.allowed_ids()) + ")",
            "choose one of those, or widen taskset, systemd's CPUAffinity= or the cgroup's cpuset");
      }
    }
  }

  void check_roles() {
    if (request_.rx_cpus.empty() && !request_.ports.empty()) {
      problem("lcores.rx", "no CPU is listed", "name at least one");
    }
    if (request_.dispatch_cpus.empty()) {
      problem("lcores.dispatch", "no CPU is listed", "name at least one");
    }
    if (request_.worker_cpus.empty()) {
      problem("lcores.workers", "no CPU is listed", "name at least one");
    }
    std::map<unsigned, std::size_t> first_at;
    for (std::size_t i = 0; i < request_.rx_cpus.size(); ++i) {
      const auto [entry, is_new] = first_at.emplace(request_.rx_cpus[i], i);
      if (is_new) continue;
      problem(key("lcores.rx", i),
              cpu_text(request_.rx_cpus[i]) + " is listed already as " +
                  key("lcores.rx", entry->second),
              "remove one: a single RX lcore polls any number of queues");
    }
    const std::size_t queues = total_queues(request_);
    if (request_.rx_cpus.size() > queues) {
      problem("lcores.rx",
              "lists " + plural(request_.rx_cpus.size(), "CPU") + " but there " +
                  (queues == 1 ? "is " : "are ") + plural(queues, "queue") +
                  ": an RX lcore without a queue polls nothing",
              "remove one or raise port.rx_queues");
    }
    check_lcore_count();
    if (problems_.empty()) make_pipelines();
  }

  void check_lcore_count() {
    std::set<unsigned> distinct;
    for (const NamedCpu& item : polling_cpus(request_)) distinct.insert(item.cpu);
    if (distinct.size() + 1 <= kMaxEalLcores) return;
    problem("lcores",
            "names " + std::to_string(distinct.size()) + " different CPUs; DPDK has " +
                std::to_string(kMaxEalLcores) + " lcores, one of them the main lcore",
            "name at most " + std::to_string(kMaxEalLcores - 1) + ": let roles share CPUs");
  }

  // A pipeline's rings and tables are on its dispatcher's node: a worker on another node would
  // fetch every event across nodes. So each worker goes to a pipeline on its own node, to the one
  // with the fewest workers.
  void make_pipelines() {
    for (const unsigned cpu : request_.dispatch_cpus) {
      plan_.pipelines.push_back({topology_.find(cpu)->node, {}});
    }
    for (std::size_t i = 0; i < request_.worker_cpus.size(); ++i) {
      const Cpu& worker = *topology_.find(request_.worker_cpus[i]);
      if (PipelinePlan* pipeline = pipeline_on(worker.node)) {
        pipeline->workers.push_back(static_cast<unsigned>(i));
      } else {
        refuse_far_worker(i, worker);
      }
    }
    for (std::size_t i = 0; i < plan_.pipelines.size() && problems_.empty(); ++i) {
      if (!plan_.pipelines[i].workers.empty()) continue;
      problem(key("lcores.dispatch", i),
              "there is no worker for its pipeline, on NUMA node " +
                  std::to_string(plan_.pipelines[i].node),
              "name as many lcores.workers on each node as there are dispatchers, or more");
    }
  }

  PipelinePlan* pipeline_on(int node) {
    PipelinePlan* best = nullptr;
    for (PipelinePlan& pipeline : plan_.pipelines) {
      if (pipeline.node != node) continue;
      if (best == nullptr || pipeline.workers.size() < best->workers.size()) best = &pipeline;
    }
    return best;
  }

  void refuse_far_worker(std::size_t index, const Cpu& worker) {
    const Cpu& dispatch = *topology_.find(request_.dispatch_cpus.front());
    const bool one = request_.dispatch_cpus.size() == 1;
    problem(key("lcores.workers", index),
            cpu_text(worker.id) + " is on NUMA node " + std::to_string(worker.node) +
                (one ? ", the dispatcher's " + cpu_text(dispatch.id) + " on node " +
                           std::to_string(dispatch.node)
                     : ", where there is no dispatcher") +
                ": a pipeline lives on one node",
            "choose among " + format_cpu_list(topology_.ids_on_node(dispatch.node)));
  }

  LcoreAssignment& lcore_on(unsigned cpu) {
    const auto found = std::ranges::find(plan_.lcores, cpu, &LcoreAssignment::cpu);
    if (found != plan_.lcores.end()) return *found;
    LcoreAssignment lcore;
    lcore.lcore_id = static_cast<unsigned>(plan_.lcores.size());
    lcore.cpu = cpu;
    lcore.node = topology_.find(cpu)->node;
    return plan_.lcores.emplace_back(std::move(lcore));
  }

  void assign_roles() {
    for (const auto& row : kRoles) {
      const std::vector<unsigned> cpus = asked_for(row.value, request_).cpus;
      for (std::size_t i = 0; i < cpus.size(); ++i) {
        lcore_on(cpus[i]).roles.push_back({row.value, i});
      }
    }
    for (const unsigned cpu : request_.rx_cpus) {
      plan_.rx.push_back({topology_.find(cpu)->node, {}});
    }
  }

  // Each queue goes to the RX lcore with the fewest queues; if there are RX lcores on the port's
  // node, to one of those.
  void deal_queues() {
    for (std::size_t port = 0; port < request_.ports.size(); ++port) {
      for (unsigned queue = 0; queue < request_.ports[port].queues; ++queue) {
        rx_for(request_.ports[port].node)
            .queues.push_back(
                {static_cast<std::uint16_t>(port), static_cast<std::uint16_t>(queue)});
      }
    }
    feed_idle_rx();
    deal_pipelines();
  }

  // Each queue's own pipeline is the one with the fewest queues; if there are pipelines on the node
  // of its RX lcore, one of those.
  void deal_pipelines() {
    std::vector<std::size_t> queues(plan_.pipelines.size());
    for (RxPlan& rx : plan_.rx) {
      const bool any_local = pipeline_on(rx.node) != nullptr;
      for (RxQueue& queue : rx.queues) {
        std::size_t best = plan_.pipelines.size();
        for (std::size_t i = 0; i < plan_.pipelines.size(); ++i) {
          if (any_local && plan_.pipelines[i].node != rx.node) continue;
          if (best == plan_.pipelines.size() || queues[i] < queues[best]) best = i;
        }
        ++queues[best];
        queue.pipeline = static_cast<unsigned>(best);
      }
    }
  }

  RxPlan& rx_for(int node) {
    const bool any_local =
        std::ranges::any_of(plan_.rx, [&](const RxPlan& rx) { return rx.node == node; });
    RxPlan* best = nullptr;
    for (RxPlan& rx : plan_.rx) {
      if (any_local && rx.node != node) continue;
      if (best == nullptr || rx.queues.size() < best->queues.size()) best = &rx;
    }
    return *best;
  }

  // Since nodes come first, an RX lcore may have got no queue; then the one with the most queues
  // gives it its last one. There are at least as many queues as RX lcores, so some RX lcore has
  // two.
  void feed_idle_rx() {
    for (RxPlan& idle : plan_.rx) {
      if (!idle.queues.empty()) continue;
      auto& giver = *std::ranges::max_element(plan_.rx, {},
                                              [](const RxPlan& rx) { return rx.queues.size(); });
      idle.queues.push_back(giver.queues.back());
      giver.queues.pop_back();
    }
  }

  const LcoreAssignment* poller_on(unsigned cpu) const {
    const auto found = std::ranges::find(plan_.lcores, cpu, &LcoreAssignment::cpu);
    return found == plan_.lcores.end() ? nullptr : &*found;
  }

  // How much the main lcore would disturb others on a CPU: first by roles that poll there, then by
  // roles on its hyperthread siblings, then by its distance.
  std::size_t disturbance(const Cpu& cpu, int home_node) const {
    const LcoreAssignment* own = poller_on(cpu.id);
    std::size_t cost = own == nullptr ? 0 : own->roles.size() * 4;
    for (const LcoreAssignment& lcore : plan_.lcores) {
      if (lcore.cpu != cpu.id && topology_.find(lcore.cpu)->core == cpu.core) {
        cost += 2;
        break;
      }
    }
    return cost + (cpu.node == home_node ? 0 : 1);
  }

  void place_main() {
    const int home_node = plan_.pipelines.front().node;
    std::size_t best = std::numeric_limits<std::size_t>::max();
    for (const Cpu& cpu : topology_.cpus) {
      const bool possible = request_.main_cpu ? cpu.id == *request_.main_cpu : cpu.allowed;
      if (!possible) continue;
      const std::size_t cost = disturbance(cpu, home_node);
      if (cost >= best) continue;
      best = cost;
      plan_.main_cpu = cpu.id;
      plan_.main_node = cpu.node;
    }
    plan_.main_lcore = static_cast<unsigned>(plan_.lcores.size());
    plan_.main_shares = poller_on(plan_.main_cpu) != nullptr;
  }

  void write_eal_lcores() {
    for (const LcoreAssignment& lcore : plan_.lcores) {
      plan_.eal_lcores += std::to_string(lcore.lcore_id) + "@" + std::to_string(lcore.cpu) + ",";
    }
    plan_.eal_lcores += std::to_string(plan_.main_lcore) + "@" + std::to_string(plan_.main_cpu);
  }

  void warn() {
    warn_about_main();
    warn_about_siblings();
    warn_about_nodes();
  }

  void warn_about_main() {
    if (!plan_.main_shares || !request_.busy) return;
    std::vector<unsigned> free;
    for (const unsigned cpu : topology_.allowed_ids()) {
      if (poller_on(cpu) == nullptr) free.push_back(cpu);
    }
    warning("lcores.main",
            "the main lcore shares " + cpu_text(plan_.main_cpu) +
                " with roles that poll without a pause (lcores.idle = \"busy\"): each takes time "
                "slices from the other",
            free.empty() ? "leave a CPU free of roles, or set lcores.idle = \"adaptive\""
                         : "these are free: " + format_cpu_list(free));
  }

  void warn_about_siblings() {
    for (std::size_t i = 0; i < plan_.lcores.size(); ++i) {
      for (std::size_t j = i + 1; j < plan_.lcores.size(); ++j) {
        const unsigned a = plan_.lcores[i].cpu;
        const unsigned b = plan_.lcores[j].cpu;
        if (topology_.find(a)->core != topology_.find(b)->core) continue;
        warning("lcores",
                "CPUs " + std::to_string(a) + " and " + std::to_string(b) +
                    " are hyperthreads of one core: two polling lcores share its throughput",
                "use CPUs of different cores");
      }
    }
  }

  void warn_about_nodes() {
    for (std::size_t i = 0; i < request_.rx_cpus.size(); ++i) {
      const RxPlan& rx = plan_.rx[i];
      const unsigned cpu = request_.rx_cpus[i];
      if (pipeline_on(rx.node) == nullptr) {
        const int node = plan_.pipelines.front().node;
        warning(key("lcores.rx", i),
                cpu_text(cpu) + " is on NUMA node " + std::to_string(rx.node) +
                    ", the dispatcher on node " + std::to_string(node) +
                    ": every event crosses between them",
                "choose among " + format_cpu_list(topology_.ids_on_node(node)));
      }
      std::set<std::uint16_t> far_ports;
      for (const RxQueue& queue : rx.queues) {
        const int node = request_.ports[queue.port].node;
        if (node >= 0 && node != rx.node) far_ports.insert(queue.port);
      }
      for (const std::uint16_t port : far_ports) {
        warning(key("lcores.rx", i),
                cpu_text(cpu) + " is on NUMA node " + std::to_string(rx.node) + " and polls " +
                    key("port", port) + ", which is on node " +
                    std::to_string(request_.ports[port].node),
                "poll a port from its own node");
      }
    }
  }

  const RoleRequest& request_;
  const Topology& topology_;
  LcorePlan plan_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<std::size_t> LcoreAssignment::indices(Role role) const {
  std::vector<std::size_t> found;
  for (const RoleIndex& own : roles) {
    if (own.role == role) found.push_back(own.index);
  }
  return found;
}

const LcoreAssignment& LcorePlan::lcore_of(RoleIndex role) const {
  const auto found = std::ranges::find_if(lcores, [&](const LcoreAssignment& lcore) {
    return std::ranges::find(lcore.roles, role) != lcore.roles.end();
  });
  if (found == lcores.end()) throw std::logic_error("the plan has no " + name(role));
  return *found;
}

std::string name(RoleIndex role) {
  std::string text(name(role.role));
  return role.role == Role::kStorage ? text : text + std::to_string(role.index);
}

std::variant<LcorePlan, std::vector<Problem>> plan_lcores(const RoleRequest& request,
                                                          const Topology& topology) {
  return Planner(request, topology).run();
}

}  // namespace esc::topology
