// SPDX-License-Identifier: BSD-3-Clause
// Finds out whether DPDK has a driver, before DPDK is started.
#pragma once

#include <optional>
#include <string>

#include "topology/problem.hpp"

namespace esc::dpdk {

/// Why EAL would not know a driver of that name ("net_pcap"): its library is not among those that
/// EAL loads. nullopt: it would, or that cannot be told. `where` is empty.
[[nodiscard]] std::optional<topology::Problem> driver_problem(const std::string& driver);

}  // namespace esc::dpdk
