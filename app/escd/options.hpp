// SPDX-License-Identifier: BSD-3-Clause
// escd's command line.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/standard_output.hpp"

namespace esc::app {

struct Options {
  std::string config_file;
  std::vector<std::string> set;       ///< --set key=value
  std::vector<std::string> eal_args;  ///< what follows "--"
  std::string ledger_file;            ///< empty: none
  std::optional<double> run_for_s;
  std::optional<double> exit_when_idle_s;
  bool check = false;
  bool print_plan = false;
  bool progress = false;
};

/// The options, or the exit code of a run that ends here (--help, --version, or a mistake, whose
/// message was printed).
[[nodiscard]] std::variant<Options, int> parse_options(int argc, char** argv,
                                                       cli::StandardOutput& out);

}  // namespace esc::app
