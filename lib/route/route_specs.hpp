// SPDX-License-Identifier: BSD-3-Clause
// Turns the configuration into the parts of which a RouteSet is built.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "route/route_set.hpp"

namespace esc::route {

/// Index of the handler of that name, which exists.
using HandlerIndex = std::function<std::uint16_t(std::string_view)>;

/// Routes in the order of the file. Slots are left to the caller.
[[nodiscard]] std::vector<RouteSpec> route_specs(const config::Config& config,
                                                 const HandlerIndex& handler_index);
[[nodiscard]] UnknownSpec unknown_spec(const config::Config& config,
                                       const HandlerIndex& handler_index);

}  // namespace esc::route
