// SPDX-License-Identifier: BSD-3-Clause
// The folder in which EAL keeps an instance's sockets and descriptions.
#pragma once

#include <optional>
#include <string>

#include "topology/problem.hpp"
#include "topology/sys_root.hpp"

namespace esc::topology {

/// As EAL chooses it: in $RUNTIME_DIRECTORY; else for root in /var/run, for others in
/// $XDG_RUNTIME_DIR, or in /tmp.
[[nodiscard]] std::string eal_runtime_directory(const std::string& instance);

/// Why EAL cannot make or use it, and what to do; nullopt: it can. Changes nothing. `root` applies
/// to the folders that no environment variable names.
[[nodiscard]] std::optional<Problem> runtime_directory_problem(const std::string& instance,
                                                               const SysRoot& root);

/// Whether another process runs under that file prefix: EAL holds a lock on its file as long as it
/// runs. Takes no lock itself. `where` is empty.
[[nodiscard]] std::optional<Problem> file_prefix_problem(const std::string& instance);

}  // namespace esc::topology
