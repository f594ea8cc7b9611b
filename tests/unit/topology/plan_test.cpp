// SPDX-License-Identifier: BSD-3-Clause
#include "topology/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace esc::topology {
namespace {

// `cpus` CPUs on `nodes` nodes in equal blocks; with `threads` = 2, CPU i and i + cpus/2 share a
// core, as kernels number them.
Topology machine(unsigned cpus, unsigned nodes = 1, unsigned threads = 1) {
  Topology topology;
  const unsigned cores = cpus / threads;
  for (unsigned id = 0; id < cpus; ++id) {
    const unsigned core = id % cores;
    topology.cpus.push_back({.id = id,
                             .node = static_cast<int>(core / (cores / nodes)),
                             .core = core,
                             .allowed = true});
  }
  return topology;
}

RoleRequest request(std::vector<unsigned> rx, std::vector<unsigned> dispatch,
                    std::vector<unsigned> workers,
                    std::vector<PortQueues> ports = {{.queues = 1, .node = -1}}) {
  RoleRequest result;
  result.rx_cpus = std::move(rx);
  result.dispatch_cpus = std::move(dispatch);
  result.worker_cpus = std::move(workers);
  result.ports = std::move(ports);
  return result;
}

LcorePlan planned(const RoleRequest& wanted, const Topology& topology) {
  auto result = plan_lcores(wanted, topology);
  if (const auto* problems = std::get_if<std::vector<Problem>>(&result)) {
    for (const Problem& problem : *problems) ADD_FAILURE() << to_text(problem);
    return {};
  }
  return std::get<LcorePlan>(result);
}

std::vector<std::string> refused(const RoleRequest& wanted, const Topology& topology) {
  const auto result = plan_lcores(wanted, topology);
  const auto* problems = std::get_if<std::vector<Problem>>(&result);
  std::vector<std::string> texts;
  if (problems == nullptr) return texts;
  for (const Problem& problem : *problems) texts.push_back(to_text(problem));
  return texts;
}

std::vector<std::string> warnings(const LcorePlan& plan) {
  std::vector<std::string> texts;
  for (const Problem& problem : plan.warnings) texts.push_back(to_text(problem));
  return texts;
}

using Texts = std::vector<std::string>;
using Queues = std::vector<RxQueue>;

TEST(Plan, FoldsEverythingOntoOneCpu) {
  const LcorePlan plan = planned(request({0}, {0}, {0, 0}), machine(1));
  EXPECT_EQ(plan.eal_lcores, "0@0,1@0");
  EXPECT_EQ(plan.main_lcore, 1U);
  EXPECT_TRUE(plan.main_shares);
  ASSERT_EQ(plan.lcores.size(), 1U);
  EXPECT_EQ(plan.lcores[0], (LcoreAssignment{.lcore_id = 0,
                                             .cpu = 0,
                                             .node = 0,
                                             .roles = {{Role::kRx, 0},
                                                       {Role::kDispatch, 0},
                                                       {Role::kWorker, 0},
                                                       {Role::kWorker, 1}}}));
  EXPECT_EQ(plan.rx, std::vector<RxPlan>({{.node = 0, .queues = {{0, 0}}}}));
  EXPECT_EQ(warnings(plan), Texts{});
}

TEST(Plan, DealsWorkersAndQueuesToThePipelinesOfTheirNode) {
  // CPUs 0..3 on node 0, 4..7 on node 1.
  const LcorePlan plan = planned(request({0, 4}, {1, 1, 5}, {2, 2, 3, 6, 7},
                                         {{.queues = 4, .node = 0}, {.queues = 2, .node = 1}}),
                                 machine(8, 2));
  ASSERT_EQ(plan.pipelines.size(), 3U);
  EXPECT_EQ(plan.pipelines[0], (PipelinePlan{0, {0, 2}}));
  EXPECT_EQ(plan.pipelines[1], (PipelinePlan{0, {1}}));
  EXPECT_EQ(plan.pipelines[2], (PipelinePlan{1, {3, 4}}));
  EXPECT_EQ(plan.rx[0].queues, (Queues{{0, 0, 0}, {0, 1, 1}, {0, 2, 0}, {0, 3, 1}}));
  EXPECT_EQ(plan.rx[1].queues, (Queues{{1, 0, 2}, {1, 1, 2}}));
  EXPECT_EQ(plan.lcores[2].indices(Role::kDispatch), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(plan.lcores[3].indices(Role::kDispatch), std::vector<std::size_t>{2});
  EXPECT_EQ(warnings(plan), Texts{});
  EXPECT_NE(to_text(plan).find("dispatch 0; dispatch 1"), std::string::npos);
  EXPECT_NE(to_text(plan).find("pipeline 0 on node 0: workers 0 2\n"), std::string::npos);
}

TEST(Plan, EveryPipelineHasAWorker) {
  EXPECT_EQ(
      refused(request({0}, {0, 1}, {1}), machine(2)),
      Texts{"lcores.dispatch[1]: there is no worker for its pipeline, on NUMA node 0; name as "
            "many lcores.workers on each node as there are dispatchers, or more"});
  EXPECT_EQ(refused(request({0}, {0, 1}, {2, 6}), machine(8, 2)),
            Texts{"lcores.workers[1]: CPU 6 is on NUMA node 1, where there is no dispatcher: a "
                  "pipeline lives on one node; choose among 0-3"});
}

TEST(Plan, PutsMainWhereTheFewestRolesAre) {
  const LcorePlan plan = planned(request({0}, {1}, {1, 1}), machine(2));
  EXPECT_EQ(plan.eal_lcores, "0@0,1@1,2@0");
  EXPECT_EQ(plan.main_lcore, 2U);
  EXPECT_EQ(plan.main_cpu, 0U);
  EXPECT_TRUE(plan.main_shares);
  EXPECT_EQ(plan.lcores[1].indices(Role::kWorker), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(plan.lcores[1].indices(Role::kDispatch), std::vector<std::size_t>{0});
  EXPECT_EQ(planned(request({1}, {0}, {0, 0}), machine(2)).eal_lcores, "0@1,1@0,2@1");
}

TEST(Plan, NamesRolesAsFiguresDo) {
  RoleRequest wanted = request({0}, {0}, {0, 0});
  wanted.storage_cpu = 0;
  const LcorePlan one = planned(wanted, machine(1));
  std::vector<std::string> names;
  for (const RoleIndex role : one.lcores[0].roles) names.push_back(name(role));
  EXPECT_EQ(names, (Texts{"rx0", "dispatch0", "worker0", "worker1", "storage"}));
  EXPECT_EQ(name({Role::kDispatch, 1}), "dispatch1");
}

TEST(Plan, GivesMainAFreeCpu) {
  const LcorePlan plan = planned(request({0}, {1}, {2, 3}), machine(8));
  EXPECT_EQ(plan.eal_lcores, "0@0,1@1,2@2,3@3,4@4");
  EXPECT_FALSE(plan.main_shares);
}

TEST(Plan, KeepsMainOffHyperthreadsOfPollers) {
  // CPUs 0..3, siblings 4..7: 4, 5 and 6 are free but share cores with pollers, 3 and 7 do not.
  const LcorePlan plan = planned(request({0}, {1}, {2}), machine(8, 1, 2));
  EXPECT_EQ(plan.main_cpu, 3U);
}

TEST(Plan, KeepsMainOnTheDispatchersNode) {
  const LcorePlan plan = planned(request({4}, {5}, {6}), machine(8, 2));
  EXPECT_EQ(plan.main_cpu, 7U);
  EXPECT_EQ(plan.main_node, 1);
}

TEST(Plan, MainMayBePinned) {
  RoleRequest wanted = request({0}, {1}, {1});
  wanted.main_cpu = 1;
  const LcorePlan plan = planned(wanted, machine(8));
  EXPECT_EQ(plan.eal_lcores, "0@0,1@1,2@1");
  EXPECT_TRUE(plan.main_shares);
  EXPECT_EQ(warnings(plan), Texts{});
}

TEST(Plan, MainStaysInTheAffinityMask) {
  Topology topology = machine(8);
  for (Cpu& cpu : topology.cpus) cpu.allowed = cpu.id == 5 || cpu.id == 6;
  EXPECT_EQ(planned(request({5}, {6}, {6}), topology).eal_lcores, "0@5,1@6,2@5");
}

TEST(Plan, TakesCpuNumbersBeyondDpdksLcores) {
  const LcorePlan plan = planned(request({200}, {254}, {255}), machine(256));
  EXPECT_EQ(plan.eal_lcores, "0@200,1@254,2@255,3@0");
  EXPECT_EQ(plan.lcores[2].cpu, 255U);
}

TEST(Plan, FillsDpdksLcoresAndNotOneMore) {
  std::vector<unsigned> workers;
  for (unsigned cpu = 2; cpu < 127; ++cpu) workers.push_back(cpu);
  const LcorePlan full = planned(request({0}, {1}, workers), machine(256));
  EXPECT_EQ(full.lcores.size(), 127U);
  EXPECT_EQ(full.main_lcore, kMaxEalLcores - 1);
  workers.push_back(127);
  EXPECT_EQ(refused(request({0}, {1}, workers), machine(256)),
            Texts{"lcores: names 128 different CPUs; DPDK has 128 lcores, one of them the main "
                  "lcore; name at most 127: let roles share CPUs"});
}

TEST(Plan, DealsQueuesRoundRobin) {
  const LcorePlan plan =
      planned(request({0, 1, 2}, {3}, {3}, {{.queues = 4, .node = -1}, {.queues = 2, .node = -1}}),
              machine(64));
  EXPECT_EQ(plan.rx[0].queues, (Queues{{0, 0}, {0, 3}}));
  EXPECT_EQ(plan.rx[1].queues, (Queues{{0, 1}, {1, 0}}));
  EXPECT_EQ(plan.rx[2].queues, (Queues{{0, 2}, {1, 1}}));
}

TEST(Plan, DealsQueuesToTheirOwnNode) {
  // Two nodes of four CPUs; port 0 on node 1, port 1 on node 0.
  const LcorePlan plan =
      planned(request({0, 4}, {1}, {2}, {{.queues = 2, .node = 1}, {.queues = 2, .node = 0}}),
              machine(8, 2));
  EXPECT_EQ(plan.rx[0].queues, (Queues{{1, 0}, {1, 1}}));
  EXPECT_EQ(plan.rx[1].queues, (Queues{{0, 0}, {0, 1}}));
  EXPECT_EQ(warnings(plan), Texts{"lcores.rx[1]: CPU 4 is on NUMA node 1, the dispatcher on node "
                                  "0: every event crosses between them; choose among 0-3"});
}

TEST(Plan, LeavesNoRxLcoreWithoutAQueue) {
  const LcorePlan plan =
      planned(request({0, 4}, {1}, {2}, {{.queues = 2, .node = 0}}), machine(8, 2));
  EXPECT_EQ(plan.rx[0].queues, (Queues{{0, 0}}));
  EXPECT_EQ(plan.rx[1].queues, (Queues{{0, 1}}));
  ASSERT_EQ(plan.warnings.size(), 2U);
  EXPECT_EQ(to_text(plan.warnings[1]),
            "lcores.rx[1]: CPU 4 is on NUMA node 1 and polls port[0], which is on node 0; poll a "
            "port from its own node");
}

TEST(Plan, RefusesCpusThatAreNotThere) {
  EXPECT_EQ(refused(request({2}, {3}, {1, 9}), machine(2)),
            (Texts{"lcores.rx[0]: CPU 2 does not exist or is offline; online here: 0-1",
                   "lcores.dispatch: CPU 3 does not exist or is offline; online here: 0-1",
                   "lcores.workers[1]: CPU 9 does not exist or is offline; online here: 0-1"}));
  RoleRequest wanted = request({0}, {1}, {1});
  wanted.main_cpu = 2;
  EXPECT_EQ(refused(wanted, machine(2)),
            Texts{"lcores.main: CPU 2 does not exist or is offline; online here: 0-1"});
}

TEST(Plan, RefusesCpusOutsideTheMask) {
  Topology topology = machine(4);
  topology.cpus[3].allowed = false;
  EXPECT_EQ(refused(request({3}, {1}, {1}), topology),
            Texts{"lcores.rx[0]: CPU 3 is outside the CPUs that this process may use (0-2); choose "
                  "one of those, or widen taskset, systemd's CPUAffinity= or the cgroup's cpuset"});
}

TEST(Plan, RefusesTheSameCpuTwiceInRx) {
  EXPECT_EQ(refused(request({0, 1, 0}, {1}, {1}, {{.queues = 3, .node = -1}}), machine(2)),
            Texts{"lcores.rx[2]: CPU 0 is listed already as lcores.rx[0]; remove one: a single RX "
                  "lcore polls any number of queues"});
}

TEST(Plan, RefusesMoreRxLcoresThanQueues) {
  EXPECT_EQ(refused(request({0, 1, 2}, {3}, {3}, {{.queues = 2, .node = -1}}), machine(4)),
            Texts{"lcores.rx: lists 3 CPUs but there are 2 queues: an RX lcore without a queue "
                  "polls nothing; remove one or raise port.rx_queues"});
  EXPECT_EQ(refused(request({0, 1}, {1}, {1}), machine(2)),
            Texts{"lcores.rx: lists 2 CPUs but there is 1 queue: an RX lcore without a queue polls "
                  "nothing; remove one or raise port.rx_queues"});
}

TEST(Plan, RefusesRolesThatNobodyTakes) {
  EXPECT_EQ(refused(request({}, {0}, {}), machine(1)),
            (Texts{"lcores.rx: no CPU is listed; name at least one",
                   "lcores.workers: no CPU is listed; name at least one"}));
}

TEST(Plan, RefusesAPipelineAcrossNodes) {
  EXPECT_EQ(
      refused(request({0}, {1}, {2, 48}), machine(64, 4)),
      Texts{"lcores.workers[1]: CPU 48 is on NUMA node 3, the dispatcher's CPU 1 on node 0: a "
            "pipeline lives on one node; choose among 0-15"});
}

TEST(Plan, WarnsOfHyperthreadsThatPoll) {
  const LcorePlan plan = planned(request({0}, {4}, {1}), machine(8, 1, 2));
  EXPECT_EQ(warnings(plan),
            Texts{"lcores: CPUs 0 and 4 are hyperthreads of one core: two polling lcores share its "
                  "throughput; use CPUs of different cores"});
}

TEST(Plan, WarnsOfABusyCpuUnderMain) {
  RoleRequest wanted = request({0}, {1}, {1});
  wanted.busy = true;
  EXPECT_EQ(warnings(planned(wanted, machine(2))),
            Texts{"lcores.main: the main lcore shares CPU 0 with roles that poll without a pause "
                  "(lcores.idle = \"busy\"): each takes time slices from the other; leave a CPU "
                  "free of roles, or set lcores.idle = \"adaptive\""});
  EXPECT_EQ(warnings(planned(wanted, machine(3))), Texts{});
  wanted.main_cpu = 1;
  EXPECT_EQ(warnings(planned(wanted, machine(4))),
            Texts{"lcores.main: the main lcore shares CPU 1 with roles that poll without a pause "
                  "(lcores.idle = \"busy\"): each takes time slices from the other; these are "
                  "free: 2-3"});
}

TEST(Plan, SpreadsOver64CpusOnFourNodes) {
  std::vector<unsigned> workers;
  for (unsigned cpu = 20; cpu < 32; ++cpu) workers.push_back(cpu);
  const LcorePlan plan = planned(
      request({16, 17}, {18}, workers, {{.queues = 8, .node = 1}, {.queues = 8, .node = 1}}),
      machine(64, 4));
  EXPECT_EQ(plan.lcores.size(), 15U);
  EXPECT_EQ(plan.main_cpu, 19U);
  EXPECT_EQ(plan.rx[0].queues.size(), 8U);
  EXPECT_EQ(plan.rx[1].queues.size(), 8U);
  std::set<std::pair<unsigned, unsigned>> dealt;
  for (const LcoreAssignment& lcore : plan.lcores) EXPECT_EQ(lcore.node, 1);
  for (const RxPlan& rx : plan.rx) {
    EXPECT_EQ(rx.node, 1);
    for (const RxQueue& queue : rx.queues) dealt.emplace(queue.port, queue.queue);
  }
  EXPECT_EQ(dealt.size(), 16U);
  EXPECT_EQ(warnings(plan), Texts{});
}

TEST(PlanText, IsATableWithEalsOptions) {
  EXPECT_EQ(to_text(planned(request({0}, {1}, {1, 1}, {{.queues = 2, .node = -1}}), machine(2))),
            "lcore  CPU    node  roles, in polling order\n"
            "0      0      0     rx port0/q0 port0/q1\n"
            "1      1      0     dispatch 0; worker 0; worker 1\n"
            "2      0      0     main (shares CPU 0)\n"
            "EAL: --lcores=0@0,1@1,2@0 --main-lcore=2\n");
  RoleRequest busy = request({0}, {0}, {0});
  busy.busy = true;
  const std::string text = to_text(planned(busy, machine(1)));
  EXPECT_NE(text.find("\nwarning: lcores.main: the main lcore shares CPU 0"), std::string::npos);
}

}  // namespace
}  // namespace esc::topology
