// SPDX-License-Identifier: BSD-3-Clause
// Threads beside the lcores.
#pragma once

namespace esc::app {

/// Sets the calling thread's name, ties it to `cpu` (the main lcore's), and blocks all signals.
/// Without that, a thread made before EAL pins the main lcore would run on every CPU, also on those
/// that poll ports; and a signal could cut a write short.
void settle_side_thread(const char* name, unsigned cpu);

}  // namespace esc::app
