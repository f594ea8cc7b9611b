// SPDX-License-Identifier: BSD-3-Clause
// Whether DPDK has a driver, asked before it is started.
#pragma once

#include <optional>
#include <string>

#include "topology/problem.hpp"

namespace esc::dpdk {

/// Why EAL would know no driver of that name ("net_pcap"), if it can be told: no library of it is
/// among those that EAL loads. `where` is empty.
[[nodiscard]] std::optional<topology::Problem> driver_problem(const std::string& driver);

}  // namespace esc::dpdk
