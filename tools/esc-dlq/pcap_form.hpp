// SPDX-License-Identifier: BSD-3-Clause
// Dead letters as packets, for tools that read captures.
#pragma once

#include <string>

#include "dlq/record.hpp"

namespace esc::dlq_tool {

/// What a pcap file begins with: Ethernet, nanoseconds, this machine's byte order.
[[nodiscard]] std::string pcap_head();

/// A letter as the packet that could have brought it, received when it was: UDP from its peer
/// (0.0.0.0 if that is not known) to 0.0.0.0, port kPcapPort; a session frame with its identity and
/// replay count before the frame, if it has one. Empty: it does not fit a packet.
[[nodiscard]] std::string pcap_packet(const dlq::Record& record);

inline constexpr std::uint16_t kPcapPort = 9001;

}  // namespace esc::dlq_tool
