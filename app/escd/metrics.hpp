// SPDX-License-Identifier: BSD-3-Clause
// All figures in Prometheus's text format: what `escctl metrics` prints. docs/metrics.md
#pragma once

#include <string>

#include "app/escd/snapshot.hpp"

namespace esc::app {

/// Of a settled snapshot with its topics. `version`: of escd.
[[nodiscard]] std::string metrics_text(const Snapshot& snapshot, const TopicReadings& topics,
                                       const std::string& version);

}  // namespace esc::app
