// SPDX-License-Identifier: BSD-3-Clause
// What to do about a device that cannot be opened, as far as that can be told.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "topology/problem.hpp"

namespace esc::dpdk {

struct PortSettings;

/// Looks at the machine as it is now. Never throws.
[[nodiscard]] std::string probe_fix(const PortSettings& settings);

/// Why a memif port that is its socket's server could not be: another is, something that nobody
/// listens on stands there, or no socket can be made. `where` is empty. Makes no connection.
[[nodiscard]] std::optional<topology::Problem> memif_problem(const std::string& device);

/// What to do about a receive queue that the driver refused. `pool_mbufs`: what it was offered.
[[nodiscard]] std::string queue_fix(const PortSettings& settings, std::size_t pool_mbufs);

/// Value of `key` in "name,key=value,..."; empty without it.
[[nodiscard]] std::string device_argument(const std::string& device, const std::string& key);

}  // namespace esc::dpdk
