// SPDX-License-Identifier: BSD-3-Clause
// What a stage shows of itself: its counters and its rings.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "telemetry/any_reading.hpp"
#include "topology/plan.hpp"

namespace esc::appliance {

/// The figures of one stage, read at one look. escctl, rte_telemetry and the exposition show them
/// without knowing which stage it is.
struct StageFigures {
  /// Some of the stage's counters. `pipeline`: those of its work for that pipeline, if it has a
  /// block for each.
  struct Block {
    telemetry::AnyReading reading;
    std::optional<std::size_t> pipeline{};
  };
  /// A ring that the stage takes events from.
  struct Ring {
    std::string name;
    std::size_t pipeline = 0;
    std::vector<telemetry::AnyReading> readings;
  };

  topology::RoleIndex role;
  std::optional<std::size_t> pipeline{};  ///< that the stage belongs to; an RX stage feeds all
  std::vector<Block> blocks;
  std::vector<Ring> rings;
};

}  // namespace esc::appliance
