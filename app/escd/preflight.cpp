// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/preflight.hpp"

#include <algorithm>
#include <iostream>
#include <ostream>
#include <string>

#include "app/escd/decisions.hpp"
#include "app/escd/exit_codes.hpp"
#include "appliance/sizing.hpp"
#include "base/units.hpp"
#include "config/plan.hpp"
#include "topology/topology.hpp"

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

std::uint64_t in_mib(std::uint64_t bytes) {
  return (bytes + kMiB - 1) / kMiB;
}

/// --check: the exit code is that of a start at this moment.
int print_findings(const Situation& now, std::ostream& out) {
  if (now.running) {
    out << now.config.file << ": instance \"" << now.config.instance
        << "\" is running: ports, memory and dead letters that are taken may be its own, and "
           "are not looked at\n";
  }
  for (const config::Finding& finding : now.findings) out << to_text(finding) << '\n';
  out << now.config.file << ": looked at: " << decision_names() << '\n';
  const auto errors = std::ranges::count_if(now.findings, [](const config::Finding& finding) {
    return finding.severity != config::Severity::kWarning;
  });
  if (errors != 0) {
    out << errors << (errors == 1 ? " error" : " errors") << ": escd would not start\n";
    return exit_code_of(now.findings);
  }
  const topology::MemoryWish wish = dpdk::memory_wish(now.eal);
  out << now.config.file << ": ready to start; pools, rings and EAL take "
      << in_mib(wish.hugepage_bytes) << " MiB of hugepages, or " << in_mib(wish.ordinary_bytes)
      << " MiB of ordinary memory\n";
  return kExitOk;
}

}  // namespace

std::variant<Prepared, int> prepare(const Options& options, const worker::HandlerRegistry& handlers,
                                    std::ostream& out) {
  auto loaded =
      config::load(options.config_file, {options.set, options.eal_args}, handlers.names());
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
  }
  dpdk::EalSettings eal = appliance::eal_settings(config, plan);
  Situation now{options, config, plan, topology, eal};
  decide(now);
  if (options.check) return print_findings(now, out);
  std::vector<config::Finding> findings = std::move(now.findings);
  return Prepared{std::move(config), std::move(plan), std::move(eal), std::move(findings),
                  now.log_is_fit};
}

}  // namespace esc::app
