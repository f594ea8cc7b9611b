// SPDX-License-Identifier: BSD-3-Clause
// From configuration to lcore plan.
#pragma once

#include <variant>
#include <vector>

#include "config/config.hpp"
#include "topology/plan.hpp"

namespace esc::config {

/// What the configuration asks the planner for; the NUMA nodes of PCI ports come from sysfs.
[[nodiscard]] topology::RoleRequest role_request(const Config& config,
                                                 const topology::SysRoot& root = {});

/// Plans, and puts the place in the file where the planner names a key.
[[nodiscard]] std::variant<topology::LcorePlan, std::vector<Problem>> plan(
    const Config& config, const topology::Topology& topology, const topology::SysRoot& root = {});

/// Routes, the default one among them, that name a worker which not every pipeline of the plan has.
[[nodiscard]] std::vector<Problem> check_route_workers(const Config& config,
                                                       const topology::LcorePlan& plan);

}  // namespace esc::config
