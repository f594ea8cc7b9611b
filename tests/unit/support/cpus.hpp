// SPDX-License-Identifier: BSD-3-Clause
// CPUs and threads: where a test with several of them runs.
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <vector>

namespace esc::test {

/// The CPUs this process may use, in order.
[[nodiscard]] inline std::vector<int> allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

/// Keeps the calling thread on `cpu`.
inline void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  ASSERT_EQ(pthread_setaffinity_np(pthread_self(), sizeof(set), &set), 0);
}

}  // namespace esc::test
