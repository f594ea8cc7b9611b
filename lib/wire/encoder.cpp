// SPDX-License-Identifier: BSD-3-Clause
#include "wire/encoder.hpp"

#include <algorithm>

namespace esc::wire {

std::size_t encode_raw_frame(std::span<std::uint8_t> out, const RawFrame& frame) noexcept {
  const std::size_t bytes = encoded_frame_bytes(frame.topic.size(), frame.payload.size());
  if (bytes > out.size()) return 0;
  std::uint8_t* const p = out.data();
  store_be32(p, frame.length);
  p[kPriorityOffset] = frame.priority;
  store_be16(p + kTopicLenOffset, frame.topic_len);
  std::uint8_t* const payload = std::copy(frame.topic.begin(), frame.topic.end(), p + kTopicOffset);
  std::copy(frame.payload.begin(), frame.payload.end(), payload);
  return bytes;
}

std::size_t encode_frame(std::span<std::uint8_t> out, std::uint8_t priority, std::string_view topic,
                         std::span<const std::uint8_t> payload) noexcept {
  if (topic.empty() || topic.size() > kMaxTopicBytes) return 0;
  if (payload.size() > kMaxFrameBytes - kFixedBytes - topic.size()) return 0;
  return encode_raw_frame(
      out, {.length = true_length(topic.size(), payload.size()),
            .priority = priority,
            .topic_len = static_cast<std::uint16_t>(topic.size()),
            .topic = {reinterpret_cast<const std::uint8_t*>(topic.data()), topic.size()},
            .payload = payload});
}

void encode_session_payload(std::span<std::uint8_t, kSessionPayloadBytes> out,
                            const Session& session) noexcept {
  std::uint8_t* const p = out.data();
  p[kSessionVersionOffset] = kSessionVersion;
  p[kSessionFlagsOffset] = session.flags;
  store_be16(p + kSessionCountOffset, session.count);
  store_be32(p + kSessionEpochOffset, session.epoch);
  store_be64(p + kSessionProducerOffset, session.producer);
  store_be64(p + kSessionFirstSequenceOffset, session.first_sequence);
  store_be64(p + kSessionSendTimeOffset, session.send_time_ns);
}

std::size_t encode_session_frame(std::span<std::uint8_t> out, std::uint8_t priority,
                                 const Session& session) noexcept {
  std::uint8_t payload[kSessionPayloadBytes];
  encode_session_payload(payload, session);
  return encode_frame(out, priority, kSessionTopic, payload);
}

}  // namespace esc::wire
