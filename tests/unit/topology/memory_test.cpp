// SPDX-License-Identifier: BSD-3-Clause
#include "topology/memory.hpp"

#include "base/units.hpp"
#include "support/tree.hpp"

namespace esc::topology {
namespace {

TEST(FreeHugepages, AddsUpAllSizes) {
  const test::Tree tree;
  EXPECT_EQ(free_hugepages(tree.sys_root()).bytes, 0U);
  EXPECT_EQ(free_hugepages(tree.sys_root()).page_kib, 0U);
  tree.write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "3\n");
  tree.write("sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "1\n");
  EXPECT_EQ(free_hugepages(tree.sys_root()).bytes, (6 + 1024) * kMiB);
  EXPECT_EQ(free_hugepages(tree.sys_root()).page_kib, 2048U);
}

class AvailableBytes : public testing::Test {
 protected:
  AvailableBytes() {
    tree_.write("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:   1024 kB\nSwapFree: 7 kB\n");
  }
  [[nodiscard]] std::optional<std::uint64_t> available() const {
    return available_bytes(tree_.sys_root());
  }

  test::Tree tree_;
};

TEST_F(AvailableBytes, IsTheKernelsEstimate) {
  EXPECT_EQ(available(), kMiB);
  tree_.write("proc/meminfo", "MemTotal: 9 kB\n");
  EXPECT_EQ(available(), std::nullopt);
}

TEST_F(AvailableBytes, IsNoMoreThanAnyControlGroupAllows) {
  tree_.write("proc/self/cgroup", "3:cpu:/old\n0::/outer/inner\n");
  EXPECT_EQ(available(), kMiB);
  tree_.write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  tree_.write("sys/fs/cgroup/outer/memory.max", "524288\n");
  EXPECT_EQ(available(), kMiB / 2);
  tree_.write("sys/fs/cgroup/outer/inner/memory.max", "4096\n");
  EXPECT_EQ(available(), 4096U);
}

TEST_F(AvailableBytes, LooksAtTheGroupThatAContainerSeesAsItsRoot) {
  tree_.write("proc/self/cgroup", "0::/\n");
  tree_.write("sys/fs/cgroup/memory.max", "8192\n");
  EXPECT_EQ(available(), 8192U);
}

}  // namespace
}  // namespace esc::topology
