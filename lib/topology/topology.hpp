// SPDX-License-Identifier: BSD-3-Clause
// What the machine has: its CPUs, their NUMA nodes and physical cores, and which of them this
// process may use.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "topology/sys_root.hpp"

namespace esc::topology {

struct Cpu {
  unsigned id = 0;      ///< the kernel's number; may exceed DPDK's RTE_MAX_LCORE
  int node = 0;         ///< NUMA node
  unsigned core = 0;    ///< lowest CPU number among the hyperthreads of this physical core
  bool allowed = true;  ///< in this process's affinity mask

  friend bool operator==(const Cpu&, const Cpu&) = default;
};

/// A value: make one by hand in a test, or take `snapshot()`.
struct Topology {
  std::vector<Cpu> cpus;  ///< online CPUs, ascending by id

  [[nodiscard]] const Cpu* find(
      unsigned id) const noexcept;  ///< nullptr: no such CPU, or it is offline
  [[nodiscard]] std::vector<unsigned> ids() const;
  [[nodiscard]] std::vector<unsigned> allowed_ids() const;
  [[nodiscard]] std::vector<unsigned> ids_on_node(int node) const;  ///< allowed ones only
  [[nodiscard]] std::size_t node_count() const;

  friend bool operator==(const Topology&, const Topology&) = default;
};

/// Reads the machine: online CPUs and hyperthreads from sysfs, nodes from libnuma, the affinity
/// mask from the kernel. Take it before `rte_eal_init`, which narrows the calling thread's
/// affinity. Any thread; start-up only.
[[nodiscard]] Topology snapshot(const SysRoot& root = {});

/// "0-3,8" -> {0,1,2,3,8}, as sysfs writes CPU lists. nullopt: not such a list.
[[nodiscard]] std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text);

/// {0,1,2,3,8} -> "0-3,8". `ids` ascending.
[[nodiscard]] std::string format_cpu_list(std::span<const unsigned> ids);

/// NUMA node that holds the page at `address`; nullopt when the page is not there yet (touch it
/// first) or the kernel does not say.
[[nodiscard]] std::optional<int> node_of(const void* address) noexcept;

}  // namespace esc::topology
