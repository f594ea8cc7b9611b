// SPDX-License-Identifier: BSD-3-Clause
#include "wire/numbered_batch.hpp"

#include <stdexcept>
#include <string>

#include "wire/encoder.hpp"
#include "wire/parser.hpp"

namespace esc::wire {
namespace {

constexpr std::size_t kShortestFrameBytes = kLengthBytes + kMinLength;

SendResult result_of(FrameDrop reason) {
  switch (reason) {
    case FrameDrop::kTopicNotUtf8:
      return SendResult::kTopicNotUtf8;
    case FrameDrop::kTopicControlCharacter:
      return SendResult::kTopicControlCharacter;
    default:  // callers may not send session frames as events either
      return SendResult::kReservedTopic;
  }
}

std::size_t checked(std::size_t bytes, std::size_t most_bytes) {
  if (bytes < kSessionFrameBytes + kShortestFrameBytes || bytes > most_bytes) {
    throw std::invalid_argument(std::to_string(bytes) + " bytes to gather events in: give " +
                                std::to_string(kSessionFrameBytes + kShortestFrameBytes) + " to " +
                                std::to_string(most_bytes));
  }
  return bytes;
}

}  // namespace

std::string_view name(SendResult result) noexcept {
  switch (result) {
    case SendResult::kOk:
      return "ok";
    case SendResult::kTopicLenOutOfBounds:
      return "topic_len_out_of_bounds";
    case SendResult::kTopicNotUtf8:
      return "topic_not_utf8";
    case SendResult::kTopicControlCharacter:
      return "topic_control_character";
    case SendResult::kReservedTopic:
      return "reserved_topic";
    case SendResult::kFrameTooLarge:
      return "frame_too_large";
    case SendResult::kSequenceExhausted:
      return "sequence_exhausted";
    case SendResult::kSinkFailed:
      return "sink_failed";
    case SendResult::kNothingToResend:
      return "nothing_to_resend";
    case SendResult::kEpochNotNewer:
      return "epoch_not_newer";
  }
  return "unknown";
}

namespace detail {

NumberedBatch::NumberedBatch(const Numbering& numbering, const FrameLimits& limits,
                             std::size_t bytes, std::size_t most_bytes)
    : numbering_(numbering),
      limits_(limits),
      buffer_(checked(bytes, most_bytes)),
      first_(numbering.first_sequence),
      next_(numbering.first_sequence) {
  if (!valid(limits)) {
    throw std::invalid_argument("frame limits beyond those of the wire format");
  }
}

SendResult NumberedBatch::judge(std::string_view topic, std::size_t payload_bytes) const noexcept {
  if (topic.empty() || topic.size() > limits_.max_topic_bytes) {
    return SendResult::kTopicLenOutOfBounds;
  }
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(topic.data());
  if (!all_printable_ascii(bytes, topic.size()) || topic[0] == '$') [[unlikely]] {
    const TopicJudgement judged = judge_unusual_topic(bytes, topic.size(), nullptr, 0);
    if (judged.kind != FrameKind::kEvent) return result_of(judged.reason);
  }
  const std::size_t frame_bytes = encoded_frame_bytes(topic.size(), payload_bytes);
  if (frame_bytes > buffer_.size() - kSessionFrameBytes ||
      frame_bytes - kLengthBytes > limits_.max_frame_bytes) {
    return SendResult::kFrameTooLarge;
  }
  return exhausted_ ? SendResult::kSequenceExhausted : SendResult::kOk;
}

void NumberedBatch::append(std::uint8_t priority, std::string_view topic,
                           std::span<const std::uint8_t> payload) noexcept {
  used_ += encode_frame(std::span(buffer_).subspan(used_), priority, topic, payload);
  ++frames_;
  exhausted_ = next_ == UINT64_MAX;
  ++next_;
}

void NumberedBatch::append_session(std::uint64_t send_time_ns) noexcept {
  used_ +=
      encode_session_frame(std::span(buffer_).subspan(used_), 0, session(0, next_, send_time_ns));
}

void NumberedBatch::write_head(std::uint16_t count, std::uint64_t send_time_ns) noexcept {
  static_cast<void>(encode_session_frame(std::span(buffer_).first(kSessionFrameBytes), 0,
                                         session(count, first_, send_time_ns)));
}

void NumberedBatch::clear() noexcept {
  used_ = kSessionFrameBytes;
  frames_ = 0;
  first_ = next_;
}

void NumberedBatch::begin_epoch(std::uint32_t epoch, std::uint64_t first_sequence) noexcept {
  numbering_.epoch = epoch;
  next_ = first_sequence;
  exhausted_ = false;
  clear();
}

Session NumberedBatch::session(std::uint16_t count, std::uint64_t first_sequence,
                               std::uint64_t send_time_ns) const noexcept {
  return {.count = count,
          .epoch = numbering_.epoch,
          .producer = numbering_.producer,
          .first_sequence = first_sequence,
          .send_time_ns = send_time_ns};
}

}  // namespace detail
}  // namespace esc::wire
