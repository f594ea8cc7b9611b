// SPDX-License-Identifier: BSD-3-Clause
// All figures in Prometheus's text format: what `escctl metrics` prints. docs/metrics.md
#pragma once

#include <string>

#include "app/escd/snapshot.hpp"

namespace esc::app {

/// Of a snapshot with each ledger, the health and the topics that are to be shown. `version`: of
/// escd.
[[nodiscard]] std::string metrics_text(const Snapshot& snapshot, const std::string& version);

}  // namespace esc::app
