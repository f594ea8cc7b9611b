// SPDX-License-Identifier: BSD-3-Clause
#include "config/plan.hpp"

#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;

const topology::Topology kTwoCpus{{{.id = 0, .node = 0, .core = 0, .allowed = true},
                                   {.id = 1, .node = 0, .core = 1, .allowed = true}}};

TEST(ConfigPlan, AsksForWhatTheFileSays) {
  const Config config = with_set({"lcores.rx=[0,1]", "lcores.dispatch=1", "lcores.workers=[1,1]",
                                  "lcores.main=1", "lcores.idle=busy", "port[0].rx_queues=3"});
  const topology::RoleRequest request = role_request(config);
  EXPECT_EQ(request.rx_cpus, (std::vector<unsigned>{0, 1}));
  EXPECT_EQ(request.dispatch_cpus, std::vector<unsigned>{1});
  EXPECT_EQ(request.worker_cpus, (std::vector<unsigned>{1, 1}));
  EXPECT_EQ(request.main_cpu, 1U);
  EXPECT_TRUE(request.busy);
  ASSERT_EQ(request.ports.size(), 1U);
  EXPECT_EQ(request.ports[0].queues, 3);
  EXPECT_EQ(request.ports[0].node, -1);
  EXPECT_FALSE(role_request(loaded(kMinimal)).busy);
}

TEST(ConfigPlan, ATcpRoleIsThereIfThereIsAListener) {
  const std::string listener = "tcp[0].listen=\"127.0.0.1:9\"";
  EXPECT_EQ(role_request(with_set({listener, "lcores.dispatch=[3,1]"})).tcp_cpus,
            std::vector<unsigned>{3});
  EXPECT_EQ(role_request(with_set({listener, "lcores.tcp=[2,1]"})).tcp_cpus,
            (std::vector<unsigned>{2, 1}));
  const Config without = with_set({"lcores.tcp=[2]"});
  EXPECT_EQ(role_request(without).tcp_cpus, std::vector<unsigned>{});
  ASSERT_EQ(without.warnings.size(), 1U);
  EXPECT_EQ(topology::to_text(without.warnings[0]),
            "--set lcores.tcp=[2]: 'tcp' has no effect; it needs a [[tcp]]");
}

TEST(ConfigPlan, WithoutAPortThereIsNoRxRole) {
  const std::string text =
      "[[tcp]]\nlisten = \"127.0.0.1:9\"\n[lcores]\ndispatch = 1\nworkers = [1]\n";
  const Config config = loaded(text);
  const topology::RoleRequest request = role_request(config);
  EXPECT_EQ(request.rx_cpus, std::vector<unsigned>{});
  EXPECT_EQ(request.tcp_cpus, std::vector<unsigned>{1});
  EXPECT_EQ(config.rings.worker_cells, 1'024U);  // all on one CPU
  const Config with_rx = loaded(text + "rx = [0]\n");
  EXPECT_EQ(role_request(with_rx).rx_cpus, std::vector<unsigned>{});
  ASSERT_EQ(with_rx.warnings.size(), config.warnings.size() + 1);
  EXPECT_EQ(topology::to_text(with_rx.warnings.front()),
            "t.toml:6:6: 'rx' has no effect; it needs a [[port]]");
  EXPECT_EQ(set_problems({"lcores.rx=[]"}),
            Texts{"--set lcores.rx=[]: 'rx' is missing in [lcores]: it names the CPUs that poll "
                  "the ports; add for example: rx = [0]"});
}

TEST(ConfigPlan, AllRolesTogetherHaveABoundedNumberOfConnections) {
  const std::string listener = "tcp[0].listen=\"127.0.0.1:9\"";
  EXPECT_EQ(set_problems({listener, "lcores.tcp=[0,1,2,3]", "connections.max=16384"}), Texts{});
  EXPECT_EQ(set_problems({listener, "lcores.tcp=[0,1,2,3,4]", "connections.max=16384"}),
            Texts{"--set connections.max=16384: the TCP roles have 81920 connections together, and "
                  "65536 are the most; lower connections.max, or name fewer CPUs in lcores.tcp"});
}

TEST(ConfigPlan, ListenersAreAddressesAndNoTwoAreOne) {
  const auto problems_of = [](const std::string& lines) {
    return problems(std::string(kMinimal) + lines);
  };
  EXPECT_EQ(problems_of("[[tcp]]\nlisten = \"localhost:9100\"\n"),
            Texts{"t.toml:12:10: 'listen' is 'localhost:9100', no address with a port; write it as "
                  "127.0.0.1:9100, 0.0.0.0:9100 or [::]:9100"});
  EXPECT_EQ(problems_of("[[tcp]]\nlisten = \"[::1]:9100\"\n[[tcp]]\nlisten = "
                        "\"[0:0::1]:9100\"\n"),
            Texts{"t.toml:14:10: '[0:0::1]:9100' stands already at t.toml:12:10; remove one"});
  EXPECT_EQ(set_problems({"tcp[0].listen=\"127.0.0.1:9\"", "lcores.tcp=[1,1]"}),
            Texts{"--set lcores.tcp=[1,1]: 'tcp' lists CPU 1 twice; remove one: a single TCP role "
                  "has any number of connections"});
}

TEST(ConfigPlan, ReadsTheNodeOfAPciPort) {
  const Tree tree;
  tree.write("sys/bus/pci/devices/0000:01:00.0/numa_node", "1\n");
  tree.write("sys/bus/pci/devices/0000:02:00.0/numa_node", "-1\n");
  EXPECT_EQ(role_request(with_set({"port[0].device=01:00.0"}), tree.sys_root()).ports[0].node, 1);
  EXPECT_EQ(role_request(with_set({"port[0].device=02:00.0"}), tree.sys_root()).ports[0].node, -1);
  EXPECT_EQ(role_request(with_set({"port[0].device=03:00.0"}), tree.sys_root()).ports[0].node, -1);
}

TEST(ConfigPlan, PlansTheDocumentedExample) {
  const Config config = with_set({"lcores.dispatch=1", "lcores.workers=[1,1]"});
  const auto result = plan(config, kTwoCpus);
  ASSERT_TRUE(std::holds_alternative<topology::LcorePlan>(result));
  EXPECT_EQ(std::get<topology::LcorePlan>(result).eal_lcores, "0@0,1@1,2@0");
}

TEST(ConfigPlan, ARouteNamesAWorkerThatEveryPipelineHas) {
  const auto plans = [](const char* worker) {
    return plan(with_set({"lcores.dispatch=[0,1]", "lcores.workers=[0,1,1]",
                          "route[0].spread=worker", std::string("route[0].worker=") + worker}),
                kTwoCpus);
  };
  EXPECT_TRUE(std::holds_alternative<topology::LcorePlan>(plans("0")));
  const auto result = plans("1");
  ASSERT_TRUE(std::holds_alternative<std::vector<Problem>>(result));
  EXPECT_EQ(topology::to_text(std::get<std::vector<Problem>>(result)[0]),
            "--set route[0].worker=1: the route of topic 'a' names worker 1, which not every "
            "pipeline has; the "
            "smallest has 1, counted from 0; escd --print-plan shows them");
}

/// Two pipelines, of two workers and of one.
constexpr std::string_view kUneven = R"([[port]]
device = "net_null0"
udp_ports = [9001]
[lcores]
rx = [0]
dispatch = [0, 1]
workers = [0, 1, 1]
)";

