// SPDX-License-Identifier: BSD-3-Clause
// From two samples of the stats document to one line of rates.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace esc::ctl {

/// One figure of a line, and the heading above it.
struct RateColumn {
  std::string heading;
  std::optional<double> value;  ///< unset: not known, for example because a counter went backwards
};

/// Uptime (s), each stage's events/s, drops/s over all stages, missed/s over all ports (imissed,
/// rx_nombuf and ierrors: packets that never reached us), each ring's depth. Keys that a document
/// lacks make no column. The time between the samples is taken from their "time_s", else
/// "uptime_s".
[[nodiscard]] std::vector<RateColumn> rates(const nlohmann::ordered_json& before,
                                            const nlohmann::ordered_json& after);

/// Headings and figures in columns of the same width, each with its newline.
[[nodiscard]] std::string heading_line(const std::vector<RateColumn>& columns);
[[nodiscard]] std::string figure_line(const std::vector<RateColumn>& columns);

}  // namespace esc::ctl
