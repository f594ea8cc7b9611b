// SPDX-License-Identifier: BSD-3-Clause
// What the end of a run comes to: the ledger, the windows, the exit code.
#pragma once

#include "app/escd/appliance_names.hpp"
#include "app/escd/control_loop.hpp"
#include "app/escd/options.hpp"
#include "runtime/errands.hpp"

namespace esc::app {

struct Judgement {
  int exit_code = 0;
  /// A thread hangs in something, an lcore or one that writes to a disk: what it uses must stay.
  bool thread_left = false;
};

/// With every lcore stopped that does stop: closes the ports, keeps ledger and windows, each within
/// kDiskTimeoutMs, and says what is wrong. `disk` does nothing else; it is made at the start, when
/// there is memory for its thread. Main lcore.
[[nodiscard]] Judgement judge(Appliance& appliance, const RunEnd& end, const Options& options,
                              runtime::Errands& disk);

}  // namespace esc::app
