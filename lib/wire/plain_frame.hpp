// SPDX-License-Identifier: BSD-3-Clause
// Reads the usual frame in one step: an event with a short topic in printable ASCII.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "wire/byte_order.hpp"
#include "wire/frame.hpp"
#include "wire/short_topic.hpp"

namespace esc::wire {

/// An event frame as PlainFrames found it.
struct PlainFrame {
  // Where the fields begin in `head`, as numbers of bits.
  static constexpr unsigned kTopicLenAt = 8;
  static constexpr unsigned kPriorityAt = 24;
  static constexpr unsigned kLengthAt = 32;

  /// The frame's first eight bytes as one number: length, priority, topic_len and the topic's first
  /// byte. Length and topic_len are small enough to leave their upper halves 0.
  std::uint64_t head;
  ShortTopic topic;

  /// The frame's length field.
  [[nodiscard]] std::uint32_t length() const noexcept {
    return static_cast<std::uint32_t>(head >> kLengthAt);
  }
  [[nodiscard]] std::uint32_t topic_len() const noexcept {
    return static_cast<std::uint32_t>(head >> kTopicLenAt & 0xffffU);
  }
  /// Whether the priority is below `cutoff`, at most 255. The half of the head that the priority is
  /// the top of is compared, so nothing is cut out of it.
  [[nodiscard]] bool is_below(std::uint32_t cutoff) const noexcept {
    return static_cast<std::uint32_t>(head) < cutoff << kPriorityAt;
  }
  [[nodiscard]] std::uint32_t frame_bytes() const noexcept { return kLengthBytes + length(); }
};

/// Reads plain frames within what a source accepts. Immutable: any thread.
class PlainFrames {
 public:
  /// So many bytes before a frame may be read, whatever they hold: a topic is read as the 32 bytes
  /// before its end.
  static constexpr std::uint32_t kReadableBefore = kShortTopicBytes - kTopicOffset - 1;
  /// Its length, priority and topic length, and the first byte of its topic.
  static constexpr std::uint32_t kFewestBytes = kTopicOffset + 1;

  explicit PlainFrames(const FrameLimits& limits) noexcept
      : max_frame_bytes_(limits.max_frame_bytes),
        max_topic_bytes_(std::min<std::uint32_t>(limits.max_topic_bytes, kShortTopicBytes)) {}

  /// Reads a frame in two steps, between which the caller compares it with the datagram's end:
  /// first the head, of a frame of which kFewestBytes may be read; then, if all frame_bytes() of it
  /// are there, the rest. True: parse_frame would call it an event. False: it is something else, or
  /// this reader cannot tell; then parse_frame decides.
  [[nodiscard, gnu::always_inline]] bool read_head(const std::uint8_t* at,
                                                   PlainFrame& frame) const noexcept {
    frame.head = load_be64(at);
    return frame.length() <= max_frame_bytes_;
  }
  [[nodiscard, gnu::always_inline]] bool read_body(const std::uint8_t* at,
                                                   PlainFrame& frame) const noexcept {
    const std::uint32_t topic_len = frame.topic_len();
    // Each is one comparison for two bounds: a topic_len of 0 wraps to the top; and a length that
    // has room for a topic of one byte is at least kMinLength.
    if (topic_len - 1 >= max_topic_bytes_ ||
        std::int64_t{topic_len} > std::int64_t{frame.length()} - kFixedBytes ||
        static_cast<std::uint8_t>(frame.head) == '$') [[unlikely]]
      return false;
    frame.topic = ShortTopic::before(at + kTopicOffset + topic_len, topic_len, ascii_);
    return frame.topic.printable();
  }

  /// Whether read_whole() may succeed, by a look at the length alone.
  [[nodiscard]] static bool may_be_whole(const std::uint8_t* at, std::uint32_t bytes) noexcept {
    return load_be32(at) + kLengthBytes == bytes;
  }

  /// The same for a frame that takes exactly `bytes`, kFewestBytes or more.
  [[nodiscard, gnu::always_inline]] bool read_whole(const std::uint8_t* at, std::uint32_t bytes,
                                                    PlainFrame& frame) const noexcept {
    if (!read_head(at, frame) || frame.frame_bytes() != bytes) [[unlikely]]
      return false;
    return read_body(at, frame);
  }

 private:
  std::uint32_t max_frame_bytes_;  ///< of the length field
  PrintableAscii ascii_;
  std::uint32_t max_topic_bytes_;  ///< of a topic that may be plain
};

}  // namespace esc::wire
