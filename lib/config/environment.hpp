// What the configuration needs from the machine, looked at without starting anything: `escd
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
  kError,    ///< escd would not start
  kWarning,  ///< it starts, but not as well as it could
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

/// Memory that pools and rings will take, in bytes: an estimate from the configuration alone, for
/// preflight.
[[nodiscard]] std::uint64_t estimate_memory_bytes(const Config& config);

/// Everything that can be told beforehand: CPUs and their nodes, PCI addresses and the drivers they
/// are bound to, interfaces, trace files, hugepages, locked memory, capabilities. Device files
/// (rx_pcap=...) are looked for as given, system files below `root`. `needed_bytes`: what DPDK will
/// be asked for, if the caller knows it better than `estimate_memory_bytes`. Start-up only.
[[nodiscard]] std::vector<Finding> check_environment(
    const Config& config, const topology::Topology& topology, const topology::SysRoot& root = {},
    std::optional<std::uint64_t> needed_bytes = std::nullopt);

}  // namespace esc::config
