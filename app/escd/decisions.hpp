// SPDX-License-Identifier: BSD-3-Clause
// Whether escd can start, decided in one place: `--check` prints what these say, and a start that
// they speak against ends with the same words and the same exit code.
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
  bool running = false;    ///< this very instance runs: what it has is not looked at
  bool hugepages = false;  ///< what escd would run on
  bool log_is_fit = true;  ///< the log's file may be opened, if there is one

  void add(std::vector<config::Finding> more);
  void add(config::Severity severity, std::string where, std::string what, std::string fix);
};

struct Decision {
  std::string_view name;
  /// Changes nothing on the machine: makes, renames and removes no file, and lets each lock that it
  /// asks for go at once.
  void (*look)(Situation&);
};

/// All of them, in turn. One that needs the machine to be as a former one wants it may rely on it.
void decide(Situation& situation);

/// What was looked at, for who reads: "control socket, log file, ...".
[[nodiscard]] std::string decision_names();

/// kExitOk if only warnings were found; kExitConfig if anything is to be put right first, else
/// kExitStart.
[[nodiscard]] int exit_code_of(const std::vector<config::Finding>& findings);

}  // namespace esc::app
