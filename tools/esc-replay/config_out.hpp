// SPDX-License-Identifier: BSD-3-Clause
// Configuration for escd, to go with a trace.
#pragma once

#include <string>

#include "esc-replay/build_options.hpp"

namespace esc::replay {

/// One [[route]] per topic, in TOML.
[[nodiscard]] std::string make_routes(const BuildPlan& plan);

/// A whole configuration: the trace played once through a net_pcap port, on the first two CPUs this
/// process may use (or the one).
[[nodiscard]] std::string make_config(const BuildPlan& plan);

}  // namespace esc::replay
