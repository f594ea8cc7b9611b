// SPDX-License-Identifier: BSD-3-Clause
// Every route as it is in force, for operators.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "config/config.hpp"

namespace esc::route {

/// In the order of the file; the default route last, with an empty topic. Every route has every
/// key, so that they make one table.
[[nodiscard]] nlohmann::ordered_json route_list(const config::Config& config);

}  // namespace esc::route
