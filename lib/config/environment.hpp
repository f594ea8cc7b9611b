// SPDX-License-Identifier: BSD-3-Clause
// Checks whether the machine has what the configuration needs, without starting anything: `escd
// --check`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "topology/sys_root.hpp"
#include "topology/topology.hpp"

namespace esc::config {

enum class Severity : std::uint8_t {
  kError,        ///< escd cannot start until the configuration or the machine is corrected
  kUnavailable,  ///< escd cannot start now: something is taken, short or not there yet
  kWarning,      ///< escd starts, but something is not as good as it could be
  kCount
};
[[nodiscard]] std::string_view name(Severity severity) noexcept;

struct Finding {
  Severity severity = Severity::kError;
  std::string where;  ///< place in the file
  std::string what;
  std::string fix;

  friend bool operator==(const Finding&, const Finding&) = default;
};

/// "where: error: what; fix", on one line.
[[nodiscard]] std::string to_text(const Finding& finding);

/// The memory that DPDK will be asked for, on hugepages or ordinary pages, whichever are free.
struct MemoryNeed {
  std::uint64_t hugepage_bytes = 0;
  std::uint64_t ordinary_bytes = 0;
};

/// What this process needs from the kernel besides memory.
struct ProcessNeed {
  bool on_hugepages = false;
  bool shares_files = false;  ///< its memory is in hugetlbfs, where other processes can find it
  std::uint64_t memory_bytes = 0;
  std::size_t lcores = 0;
};
/// Checks the limits of this process (ulimit), and the folder in which DPDK keeps its files. Both
/// --check and a start go by the findings.
[[nodiscard]] std::vector<Finding> check_process(const Config& config, const ProcessNeed& need);

/// Checks CPUs and their nodes, PCI addresses and the drivers they are bound to, interfaces, trace
/// files and capabilities. `running`: this very instance runs already, so what it has in use is no
/// problem. Device files (rx_pcap=...) are looked for as given, system files below `root`. Start-up
/// only, like all of these; nothing is changed.
[[nodiscard]] std::vector<Finding> check_devices(const Config& config,
                                                 const topology::Topology& topology,
                                                 const topology::SysRoot& root,
                                                 bool running = false);

/// The part of check_devices() about ports on virtual devices: their interfaces, rights, traces and
/// queues.
[[nodiscard]] std::vector<Finding> check_virtual_ports(const Config& config,
                                                       const topology::SysRoot& root);

struct MemoryFindings {
  std::vector<Finding> findings;
  bool hugepages = false;  ///< what escd would run on
};

/// Checks memory of the kind that escd would run on, memory.limit_mib and locked memory.
[[nodiscard]] MemoryFindings check_memory(const Config& config, const topology::SysRoot& root,
                                          const MemoryNeed& need, bool running = false);

struct Trouble {
  std::string what;
  std::string fix;
};

/// Why no file can be made at `path`, the value of `key`. nullopt: its folder exists, and can be
/// written to.
[[nodiscard]] std::optional<Trouble> directory_trouble(const std::string& path,
                                                       const std::string& key);

}  // namespace esc::config
