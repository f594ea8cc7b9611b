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

/// Makes the plan. In problems, replaces the planner's key names by their places in the file.
[[nodiscard]] std::variant<topology::LcorePlan, std::vector<Problem>> plan(
    const Config& config, const topology::Topology& topology, const topology::SysRoot& root = {});

/// A problem for each route, the default route included, that names a worker which some pipeline of
/// the plan does not have.
[[nodiscard]] std::vector<Problem> check_route_workers(const Config& config,
                                                       const topology::LcorePlan& plan);

}  // namespace esc::config
