// SPDX-License-Identifier: BSD-3-Clause
// Reads one frame where it lies: "Judging one frame" in docs/wire-format.md, in that order.
//
// parse_frame judges a frame in contiguous bytes. Where the bytes come in segments, judge_length
// needs only the four length bytes and the number of bytes left; only a frame that it passes and
// that spans segments has to be made whole for parse_body. Pure functions: no state, no allocation;
// any thread. Limits are taken as valid (`valid(limits)`).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "wire/frame.hpp"
#include "wire/topic_check.hpp"

namespace esc::wire {

enum class LengthVerdict : std::uint8_t {
  kInBounds,     ///< the whole frame is there
  kNoLength,     ///< rule 1: fewer than 4 bytes are left
  kOutOfBounds,  ///< rule 2
  kPastEnd       ///< rule 3; in a stream: not all there yet
};

/// Rules 1 to 3. `length` is the frame's first four bytes as a number (ignored when fewer than 4
/// remain). `remaining_bytes` is what is left of the datagram, counted from the length field.
[[nodiscard]] constexpr LengthVerdict judge_length(std::uint32_t length,
                                                   std::size_t remaining_bytes,
                                                   const FrameLimits& limits) noexcept {
  if (remaining_bytes < kLengthBytes) [[unlikely]]
    return LengthVerdict::kNoLength;
  if (length - kMinLength > limits.max_frame_bytes - kMinLength) [[unlikely]] {
    return LengthVerdict::kOutOfBounds;
  }
  if (length > remaining_bytes - kLengthBytes) [[unlikely]]
    return LengthVerdict::kPastEnd;
  return LengthVerdict::kInBounds;
}

/// The frame that a datagram ends with by rules 1 to 3: all of `remaining_bytes`, refused.
/// `verdict` is not kInBounds.
[[nodiscard]] constexpr FrameView refuse_rest(LengthVerdict verdict,
                                              std::size_t remaining_bytes) noexcept {
  return {.kind = FrameKind::kRefused,
          .reason = verdict == LengthVerdict::kOutOfBounds ? FrameDrop::kLengthOutOfBounds
                                                           : FrameDrop::kFrameTruncated,
          .ends_datagram = true,
          .priority = 0,
          .topic_len = 0,
          .frame_bytes = static_cast<std::uint32_t>(remaining_bytes),
          .payload_bytes = 0,
          .topic = nullptr,
          .payload = nullptr};
}

namespace detail {

struct TopicJudgement {
  FrameKind kind;
  FrameDrop reason;
};

/// Rules 5 to 9 for a topic that is not plain ASCII or begins with '$'. Kept out of line: rare.
[[nodiscard]] TopicJudgement judge_unusual_topic(const std::uint8_t* topic, std::size_t topic_bytes,
                                                 const std::uint8_t* payload,
                                                 std::size_t payload_bytes) noexcept;

}  // namespace detail

/// Rules 4 to 9. `frame` is one whole frame, the length field included, that judge_length passed;
/// nothing outside it is read.
[[nodiscard]] inline FrameView parse_body(std::span<const std::uint8_t> frame,
                                          const FrameLimits& limits) noexcept {
  const std::uint8_t* const topic = frame.data() + kTopicOffset;
  const auto body_bytes = static_cast<std::uint32_t>(frame.size()) - kTopicOffset;
  const std::uint32_t topic_len = load_be16(frame.data() + kTopicLenOffset);
  FrameView view{.kind = FrameKind::kEvent,
                 .reason = FrameDrop{},
                 .ends_datagram = false,
                 .priority = frame[kPriorityOffset],
                 .topic_len = static_cast<std::uint8_t>(topic_len),
                 .frame_bytes = static_cast<std::uint32_t>(frame.size()),
                 .payload_bytes = body_bytes - topic_len,
                 .topic = topic,
                 .payload = topic + topic_len};
  // One comparison for both bounds: a topic_len of 0 wraps to the top.
  if (topic_len - 1 >= std::min(limits.max_topic_bytes, body_bytes)) [[unlikely]] {
    view.kind = FrameKind::kRefused;
    view.reason = FrameDrop::kTopicLenOutOfBounds;
    view.topic_len = 0;
    view.payload_bytes = 0;
    view.payload = topic;
    return view;
  }
  if (!printable_topic(topic, topic_len, body_bytes) || topic[0] == '$') [[unlikely]] {
    const detail::TopicJudgement judged =
        detail::judge_unusual_topic(topic, topic_len, view.payload, view.payload_bytes);
    view.kind = judged.kind;
    view.reason = judged.reason;
  }
  return view;
}

/// One frame at the head of `rest`, the rest of a datagram (not empty, below 4 GiB). Advance by
/// `frame_bytes`, at least 1, until nothing is left.
[[nodiscard]] inline FrameView parse_frame(std::span<const std::uint8_t> rest,
                                           const FrameLimits& limits) noexcept {
  const std::uint32_t length = rest.size() >= kLengthBytes ? load_be32(rest.data()) : 0;
  const LengthVerdict verdict = judge_length(length, rest.size(), limits);
  if (verdict != LengthVerdict::kInBounds) [[unlikely]]
    return refuse_rest(verdict, rest.size());
  return parse_body(rest.first(kLengthBytes + length), limits);
}

}  // namespace esc::wire
