// SPDX-License-Identifier: BSD-3-Clause
// EAL's log lines, through spdlog.
#pragma once

namespace esc::dpdk {

/// Points rte_log at spdlog's default logger. To be called before rte_eal_init. Only threads of the
/// control path write to that log.
void route_eal_log_to_spdlog();

}  // namespace esc::dpdk
