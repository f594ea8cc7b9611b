// SPDX-License-Identifier: BSD-3-Clause
// Decides what one packet is to be, and writes the frames of its datagram.
#pragma once

#include <cstdint>
#include <span>

#include "esc-replay/build_options.hpp"
#include "esc-replay/tally.hpp"

namespace esc::replay {

/// Most bytes of IPv4 options or IPv6 extension headers that a sound packet gets.
inline constexpr std::size_t kMaxIpExtraBytes = 48;

/// UDP payload bytes that fit --mtu.
[[nodiscard]] std::size_t datagram_room(const BuildPlan& plan, bool ipv6, bool ip_extras) noexcept;

/// What packet number `index` is. Everything but `epoch` and `first_sequence` follows from the plan
/// and the index alone.
struct PacketPlan {
  std::uint64_t index = 0;
  Malformed kind;
  bool ipv6 = false;
  bool ip_extras = false;
  bool udp_checksum = true;
  bool cut_at_mtu = false;
  std::uint32_t flow = 0;
  std::uint32_t producer = 0;   ///< index, not id
  std::uint32_t frames = 0;     ///< written, besides the session frame
  std::uint32_t bad_frame = 0;  ///< which of them, when `kind` is a FrameDrop
  std::uint32_t numbered = 0;   ///< sequence numbers that this datagram uses up
  std::uint32_t epoch = 0;
  std::uint64_t first_sequence = 0;

  /// Frames besides session frames that a receiver counts when it gets this packet.
  [[nodiscard]] std::uint32_t frames_received() const noexcept;
};

/// At most `max_frames` frames, at least one if it has any.
[[nodiscard]] PacketPlan plan_packet(const BuildPlan& plan, std::uint64_t index,
                                     std::uint64_t max_frames);

/// Writes the UDP payload and counts its frames, unless `account` is nullptr; returns its bytes.
[[nodiscard]] std::size_t write_datagram(const BuildPlan& plan, const PacketPlan& packet,
                                         std::span<std::uint8_t> out, const Account* account);

}  // namespace esc::replay