Texts plan_problems(const std::string& text) {
  const auto result = plan(loaded(text), kTwoCpus);
  Texts texts;
  if (const auto* found = std::get_if<std::vector<Problem>>(&result)) {
    for (const Problem& problem : *found) texts.push_back(topology::to_text(problem));
  }
  return texts;
}

constexpr std::string_view kWhy =
    ", which not every pipeline has; the smallest has 1, counted from 0; escd --print-plan shows "
    "them";

TEST(ConfigPlan, SaysInWhichLineARouteNamesAWorkerThatIsNotThere) {
  const std::string text = std::string(kUneven) +
                           "[[route]]\ntopic = \"a\"\nhandler = \"count\"\n"
                           "spread = \"worker\"\nworker = 0\n"
                           "[[route]]\ntopic = \"b\"\nhandler = \"count\"\n"
                           "worker = 2\nspread = \"worker\"\n"
                           "[[route]]\ntopic = \"c\"\nhandler = \"count\"\n"
                           "spread = \"worker\"\nworker = 1\n";
  EXPECT_EQ(plan_problems(text),
            (Texts{"t.toml:16:10: the route of topic 'b' names worker 2" + std::string(kWhy),
                   "t.toml:22:10: the route of topic 'c' names worker 1" + std::string(kWhy)}));
}

TEST(ConfigPlan, TheDefaultRouteNamesAWorkerThatEveryPipelineHas) {
  const auto problems_of = [](const char* worker) {
    return plan_problems(std::string(kUneven) +
                         "[routing]\nunknown_topic = \"route\"\n[default_route]\n"
                         "handler = \"count\"\nspread = \"worker\"\nworker = " +
                         worker + "\n");
  };
  EXPECT_EQ(problems_of("0"), Texts{});
  EXPECT_EQ(problems_of("1"),
            Texts{"t.toml:13:10: [default_route] names worker 1" + std::string(kWhy)});
}

TEST(ConfigPlan, LocatesProblemsInTheFile) {
  const auto result = plan(with_set({"lcores.workers=[0,7]"}), kTwoCpus);
  ASSERT_TRUE(std::holds_alternative<std::vector<Problem>>(result));
  EXPECT_EQ(topology::to_text(std::get<std::vector<Problem>>(result)[0]),
            "--set lcores.workers=[0,7]: lcores.workers[1]: CPU 7 does not exist or is offline; "
            "online here: 0-1");
  std::string text(kMinimal);
  text.replace(text.find("rx = [0]"), 8, "rx = [5]");
  const auto in_file = plan(loaded(text), kTwoCpus);
  ASSERT_TRUE(std::holds_alternative<std::vector<Problem>>(in_file));
  EXPECT_EQ(std::get<std::vector<Problem>>(in_file)[0].where, "t.toml:5:7");
}

TEST(ConfigPlan, LocatesWarningsToo) {
  const auto result = plan(with_set({"lcores.idle=busy", "lcores.main=0"}), kTwoCpus);
  ASSERT_TRUE(std::holds_alternative<topology::LcorePlan>(result));
  const auto& warnings = std::get<topology::LcorePlan>(result).warnings;
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].where, "--set lcores.main=0");
}

}  // namespace
}  // namespace esc::config
