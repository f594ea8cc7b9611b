// SPDX-License-Identifier: BSD-3-Clause
// The frame with which a receiver tells a sender how far its events are settled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "wire/byte_order.hpp"
#include "wire/encoder.hpp"
#include "wire/frame.hpp"

namespace esc::wire {

inline constexpr std::string_view kAckTopic = "$esc/ack";
inline constexpr std::uint8_t kAckVersion = 1;
inline constexpr std::size_t kAckPayloadBytes = 32;
inline constexpr std::size_t kAckFrameBytes = kTopicOffset + kAckTopic.size() + kAckPayloadBytes;

/// What such a frame says.
struct Ack {
  /// Nobody can say how far this producer's events are settled: `next_sequence` means nothing. With
  /// the epoch that is in force.
  bool no_position = false;
  std::uint16_t rejected = 0;  ///< numbers not delivered since the frame before; 65535: or more
  std::uint32_t epoch = 0;
  std::uint64_t producer = 0;
  std::uint64_t next_sequence = 0;   ///< every lower number is settled
  std::uint64_t rejected_total = 0;  ///< numbers not delivered, of this epoch

  friend bool operator==(const Ack&, const Ack&) = default;
};

// Offsets in the payload.
inline constexpr std::size_t kAckFlagsOffset = 1;
inline constexpr std::size_t kAckRejectedOffset = 2;
inline constexpr std::size_t kAckEpochOffset = 4;
inline constexpr std::size_t kAckProducerOffset = 8;
inline constexpr std::size_t kAckNextSequenceOffset = 16;
inline constexpr std::size_t kAckRejectedTotalOffset = 24;
inline constexpr std::uint8_t kAckNoPosition = 1U << 0U;

inline void encode_ack_frame(std::span<std::uint8_t, kAckFrameBytes> out, const Ack& ack) noexcept {
  std::uint8_t payload[kAckPayloadBytes];
  payload[0] = kAckVersion;
  payload[kAckFlagsOffset] = ack.no_position ? kAckNoPosition : 0;
  store_be16(payload + kAckRejectedOffset, ack.rejected);
  store_be32(payload + kAckEpochOffset, ack.epoch);
  store_be64(payload + kAckProducerOffset, ack.producer);
  store_be64(payload + kAckNextSequenceOffset, ack.next_sequence);
  store_be64(payload + kAckRejectedTotalOffset, ack.rejected_total);
  constexpr std::uint8_t kPriority = 255;
  [[maybe_unused]] const std::size_t bytes = encode_frame(out, kPriority, kAckTopic, payload);
}

/// Of a frame of kAckTopic. nullopt: of another size or version. Flags that are not known are
/// ignored.
[[nodiscard]] inline std::optional<Ack> decode_ack(std::span<const std::uint8_t> payload) noexcept {
  if (payload.size() != kAckPayloadBytes || payload[0] != kAckVersion) return std::nullopt;
  const std::uint8_t* const p = payload.data();
  return Ack{.no_position = (p[kAckFlagsOffset] & kAckNoPosition) != 0,
             .rejected = load_be16(p + kAckRejectedOffset),
             .epoch = load_be32(p + kAckEpochOffset),
             .producer = load_be64(p + kAckProducerOffset),
             .next_sequence = load_be64(p + kAckNextSequenceOffset),
             .rejected_total = load_be64(p + kAckRejectedTotalOffset)};
}

}  // namespace esc::wire
