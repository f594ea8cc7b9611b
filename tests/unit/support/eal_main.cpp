// SPDX-License-Identifier: BSD-3-Clause
// main() for tests that need mbufs: EAL on ordinary pages, no devices, no files shared with anyone.
#include <gtest/gtest.h>
#include <rte_eal.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <string>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::string prefix = "esctest" + std::to_string(getpid());
  const std::string cpu = "0@" + std::to_string(sched_getcpu());  // one that we may use
  std::array<std::string, 12> args = {
      "test", "--no-huge",      "--no-shconf",       "--no-pci",      "-m",  "256", "--lcores",
      cpu,    "--no-telemetry", "--log-level=error", "--file-prefix", prefix};
  std::array<char*, 12> eal_argv{};
  for (std::size_t i = 0; i < args.size(); ++i) eal_argv[i] = args[i].data();
  if (rte_eal_init(static_cast<int>(eal_argv.size()), eal_argv.data()) < 0) return 1;
  const int result = RUN_ALL_TESTS();
  rte_eal_cleanup();
  return result;
}
