// SPDX-License-Identifier: BSD-3-Clause
// Whole packets into a DPDK port.
#pragma once

#include <memory>

#include "esc-replay/send_options.hpp"
#include "esc-replay/sink.hpp"

namespace esc::replay {

/// Starts EAL under a file prefix of its own, opens the port and waits for its link.
/// `longest_packet_bytes` sizes the mbufs. Once per process. Throws Error.
[[nodiscard]] std::unique_ptr<Sink> open_dpdk_sink(const SendOptions& options,
                                                   std::uint64_t longest_packet_bytes);

}  // namespace esc::replay
