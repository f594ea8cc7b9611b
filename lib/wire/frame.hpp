// SPDX-License-Identifier: BSD-3-Clause
// The layout of a frame and of a session frame, and what the parser says about one
// (docs/wire-format.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/reasons.hpp"
#include "wire/byte_order.hpp"

namespace esc::wire {

// length u32 | priority u8 | topic_len u16 | topic | payload
inline constexpr std::uint32_t kLengthBytes = 4;  ///< the length field, which does not count itself
inline constexpr std::uint32_t kPriorityOffset = 4;
inline constexpr std::uint32_t kTopicLenOffset = 5;
inline constexpr std::uint32_t kTopicOffset = 7;
// What length counts beside topic and payload: priority and topic_len.
inline constexpr std::uint32_t kFixedBytes = 3;
inline constexpr std::uint32_t kMinLength = 4;  ///< a topic has at least one byte

// The highest value of the length field: with its 4 bytes and the headroom the frame fits one mbuf.
inline constexpr std::uint32_t kMaxFrameBytes = 65403;
inline constexpr std::uint32_t kMinMaxFrameBytes = 64;
inline constexpr std::uint32_t kMaxTopicBytes = 255;
inline constexpr std::uint32_t kMinMaxTopicBytes = 12;

inline constexpr std::string_view kReservedPrefix = "$esc/";
inline constexpr std::string_view kSessionTopic = "$esc/session";

static_assert(kTopicOffset == kLengthBytes + kFixedBytes);
static_assert(kMinMaxTopicBytes == kSessionTopic.size(), "the session topic is always in bounds");
static_assert(kMaxTopicBytes <= UINT8_MAX, "FrameView keeps the topic length in a byte");

/// What a receiver accepts; configurable. The parser takes it as valid (see `valid`).
struct FrameLimits {
  std::uint32_t max_frame_bytes = kMaxFrameBytes;  ///< highest value of the length field
  std::uint32_t max_topic_bytes = kMaxTopicBytes;
};

/// Whether the parser may be given these limits.
[[nodiscard]] constexpr bool valid(const FrameLimits& limits) noexcept {
  return limits.max_frame_bytes >= kMinMaxFrameBytes && limits.max_frame_bytes <= kMaxFrameBytes &&
         limits.max_topic_bytes >= kMinMaxTopicBytes && limits.max_topic_bytes <= kMaxTopicBytes;
}

enum class FrameKind : std::uint8_t {
  kEvent,
  kControl,  ///< a well-formed session frame: the payload is `decode_session`'s
  kRefused   ///< FrameView::reason says why
};

/// One frame as it lies in the datagram. Pointers point into the bytes that were parsed and live as
/// long as those.
struct FrameView {
  FrameKind kind;
  FrameDrop reason;  ///< only for kRefused
  /// By rules 1-3 this frame is refused and takes all the rest of the datagram.
  bool ends_datagram;
  std::uint8_t priority;      ///< this and the fields below are not set if ends_datagram
  std::uint8_t topic_len;     ///< 0 when the frame is refused for its topic_len
  std::uint32_t frame_bytes;  ///< with the 4 length bytes: what to advance by; all the rest if
                              ///< `ends_datagram`
  std::uint32_t payload_bytes;
  const std::uint8_t* topic;
  const std::uint8_t* payload;

  [[nodiscard]] std::string_view topic_view() const noexcept {
    return {reinterpret_cast<const char*>(topic), topic_len};
  }
  [[nodiscard]] std::span<const std::uint8_t> payload_view() const noexcept {
    return {payload, payload_bytes};
  }
};

// The payload of a session frame.
inline constexpr std::uint8_t kSessionVersion = 1;
inline constexpr std::size_t kSessionPayloadBytes = 32;
inline constexpr std::size_t kSessionVersionOffset = 0;
inline constexpr std::size_t kSessionFlagsOffset = 1;
inline constexpr std::size_t kSessionCountOffset = 2;
inline constexpr std::size_t kSessionEpochOffset = 4;
inline constexpr std::size_t kSessionProducerOffset = 8;
inline constexpr std::size_t kSessionFirstSequenceOffset = 16;
inline constexpr std::size_t kSessionSendTimeOffset = 24;
inline constexpr std::size_t kSessionFrameBytes =
    kTopicOffset + kSessionTopic.size() + kSessionPayloadBytes;

inline constexpr std::uint8_t kMaxReplayCount = 15;  ///< four bits

/// The replay count in a session frame's flags.
[[nodiscard]] constexpr std::uint8_t replay_count_of(std::uint8_t flags) noexcept {
  return static_cast<std::uint8_t>(flags >> 4);
}

/// What a session frame says. `flags` is kept as sent.
struct Session {
  std::uint8_t flags = 0;
  std::uint16_t count =
      0;  ///< frames covered; 0: to the end of the datagram (TCP: until the next session frame)
  std::uint32_t epoch = 0;
  std::uint64_t producer = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t send_time_ns = 0;  ///< Unix time, 0 = unknown

