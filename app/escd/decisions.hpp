// SPDX-License-Identifier: BSD-3-Clause
// Decides in one place whether escd can start. `--check` prints what the decisions say; a start
// that they refuse ends with the same words and the same exit code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/escd/options.hpp"
#include "config/config.hpp"
#include "config/environment.hpp"
#include "dpdk/eal.hpp"
#include "topology/plan.hpp"
#include "topology/topology.hpp"

namespace esc::app {

/// What the decisions are about, and what they have found.
struct Situation {
  const Options& options;
  const config::Config& config;
  const topology::LcorePlan& plan;
  const topology::Topology& topology;
  const dpdk::EalSettings& eal;
  std::vector<config::Finding> findings = {};
  bool running = false;    ///< this very instance runs already: what it uses is not checked
  bool hugepages = false;  ///< what escd would run on
  bool log_is_fit = true;  ///< the log's file, if there is one, may be opened

  void add(std::vector<config::Finding> more);
  void add(config::Severity severity, std::string where, std::string what, std::string fix);
};

struct Decision {
  std::string_view name;
  /// Changes nothing on the machine: makes, renames and removes no file. If it takes a lock to ask,
  /// it lets it go at once.
  void (*look)(Situation&);
};

/// Makes all decisions, one after the other. A decision may rely on what an earlier one has found.
void decide(Situation& situation);

/// Names of the decisions, for people: "control socket, log file, ...".
[[nodiscard]] std::string decision_names();

/// kExitOk if only warnings were found; kExitConfig if the configuration has to be corrected; else
/// kExitStart.
[[nodiscard]] int exit_code_of(const std::vector<config::Finding>& findings);

}  // namespace esc::app
