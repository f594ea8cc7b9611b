// SPDX-License-Identifier: BSD-3-Clause
// Writes one whole packet of a trace.
#pragma once

#include <cstdint>
#include <span>

#include "esc-replay/datagram_writer.hpp"

namespace esc::replay {

/// Room for the longest packet: the MTU, Ethernet with tags, and what a malformed one needs more.
inline constexpr std::size_t kPacketRoomBytes = 66 * 1024;

/// Writes `packet` into `out` (kPacketRoomBytes), counts it and its frames, and returns its bytes.
/// Sound packets are padded to the 60 bytes of Ethernet, so that they survive a real port
/// unchanged.
[[nodiscard]] std::size_t write_packet(const BuildPlan& plan, const PacketPlan& packet,
                                       std::span<std::uint8_t> out, const Account& account);

}  // namespace esc::replay
