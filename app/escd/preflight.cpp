#include "app/escd/preflight.hpp"

#include <algorithm>
#include <iostream>
#include <ostream>
#include <string>

#include "app/escd/exit_codes.hpp"
#include "app/escd/ledger_file.hpp"
#include "app/escd/sizing.hpp"
#include "config/environment.hpp"
#include "config/plan.hpp"
#include "control/bound_socket.hpp"
#include "control/socket_path.hpp"
#include "dpdk/eal.hpp"
#include "topology/topology.hpp"
#include "worker/handler.hpp"

namespace esc::app {
namespace {

int say(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems)
    std::cerr << "error: " << to_text(problem) << '\n';
  return kExitConfig;
}

void warn(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems)
    std::cerr << "warning: " << to_text(problem) << '\n';
}

/// What EAL is asked for on pages of that size.
std::uint64_t needed_bytes(const config::Config& config, std::uint64_t page_bytes) {
  return memory_bytes(config, page_bytes) + dpdk::kEalOverheadBytes;
}

std::uint64_t in_mib(std::uint64_t bytes) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  return (bytes + kMiB - 1) / kMiB;
}

int check(const config::Config& config, const topology::Topology& topology, std::ostream& out) {
  const std::uint64_t on_hugepages = needed_bytes(config, dpdk::kHugepageBytes);
  const std::uint64_t on_ordinary = needed_bytes(config, dpdk::kOrdinaryPageBytes);
  const bool running =
      control::answers(config.control.socket.empty() ? control::default_socket_path(config.instance)
                                                     : config.control.socket);
  if (running) {
    out << config.file << ": instance \"" << config.instance
        << "\" is running: ports and memory that are taken may be its own, and are not "
           "looked at\n";
  }
  const auto findings =
      config::check_environment(config, topology, {}, {on_hugepages, on_ordinary}, running);
  for (const config::Finding& finding : findings) out << to_text(finding) << '\n';
  const auto errors = std::count_if(findings.begin(), findings.end(), [](const auto& finding) {
    return finding.severity == config::Severity::kError;
  });
  if (errors != 0) {
    out << errors << (errors == 1 ? " error" : " errors") << ": escd would not start\n";
    return kExitConfig;
  }
  out << config.file << ": ready to start; pools, rings and EAL take " << in_mib(on_hugepages)
      << " MiB of hugepages, or " << in_mib(on_ordinary) << " MiB of ordinary memory\n";
  return kExitOk;
}

/// The part of --check without which a start would receive less than it says, or something else.
/// What only is not there yet is worth another start.
int judge_ports(const config::Config& config) {
  int code = kExitOk;
  for (const config::Finding& finding : config::check_virtual_ports(config, {})) {
    std::cerr << to_text(finding) << '\n';
    if (finding.severity != config::Severity::kError || code == kExitConfig) continue;
    code = finding.absent ? kExitStart : kExitConfig;
  }
  return code;
}

}  // namespace

std::variant<Prepared, int> prepare(const Options& options, std::ostream& out) {
  if (const auto problem = unfit_ledger_file(options.ledger_file)) return say({*problem});
  auto loaded =
      config::load(options.config_file, {options.set, options.eal_args}, worker::handler_names());
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded))
    return say(*problems);
  auto& config = std::get<config::Config>(loaded);
  warn(config.warnings);

  const topology::Topology topology = topology::snapshot();
  auto planned = config::plan(config, topology);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&planned))
    return say(*problems);
  auto& plan = std::get<topology::LcorePlan>(planned);

  if (options.print_plan) {
    out << topology::to_text(plan);
    if (!options.check) return static_cast<int>(kExitOk);
  } else {
    warn(plan.warnings);
  }
  if (options.check) return check(config, topology, out);
  if (const int code = judge_ports(config); code != kExitOk) return code;
  return Prepared{std::move(config), std::move(plan)};
}

}  // namespace esc::app
