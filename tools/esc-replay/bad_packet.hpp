// SPDX-License-Identifier: BSD-3-Clause
// Packets that a receiver must drop, each for one reason.
#pragma once

#include "base/reasons.hpp"
#include "esc-replay/packet_bytes.hpp"
#include "esc-replay/random.hpp"

namespace esc::replay {

/// Bytes that the caller's buffer needs beyond the sound packet.
inline constexpr std::size_t kBadPacketSlackBytes = 128;

/// Turns a sound UDP packet into one of the many forms of a packet dropped for `reason`.
void spoil_packet(PacketBytes& packet, PacketDrop reason, Random& random);

}  // namespace esc::replay
