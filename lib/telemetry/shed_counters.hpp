// SPDX-License-Identifier: BSD-3-Clause
// Frames shed for want of room, by the level that shed them.
#pragma once

#include "base/pressure.hpp"
#include "telemetry/counter.hpp"

namespace esc::telemetry {

/// One for each RX lcore, which alone writes it: `add(level)` with the level of the word that the
/// frame was judged by. Anyone reads.
using ShedCounters = CounterSet<PressureLevel>;

}  // namespace esc::telemetry
