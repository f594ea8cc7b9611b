// SPDX-License-Identifier: BSD-3-Clause
// The settings of [health]: how much may be lost while the appliance still counts as healthy. Plain
// values, so that lib/control does not depend on the format of the file.
#pragma once

#include <cstdint>

namespace esc::config {

/// A bound that is never exceeded: such losses are shown, but never make the appliance unhealthy.
inline constexpr std::uint64_t kNeverUnhealthy = 1'000'000'000'000;

/// Each bound is the largest number of losses in any window that is still healthy.
struct HealthConfig {
  std::uint32_t window_s = 300;
  std::uint64_t max_port_losses = 0;
  std::uint64_t max_losses = 0;
  std::uint64_t max_shed = 0;
  std::uint64_t max_dropped_as_told = kNeverUnhealthy;
  std::uint64_t max_refused = kNeverUnhealthy;
  std::uint64_t max_producer_gaps = 0;
  std::uint32_t max_handler_busy_percent = 100;

  friend bool operator==(const HealthConfig&, const HealthConfig&) = default;
};

}  // namespace esc::config
