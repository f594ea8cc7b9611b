// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/config_out.hpp"

#include <sched.h>

#include <cstdio>
#include <filesystem>
#include <vector>

#include "esc-replay/error.hpp"

namespace esc::replay {
namespace {

/// A TOML basic string. Topics hold no control characters; a path might.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::vector<int> usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    }
  }
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

std::string port_table(const BuildPlan& plan, std::size_t index, const std::string& file) {
  const std::string trace = std::filesystem::absolute(file).string();
  if (trace.find_first_of(",=") != std::string::npos) {
    throw usage_error(
        "--config-out: the trace's path '" + trace +
        "' holds a comma or an equals sign, which DPDK device arguments cannot carry");
  }
  return "[[port]]\n"
         "device = " +
         quoted("net_pcap" + std::to_string(index) + ",rx_pcap=" + trace) +
         "\n"
         "udp_ports = [" +
         std::to_string(plan.options.udp_port) +
         "]\n"
         "checksum = " +
         quoted(plan.options.checksum) +
         "\n"
         "rx_queues = 1\n\n";
}

}  // namespace

std::string make_routes(const BuildPlan& plan) {
  std::string text;
  for (const std::string& topic : plan.topics.listed()) {
    text += "[[route]]\ntopic = " + quoted(topic) + "\nhandler = " + quoted(plan.options.handler) +
            "\n\n";
  }
  return text;
}

std::string make_config(const BuildPlan& plan) {
  const std::vector<int> cpus = usable_cpus();
  const std::string first = std::to_string(cpus.front());
  const std::string second = std::to_string(cpus.size() > 1 ? cpus[1] : cpus[0]);
  std::string ports = port_table(plan, 0, plan.options.out);
  if (!plan.options.out_b.empty()) ports += port_table(plan, 1, plan.options.out_b);
  return "# Plays a trace of esc-replay once.\n"
         "instance = \"replay\"\n\n"
         "[eal]\nargs = [\"--no-pci\"]\n\n" +
         ports +
         "[lcores]\n"
         "rx = [" +
         first +
         "]\n"
         "dispatch = " +
         second +
         "\n"
         "workers = [" +
         second +
         "]\n"
         "idle = \"adaptive\"\n\n" +
         make_routes(plan);
}

}  // namespace esc::replay
