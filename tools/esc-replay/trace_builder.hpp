// Builds a whole trace: plans and writes packets on all cores, numbers and stores them in order.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "esc-replay/manifest.hpp"

namespace esc::replay {

struct BuiltTrace {
  Tally tally;
  TraceFacts facts;
};

/// Takes the packets in order; `time_ns` is Unix time. What it throws ends the building.
using PacketSink = std::function<void(std::uint64_t time_ns, std::span<const std::uint8_t> packet)>;

[[nodiscard]] BuiltTrace build_trace(const BuildPlan& plan, const PacketSink& sink);

/// `esc-replay build`: trace, manifest and whatever else was asked for; a summary on stdout.
void run_build(const BuildOptions& options);

}  // namespace esc::replay
