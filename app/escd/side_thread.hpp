// SPDX-License-Identifier: BSD-3-Clause
// Threads beside the lcores.
#pragma once

namespace esc::app {

/// For the calling thread: its name, the CPU that it keeps to, which is the main lcore's, and no
/// signal at all. A thread that is made before EAL pins the main lcore's would go on running on
/// every CPU, those that poll ports included; and a signal must not cut a write short.
void settle_side_thread(const char* name, unsigned cpu);

}  // namespace esc::app
