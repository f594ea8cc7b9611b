// SPDX-License-Identifier: BSD-3-Clause
#include "wire/parser.hpp"

namespace esc::wire {

detail::TopicJudgement detail::judge_unusual_topic(const std::uint8_t* topic,
                                                   std::size_t topic_bytes,
                                                   const std::uint8_t* payload,
                                                   std::size_t payload_bytes) noexcept {
  const std::string_view name{reinterpret_cast<const char*>(topic), topic_bytes};
  // First the usual cases, which are ASCII.
  if (name == kSessionTopic) {
    if (payload_bytes == kSessionPayloadBytes && well_formed_session(payload))
      return {FrameKind::kControl, FrameDrop{}};
    return {FrameKind::kRefused, FrameDrop::kBadSession};
  }
  switch (check_topic(topic, topic_bytes)) {
    case TopicVerdict::kNotUtf8:
      return {FrameKind::kRefused, FrameDrop::kTopicNotUtf8};
    case TopicVerdict::kControlCharacter:
      return {FrameKind::kRefused, FrameDrop::kTopicControlCharacter};
    case TopicVerdict::kGood:
      break;
  }
  if (name.starts_with(kReservedPrefix)) return {FrameKind::kRefused, FrameDrop::kReservedTopic};
  return {FrameKind::kEvent, FrameDrop{}};
}

}  // namespace esc::wire
