// SPDX-License-Identifier: BSD-3-Clause
// Builds a whole trace: plans and writes packets on all cores, numbers and stores them in order.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <span>

#include "esc-replay/manifest.hpp"

namespace esc::replay {

/// Takes the packets in order; `time_ns` is Unix time. What it throws ends the building.
using PacketSink = std::function<void(std::uint64_t time_ns, std::span<const std::uint8_t> packet)>;

/// Reports progress after each batch of some thousand packets: packets and bytes that arrive, and
/// `share`, the part that is done, up to 1.
using BuildProgressSink =
    std::function<void(std::uint64_t packets, std::uint64_t bytes, double share)>;

/// `sink_b`: takes what the second port receives, where the plan has one.
[[nodiscard]] BuiltTrace build_trace(const BuildPlan& plan, const PacketSink& sink,
                                     const BuildProgressSink& progress = {},
                                     const PacketSink& sink_b = {});

/// Seconds since any fixed moment.
using SecondsClock = std::function<double()>;
[[nodiscard]] double steady_seconds();

/// `esc-replay build`: trace, manifest and whatever else was asked for; a summary into `out` and,
/// unless quiet, a line a second on stderr.
void run_build(const BuildOptions& options, std::ostream& out,
               const SecondsClock& seconds = steady_seconds);

}  // namespace esc::replay
