// SPDX-License-Identifier: BSD-3-Clause
// Writes frames and session frames: for senders, trace builders and tests.
// Nothing here allocates; every call writes into the caller's buffer and may be made from any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "wire/frame.hpp"

namespace esc::wire {

/// Bytes of a frame on the wire, the length field included.
[[nodiscard]] constexpr std::size_t encoded_frame_bytes(std::size_t topic_bytes,
                                                        std::size_t payload_bytes) noexcept {
  return kTopicOffset + topic_bytes + payload_bytes;
}

/// Writes one frame at the head of `out` and returns its bytes; 0, with nothing written, when it
/// does not fit or when no receiver could accept its sizes (topic not 1..255 bytes, length above
/// 65,403). What the topic holds is not judged.
[[nodiscard]] std::size_t encode_frame(std::span<std::uint8_t> out, std::uint8_t priority,
                                       std::string_view topic,
                                       std::span<const std::uint8_t> payload) noexcept;

/// Writes one session frame (kSessionFrameBytes); 0, with nothing written, when it does not fit.
/// Flags and an overflowing sequence are written as given.
[[nodiscard]] std::size_t encode_session_frame(std::span<std::uint8_t> out, std::uint8_t priority,
                                               const Session& session) noexcept;

/// Writes the payload of a session frame alone, e.g. to spoil it before it goes into a frame.
void encode_session_payload(std::span<std::uint8_t, kSessionPayloadBytes> out,
                            const Session& session) noexcept;

/// A frame whose length and topic_len fields say whatever they are told, true or not.
struct RawFrame {
  std::uint32_t length = 0;
  std::uint8_t priority = 0;
  std::uint16_t topic_len = 0;
  std::span<const std::uint8_t> topic;
  std::span<const std::uint8_t> payload;
};

/// Writes the fields as given, then topic and payload; returns encoded_frame_bytes(topic.size(),
/// payload.size()), or 0, with nothing written, when that does not fit.
[[nodiscard]] std::size_t encode_raw_frame(std::span<std::uint8_t> out,
                                           const RawFrame& frame) noexcept;

/// The length field that tells the truth about a frame of these sizes.
[[nodiscard]] constexpr std::uint32_t true_length(std::size_t topic_bytes,
                                                  std::size_t payload_bytes) noexcept {
  return static_cast<std::uint32_t>(kFixedBytes + topic_bytes + payload_bytes);
}

}  // namespace esc::wire
