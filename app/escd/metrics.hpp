// SPDX-License-Identifier: BSD-3-Clause
// All figures in Prometheus's text format: what `escctl metrics` prints. docs/metrics.md
#pragma once

#include <cstddef>
#include <string>

#include "app/escd/snapshot.hpp"

namespace esc::app {

/// Topics whose series are written if nobody asks for another number, and the most that may be
/// asked for: topics may be a million, and each has a series in every family of topics.
inline constexpr std::size_t kTopicsInMetrics = 256;
inline constexpr std::size_t kMostTopicsInMetrics = 10'000;

/// Of a settled snapshot with its topics. `version`: of escd.
[[nodiscard]] std::string metrics_text(const Snapshot& snapshot, const TopicReadings& topics,
                                       const std::string& version);

}  // namespace esc::app
