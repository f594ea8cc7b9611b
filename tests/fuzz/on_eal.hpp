// SPDX-License-Identifier: BSD-3-Clause
// What the fuzz targets with packet buffers have alike.
#pragma once

#include <rte_eal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#define REQUIRE(condition) require((condition), #condition, __LINE__)

inline void require(bool condition, const char* what, int line) {
  if (condition) return;
  std::fprintf(stderr, "line %d: %s does not hold\n", line, what);
  std::abort();
}

/// On ordinary pages and the present CPU, with so much memory. Once in a process: EAL keeps the
/// arguments.
inline void start_eal(const char* program, unsigned mib) {
  static std::vector<std::string> args = {program,
                                          "--no-huge",
                                          "--no-shconf",
                                          "--no-pci",
                                          "--no-telemetry",
                                          "-m",
                                          std::to_string(mib),
                                          "--lcores",
                                          "0@" + std::to_string(sched_getcpu()),
                                          "--log-level=error",
                                          "--file-prefix",
                                          "fuzz" + std::to_string(getpid())};
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  REQUIRE(rte_eal_init(static_cast<int>(argv.size()), argv.data()) >= 0);
}
