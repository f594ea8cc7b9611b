// SPDX-License-Identifier: BSD-3-Clause
// Judges the end of a run: writes ledger and windows and decides the exit code.
#pragma once

#include "app/escd/appliance_fwd.hpp"
#include "app/escd/control_loop.hpp"
#include "app/escd/options.hpp"
#include "runtime/errands.hpp"

namespace esc::app {

struct Judgement {
  int exit_code = 0;
  /// A thread hangs (an lcore, or one that writes to a disk), so nothing that it uses may be
  /// destroyed.
  bool thread_left = false;
};

/// Called when every lcore that can be stopped has stopped: closes the ports, writes ledger and
/// windows, each within kDiskTimeoutMs, and reports what is wrong. `disk` is used for nothing else;
/// it is made at the start, when there is still memory for its thread. Main lcore.
[[nodiscard]] Judgement judge(Appliance& appliance, const RunEnd& end, const Options& options,
                              runtime::Errands& disk);

}  // namespace esc::app
