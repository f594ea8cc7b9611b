// SPDX-License-Identifier: BSD-3-Clause
#include "config/environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "config/checks.hpp"
#include "config/device.hpp"
#include "config/plan.hpp"
#include "config/text.hpp"

namespace esc::config {
namespace {

void check_lcores(const Check& check, const topology::Topology& topology) {
  auto planned = plan(check.config, topology, check.root);
  if (auto* problems = std::get_if<std::vector<Problem>>(&planned)) {
    for (Problem& problem : *problems) check.error(problem.where, problem.what, problem.fix);
    return;
  }
  for (Problem& warning : std::get<topology::LcorePlan>(planned).warnings) {
    check.warning(warning.where, warning.what, warning.fix);
  }
}

std::string place_of(const Config& config, std::size_t port) {
  return config.where("port[" + std::to_string(port) + "].device");
}

void check_virtual(const Check& check) {
  for (std::size_t i = 0; i < check.config.ports.size(); ++i) {
    const PortConfig& port = check.config.ports[i];
    if (port.device.kind == DeviceKind::kPci) continue;
    check_virtual_port(check, port, place_of(check.config, i));
    check_receiving(check, i);
  }
}

}  // namespace

std::string_view name(Severity severity) noexcept {
  return severity == Severity::kWarning ? "warning" : "error";
}

std::string to_text(const Finding& finding) {
  return finding.where + ": " + std::string(name(finding.severity)) + ": " + finding.what + "; " +
         finding.fix;
}

std::optional<Trouble> directory_trouble(const std::string& path, const std::string& key) {
  if (path.empty()) return std::nullopt;
  std::filesystem::path directory = std::filesystem::path(path).parent_path();
  if (directory.empty()) directory = ".";
  std::error_code error;
  const std::string shown = in_quotes(directory.native());
  if (!std::filesystem::is_directory(directory, error))
    return Trouble{"there is no directory " + shown, "create it, or change " + key};
  if (access(directory.c_str(), W_OK | X_OK) != 0)
    return Trouble{"cannot write to directory " + shown,
                   "change its permissions, or change " + key};
  return std::nullopt;
}

std::vector<Finding> check_devices(const Config& config, const topology::Topology& topology,
                                   const topology::SysRoot& root, bool running) {
  std::vector<Finding> findings;
  const Check check{config, root, findings, running};
  check_lcores(check, topology);
  for (std::size_t i = 0; i < config.ports.size(); ++i) {
    const PortConfig& port = config.ports[i];
    if (port.device.kind == DeviceKind::kPci) check_pci_port(check, port, place_of(config, i));
  }
  check_virtual(check);
  return findings;
}

std::vector<Finding> check_virtual_ports(const Config& config, const topology::SysRoot& root) {
  std::vector<Finding> findings;
  check_virtual(Check{config, root, findings});
  return findings;
}

MemoryFindings check_memory(const Config& config, const topology::SysRoot& root,
                            const MemoryNeed& need, bool running) {
  MemoryFindings found;
  const Check check{config, root, found.findings, running};
  found.hugepages = check_memory_kind(check, need);
  const std::uint64_t needed_bytes = found.hugepages ? need.hugepage_bytes : need.ordinary_bytes;
  check_limit(check, needed_bytes);
  const bool pins_memory = std::ranges::any_of(config.ports, [](const PortConfig& port) {
    return port.device.kind == DeviceKind::kPci || driver_family(port.device) == "af_xdp";
  });
  if (pins_memory) check_locked_memory(check, needed_bytes);
  return found;
}

}  // namespace esc::config
