#include "config/environment.hpp"

#include <unistd.h>

#include <array>
#include <fstream>
#include <optional>

#include "config/checks.hpp"
#include "config/device.hpp"
#include "config/plan.hpp"
#include "config/text.hpp"
#include "topology/memory.hpp"

namespace esc::config {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Severity::kCount)> kSeverityNames =
    {"error", "warning"};

/// How many there would be.
std::size_t check_lcores(const Check& check, const topology::Topology& topology) {
  auto planned = plan(check.config, topology, check.root);
  if (auto* problems = std::get_if<std::vector<Problem>>(&planned)) {
    for (Problem& problem : *problems) check.error(problem.where, problem.what, problem.fix);
    return 0;
  }
  const auto& found = std::get<topology::LcorePlan>(planned);
  for (const Problem& each : found.warnings) check.warning(each.where, each.what, each.fix);
  return found.lcores.size();
}

void check_virtual(const Check& check) {
  for (std::size_t i = 0; i < check.config.ports.size(); ++i) {
    const PortConfig& port = check.config.ports[i];
    if (port.device.kind == DeviceKind::kPci) continue;
    check_virtual_port(check, port, check.config.where("port[" + std::to_string(i) + "].device"));
    check_receiving(check, i);
  }
}

struct Trouble {
  std::string what;
  std::string fix;
};

/// Why no file can be made beside `path`; nullopt: it can.
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

void check_directory_of(const Check& check, const std::string& path, const std::string& key) {
  if (const auto trouble = directory_trouble(path, key))
    check.error(check.config.where(key), trouble->what, trouble->fix);
}

void check_log_file(const Check& check) {
  const std::string& file = check.config.log.file;
  check_directory_of(check, file, "log.file");
  std::error_code error;
  const auto type = std::filesystem::status(file, error).type();
  if (file.empty() || type == std::filesystem::file_type::regular ||
      type == std::filesystem::file_type::not_found || error) {
    return;
  }
  check.error(check.config.where("log.file"), in_quotes(file) + " is no regular file",
              "name one, or a new one; or leave log.file out");
}

/// Without it escd starts, and says at its end that it could not keep them.
void check_saved_windows(const Check& check) {
  const std::string key = "deduplication.state_file";
  if (const auto trouble = directory_trouble(check.config.deduplication.state_file, key))
    check.warning(check.config.where(key), trouble->what, trouble->fix);
}

// One that does not exist yet is made at the start, within a folder that does.
void check_folder(const Check& check, const std::string& path, const std::string& key) {
  if (path.empty()) return;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    const std::string within = path.substr(0, path.find_last_not_of('/') + 1);
    check_directory_of(check, within.empty() ? path : within, key);
  } else if (!std::filesystem::is_directory(path, error) ||
             access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    check.error(check.config.where(key),
                "cannot read and write in " + in_quotes(path) + ", or it is no directory",
                "change its permissions, or change " + key);
  }
}

}  // namespace

std::string_view name(Severity severity) noexcept {
  return kSeverityNames[static_cast<std::size_t>(severity)];
}

std::string to_text(const Finding& finding) {
  return finding.where + ": " + std::string(name(finding.severity)) + ": " + finding.what + "; " +
         finding.fix;
}

void check_paths(const Check& check) {
  check_log_file(check);
  check_directory_of(check, check.config.control.socket, "control.socket");
  check_saved_windows(check);
  check_folder(check, check.config.dead_letters.directory, "dead_letters.directory");
}

std::vector<Finding> check_virtual_ports(const Config& config, const topology::SysRoot& root) {
  std::vector<Finding> findings;
  check_virtual(Check{config, root, findings});
  return findings;
}

std::vector<Finding> check_environment(const Config& config, const topology::Topology& topology,
                                       const topology::SysRoot& root, const MemoryNeed& need,
                                       bool running) {
  std::vector<Finding> findings;
  const Check check{config, root, findings, running};
  const std::size_t lcores = check_lcores(check, topology);
  bool pins_memory = false;
  for (std::size_t i = 0; i < config.ports.size(); ++i) {
    const PortConfig& port = config.ports[i];
    const bool pci = port.device.kind == DeviceKind::kPci;
    if (pci) check_pci_port(check, port, config.where("port[" + std::to_string(i) + "].device"));
    pins_memory = pins_memory || pci || driver_family(port.device) == "af_xdp";
  }
  check_virtual(check);
  const MemoryChosen memory = check_memory(check, need);
  if (pins_memory) check_locked_memory(check, memory.bytes);
  const bool shares_files = memory.on_hugepages && !topology::writable_hugetlbfs(root).empty();
  check_process(check, {memory.on_hugepages, shares_files, memory.bytes, lcores});
  check_paths(check);
  return findings;
}

}  // namespace esc::config
