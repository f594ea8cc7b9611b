// SPDX-License-Identifier: BSD-3-Clause
// EAL's log lines, through spdlog.
#pragma once

namespace esc::dpdk {

/// Points rte_log at spdlog's default logger. Call before rte_eal_init; control-path threads only
/// write it.
void route_eal_log_to_spdlog();

}  // namespace esc::dpdk
