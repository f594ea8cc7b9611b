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

/// One pass over the machine: what it looks at, and what it has found so far.
struct Check {
  const Config& config;
  const topology::SysRoot& root;
  std::vector<Finding>& findings;
  bool running = false;  ///< this instance is running already, and has its ports and memory

  void error(std::string where, std::string what, std::string fix) const {
    findings.push_back({Severity::kError, std::move(where), std::move(what), std::move(fix)});
  }
  /// Adds a finding about something that is taken or short, or that is missing and may appear by
  /// itself.
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
/// Checks memory that a device pins: RLIMIT_MEMLOCK bounds it unless the process is privileged.
void check_locked_memory(const Check& check, std::uint64_t needed_bytes);
void check_process(const Check& check, const ProcessNeed& need);

/// Checks the traces that a net_pcap port plays.
void check_traces(const Check& check, const PortConfig& port, const std::string& where);
/// Whether port `index` receives what comes to it, all of it and nothing else: queues that nobody
/// polls, ports that share an interface, packets that are cut.
void check_receiving(const Check& check, std::size_t index);

/// Whether this process has the capability, by /proc/self/status; true if that cannot be read.
[[nodiscard]] bool has_capability(const topology::SysRoot& root, Capability capability);

using topology::first_number;

}  // namespace esc::config
