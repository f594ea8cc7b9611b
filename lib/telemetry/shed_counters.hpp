// SPDX-License-Identifier: BSD-3-Clause
// Frames that were shed for want of room, counted by pressure level.
#pragma once

#include "base/pressure.hpp"
#include "telemetry/counter.hpp"

namespace esc::telemetry {

/// One for each RX lcore. Only that lcore writes it: it calls `add(level)` with the level of the
/// pressure word by which it judged the frame. Anyone reads.
using ShedCounters = CounterSet<PressureLevel>;

}  // namespace esc::telemetry