  [[nodiscard]] constexpr bool wants_ack() const noexcept { return (flags & 0x01) != 0; }
  [[nodiscard]] constexpr std::uint8_t replay_count() const noexcept {
    return replay_count_of(flags);
  }
  friend bool operator==(const Session&, const Session&) = default;
};

[[nodiscard]] constexpr std::uint8_t make_session_flags(bool wants_ack,
                                                        std::uint8_t replay_count) noexcept {
  return static_cast<std::uint8_t>((wants_ack ? 0x01 : 0x00) | ((replay_count & 0x0f) << 4));
}

/// Whether first_sequence + count - 1 goes beyond 2^64 - 1 (a count of 0 is taken as 1): a
/// `bad_session`.
[[nodiscard]] constexpr bool session_overflows(std::uint64_t first_sequence,
                                               std::uint16_t count) noexcept {
  const std::uint64_t last_offset = count == 0 ? 0u : count - 1u;
  return first_sequence > UINT64_MAX - last_offset;
}

/// Whether a session payload of the right size has valid contents.
[[nodiscard]] inline bool well_formed_session(const std::uint8_t* payload) noexcept {
  return payload[kSessionVersionOffset] == kSessionVersion &&
         !session_overflows(load_be64(payload + kSessionFirstSequenceOffset),
                            load_be16(payload + kSessionCountOffset));
}

/// Reads a session payload that the parser judged well-formed (a frame of kind kControl).
[[nodiscard]] inline Session decode_session(const std::uint8_t* payload) noexcept {
  return {.flags = payload[kSessionFlagsOffset],
          .count = load_be16(payload + kSessionCountOffset),
          .epoch = load_be32(payload + kSessionEpochOffset),
          .producer = load_be64(payload + kSessionProducerOffset),
          .first_sequence = load_be64(payload + kSessionFirstSequenceOffset),
          .send_time_ns = load_be64(payload + kSessionSendTimeOffset)};
}

static_assert(kSessionFrameBytes - kLengthBytes <= kMinMaxFrameBytes,
              "a session frame is always in bounds");

/// Whether a well-formed session frame is at `at`, of which `left` bytes are there. False:
/// something else, or not well-formed.
[[nodiscard]] inline bool is_session_frame(const std::uint8_t* at, std::uint32_t left) noexcept {
  if (left < kSessionFrameBytes) return false;
  // Three loads: first the length, any priority, the topic's length and its first byte; then the
  // rest of the topic, in two loads that overlap.
  constexpr std::uint64_t kPriority = std::uint64_t{0xff} << 24U;
  constexpr std::uint64_t kHead = std::uint64_t{kSessionFrameBytes - kLengthBytes} << 32U |
                                  std::uint64_t{kSessionTopic.size()} << 8U | '$';
  constexpr std::uint64_t kEscSess = 0x6573'632f'7365'7373U;
  constexpr std::uint32_t kSion = 0x7369'6f6eU;
  if ((load_be64(at) & ~kPriority) != kHead || load_be64(at + kTopicOffset + 1) != kEscSess ||
      load_be32(at + kTopicOffset + kSessionTopic.size() - 4) != kSion)
    return false;
  return well_formed_session(at + kTopicOffset + kSessionTopic.size());
}

/// Which event this is, as its sender numbered it.
struct Identity {
  std::uint64_t producer = 0;
  std::uint64_t sequence = 0;
  std::uint32_t epoch = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};

}  // namespace esc::wire
