// SPDX-License-Identifier: BSD-3-Clause
// Says what to do about a device that cannot be opened, as far as that can be found out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "topology/problem.hpp"

namespace esc::dpdk {

struct PortSettings;

/// Looks at the machine as it is now. Never throws.
[[nodiscard]] std::string probe_fix(const PortSettings& settings);

/// Why a memif port cannot be the server of its socket: another process is, the path belongs to
/// something that nobody listens on, or no socket can be made. `where` is empty. Makes no
/// connection.
[[nodiscard]] std::optional<topology::Problem> memif_problem(const std::string& device);

/// What to do about a receive queue that the driver refused. `pool_mbufs`: the size of the pool
/// that it was given.
[[nodiscard]] std::string queue_fix(const PortSettings& settings, std::size_t pool_mbufs);

/// Value of `key` in "name,key=value,..."; empty without it.
[[nodiscard]] std::string device_argument(const std::string& device, const std::string& key);

}  // namespace esc::dpdk
