#include "wire/parser.hpp"

namespace esc::wire {
namespace {

bool well_formed_session(const std::uint8_t* payload, std::size_t payload_bytes) {
  if (payload_bytes != kSessionPayloadBytes) return false;
  if (payload[kSessionVersionOffset] != kSessionVersion) return false;
  return !session_overflows(load_be64(payload + kSessionFirstSequenceOffset),
                            load_be16(payload + kSessionCountOffset));
}

}  // namespace

detail::TopicJudgement detail::judge_unusual_topic(const std::uint8_t* topic,
                                                   std::size_t topic_bytes,
                                                   const std::uint8_t* payload,
                                                   std::size_t payload_bytes) noexcept {
  const std::string_view name{reinterpret_cast<const char*>(topic), topic_bytes};
  // First what is common: it is ASCII.
  if (name == kSessionTopic) {
    if (well_formed_session(payload, payload_bytes)) return {FrameKind::kControl, FrameDrop{}};
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
