// SPDX-License-Identifier: BSD-3-Clause
// Decides which EAL arguments a configuration may contain. Internal to lib/config.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace esc::config {

struct EalArgProblem {
  std::size_t index = 0;  ///< in the list
  std::string what;
  std::string fix;
};

/// Refuses options that escd makes from the plan or from another key, in every form that
/// getopt_long accepts: "--opt=value", "--opt" "value", abbreviated, "-l0-3".
[[nodiscard]] std::vector<EalArgProblem> check_eal_args(std::span<const std::string> args);

/// `--no-pci` is among them.
[[nodiscard]] bool disables_pci(std::span<const std::string> args);

}  // namespace esc::config
