// SPDX-License-Identifier: BSD-3-Clause
#include "topology/topology.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace esc::topology {
namespace {

using Ids = std::vector<unsigned>;

TEST(CpuList, ParsesWhatSysfsWrites) {
  EXPECT_EQ(parse_cpu_list("0-3,8\n"), (Ids{0, 1, 2, 3, 8}));
  EXPECT_EQ(parse_cpu_list("5"), (Ids{5}));
  EXPECT_EQ(parse_cpu_list(""), Ids{});
  EXPECT_EQ(parse_cpu_list("255-256"), (Ids{255, 256}));
}

TEST(CpuList, RefusesWhatIsNone) {
  for (const char* text : {"a", "1-", "-1", "3-1", "1,", ",1", "1 2", "70000", "0-70000"}) {
    EXPECT_EQ(parse_cpu_list(text), std::nullopt) << text;
  }
}

TEST(CpuList, FormatsRanges) {
  EXPECT_EQ(format_cpu_list(Ids{0, 1, 2, 3, 8}), "0-3,8");
  EXPECT_EQ(format_cpu_list(Ids{1, 2}), "1-2");
  EXPECT_EQ(format_cpu_list(Ids{7}), "7");
  EXPECT_EQ(format_cpu_list(Ids{}), "");
}

TEST(Topology, AnswersByNodeAndAffinity) {
  const Topology topology{{{.id = 0, .node = 0, .core = 0, .allowed = true},
                           {.id = 1, .node = 0, .core = 1, .allowed = false},
                           {.id = 5, .node = 1, .core = 5, .allowed = true}}};
  EXPECT_EQ(topology.ids(), (Ids{0, 1, 5}));
  EXPECT_EQ(topology.allowed_ids(), (Ids{0, 5}));
  EXPECT_EQ(topology.ids_on_node(0), Ids{0});
  EXPECT_EQ(topology.node_count(), 2U);
  EXPECT_EQ(topology.find(2), nullptr);
  ASSERT_NE(topology.find(5), nullptr);
  EXPECT_EQ(topology.find(5)->node, 1);
}

TEST(Snapshot, AgreesWithTheKernelsMask) {
  cpu_set_t mask;
  ASSERT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
  const Ids allowed = snapshot().allowed_ids();
  EXPECT_EQ(allowed.size(), static_cast<std::size_t>(CPU_COUNT(&mask)));
  for (const unsigned cpu : allowed) EXPECT_TRUE(CPU_ISSET(cpu, &mask)) << cpu;
}

TEST(Snapshot, ReadsOnlineCpusAndSiblingsBelowTheRoot) {
  const std::filesystem::path root =
      std::filesystem::path(testing::TempDir()) / "esc-topology-snapshot";
  const std::filesystem::path cpus = root / "sys/devices/system/cpu";
  std::filesystem::create_directories(cpus / "cpu65000/topology");
  std::ofstream(cpus / "online") << "64998,65000\n";
  std::ofstream(cpus / "cpu65000/topology/thread_siblings_list") << "64998,65000\n";
  const Topology topology = snapshot({root});
  std::filesystem::remove_all(root);
  ASSERT_EQ(topology.ids(), (Ids{64998, 65000}));
  EXPECT_EQ(topology.cpus[0].core, 64998U);
  EXPECT_EQ(topology.cpus[1].core, 64998U);
  EXPECT_FALSE(topology.cpus[0].allowed);  // no machine that runs this test has that many
}

TEST(NodeOf, KnowsTouchedPagesOnly) {
  constexpr std::size_t kBytes = 4096;
  void* page = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  EXPECT_EQ(node_of(page), std::nullopt);
  auto* bytes = static_cast<volatile char*>(page);
  bytes[100] = 1;
  const std::optional<int> node = node_of(static_cast<const char*>(page) + 100);
  munmap(page, kBytes);
  if (!node) GTEST_SKIP() << "this kernel does not say where pages are";
  const Topology topology = snapshot();
  EXPECT_TRUE(
      std::ranges::any_of(topology.cpus, [&](const Cpu& cpu) { return cpu.node == *node; }));
}

}  // namespace
}  // namespace esc::topology
