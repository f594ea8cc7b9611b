// SPDX-License-Identifier: BSD-3-Clause
// The parts of check_devices and check_memory. Internal to lib/config.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/environment.hpp"
#include "topology/small_file.hpp"

namespace esc::config {

/// What one pass over the machine looks at, and what it found.
struct Check {
  const Config& config;
  const topology::SysRoot& root;
  std::vector<Finding>& findings;
  bool running = false;  ///< this very instance runs, and has its ports and memory

  void error(std::string where, std::string what, std::string fix) const {
    findings.push_back({Severity::kError, std::move(where), std::move(what), std::move(fix)});
  }
  /// What is taken or short, or is not there and may come by itself.
  void unavailable(std::string where, std::string what, std::string fix) const {
    findings.push_back({Severity::kUnavailable, std::move(where), std::move(what), std::move(fix)});
  }
  void warning(std::string where, std::string what, std::string fix) const {
    findings.push_back({Severity::kWarning, std::move(where), std::move(what), std::move(fix)});
  }
};

/// Linux capability numbers (linux/capability.h).
enum class Capability : std::uint8_t {
  kNetAdmin = 12,
  kNetRaw = 13,
  kSysAdmin = 21,
  kSysResource = 24
};

void check_virtual_port(const Check& check, const PortConfig& port, const std::string& where);
void check_pci_port(const Check& check, const PortConfig& port, const std::string& where);
/// Whether escd would run on hugepages.
bool check_memory_kind(const Check& check, const MemoryNeed& need);
void check_limit(const Check& check, std::uint64_t needed_bytes);
/// Memory that a device pins: bounded by RLIMIT_MEMLOCK unless the process is privileged.
void check_locked_memory(const Check& check, std::uint64_t needed_bytes);
void check_process(const Check& check, const ProcessNeed& need);

/// The traces that a net_pcap port plays.
void check_traces(const Check& check, const PortConfig& port, const std::string& where);
/// Whether port `index` receives what comes to it, all of it and nothing else: queues that nobody
/// polls, ports that share an interface, packets that are cut.
void check_receiving(const Check& check, std::size_t index);

/// In this process's effective set, by /proc/self/status; true when that cannot be read.
[[nodiscard]] bool has_capability(const topology::SysRoot& root, Capability capability);

using topology::first_number;

}  // namespace esc::config
