// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/bad_frame.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "wire/encoder.hpp"

namespace esc::replay {
namespace {

using namespace std::string_view_literals;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

wire::RawFrame true_frame(const FrameParts& parts) {
  return {.length = wire::true_length(parts.topic.size(), parts.payload.size()),
          .priority = parts.priority,
          .topic_len = static_cast<std::uint16_t>(parts.topic.size()),
          .topic = bytes_of(parts.topic),
          .payload = parts.payload};
}

std::size_t write_with_topic(std::span<std::uint8_t> out, const FrameParts& parts,
                             std::string_view topic) {
  return wire::encode_frame(out, parts.priority, topic, parts.payload);
}

/// The topic, or another one if a few more bytes would make it too long.
std::string room_to_grow(std::string_view topic) {
  constexpr std::size_t kGrowth = 8;
  return std::string(topic.size() + kGrowth <= wire::kMaxTopicBytes ? topic : "grown/too/long"sv);
}

template <std::size_t N>
std::string_view pick(const std::array<std::string_view, N>& forms, Random& random) {
  return forms[random.below(N)];
}

std::size_t length_out_of_bounds(std::span<std::uint8_t> out, const FrameParts& parts,
                                 Random& random) {
  constexpr std::uint32_t kAbove = wire::kMaxFrameBytes + 1;
  const std::array<std::uint32_t, 8> forms = {
      0,          1,
      3,          kAbove,
      65535,      0x7fffffff,
      0xffffffff, static_cast<std::uint32_t>(random.between(kAbove, 0xffffffff))};
  wire::RawFrame frame = true_frame(parts);
  frame.length = forms[random.below(forms.size())];
  return wire::encode_raw_frame(out, frame);
}

std::size_t frame_truncated(std::span<std::uint8_t> out, const FrameParts& parts, Random& random) {
  wire::RawFrame frame = true_frame(parts);
  const std::size_t whole = wire::encode_raw_frame(out, frame);
  switch (random.below(4)) {
    case 0:  // stray bytes, too few for a length
      return random.between(1, wire::kLengthBytes - 1);
    case 1:  // the length alone
      return wire::kLengthBytes;
    case 2:  // cut anywhere
      return random.between(wire::kLengthBytes, whole - 1);
    default:  // a length that says more than there is
      frame.length +=
          static_cast<std::uint32_t>(random.between(1, wire::kMaxFrameBytes - frame.length));
      return wire::encode_raw_frame(out, frame);
  }
}

std::size_t topic_len_out_of_bounds(std::span<std::uint8_t> out, const FrameParts& parts,
                                    Random& random) {
  wire::RawFrame frame = true_frame(parts);
  const std::uint32_t body = frame.length - wire::kFixedBytes;
  switch (random.below(4)) {
    case 0:
      frame.topic_len = 0;
      break;
    case 1:  // one byte past the frame
      frame.topic_len = static_cast<std::uint16_t>(body + 1);
      break;
    case 2:  // one above the bound; inside the frame when the payload is long enough
      frame.topic_len = wire::kMaxTopicBytes + 1;
      break;
    default:
      frame.topic_len = 65535;
  }
  return wire::encode_raw_frame(out, frame);
}

std::size_t topic_not_utf8(std::span<std::uint8_t> out, const FrameParts& parts, Random& random) {
  // Stray continuation, overlong forms, a surrogate, beyond U+10FFFF, bytes that never occur,
  // sequences cut short.
  constexpr std::array kForms = {"\x80"sv,
                                 "\xc0\x80"sv,
                                 "\xc1\xbf"sv,
                                 "\xe0\x80\x80"sv,
                                 "\xe0\x9f\xbf"sv,
                                 "\xed\xa0\x80"sv,
                                 "\xed\xbf\xbf"sv,
                                 "\xf0\x8f\xbf\xbf"sv,
                                 "\xf4\x90\x80\x80"sv,
                                 "\xf5\x80\x80\x80"sv,
                                 "\xfe"sv,
                                 "\xff"sv,
                                 "\xc3/"sv,
                                 "\xe2\x82/"sv,
                                 "\xf0\x9f\x98/"sv};
  std::string topic = room_to_grow(parts.topic);
  const std::string_view form = pick(kForms, random);
  if (random.below(4) == 0) {
    topic += form.substr(0, form.size() - (form.back() == '/' ? 1 : 0));  // at the very end
  } else {
    topic.insert(random.below(topic.size() + 1), form);
  }
  // The whole topic is judged as UTF-8 before any control character is looked for.
  if (random.below(4) == 0) topic.insert(0, 1, '\x01');
  return write_with_topic(out, parts, topic);
}

std::size_t topic_control_character(std::span<std::uint8_t> out, const FrameParts& parts,
                                    Random& random) {
  constexpr std::array kForms = {"\0"sv,   "\x01"sv, "\t"sv,   "\n"sv,       "\r"sv,
                                 "\x1b"sv, "\x1f"sv, "\x7f"sv, "\xc2\x80"sv, "\xc2\x9f"sv};
  std::string topic = room_to_grow(parts.topic);
  // Between whole characters: names from a topics file may hold longer ones.
  std::size_t at = random.below(topic.size() + 1);
  while (at < topic.size() && (static_cast<unsigned char>(topic[at]) & 0xc0) == 0x80) ++at;
  topic.insert(at, pick(kForms, random));
  return write_with_topic(out, parts, topic);
}

std::size_t reserved_topic(std::span<std::uint8_t> out, const FrameParts& parts, Random& random) {
  constexpr std::array kForms = {"$esc/"sv,          "$esc/sessio"sv,  "$esc/sessions"sv,
                                 "$esc/session/1"sv, "$esc/Session"sv, "$esc//"sv,
                                 "$esc/ack"sv};
  return write_with_topic(out, parts, pick(kForms, random));
}

std::size_t bad_session(std::span<std::uint8_t> out, const FrameParts& parts, Random& random) {
  std::array<std::uint8_t, wire::kSessionPayloadBytes + 1> payload{};
  wire::Session session{.count = 2, .epoch = 1, .producer = random.next()};
  std::size_t bytes = wire::kSessionPayloadBytes;
  std::uint8_t version = wire::kSessionVersion;
  switch (random.below(5)) {
    case 0:  // a byte too few or too many, or nothing at all
      bytes = std::array<std::size_t, 3>{0, bytes - 1, bytes + 1}[random.below(3)];
      break;
    case 1:
      version = 0;
      break;
    case 2:
      version = static_cast<std::uint8_t>(random.between(2, 255));
      break;
    case 3:  // the second of the two is beyond 2^64 - 1
      session.first_sequence = UINT64_MAX;
      break;
    default:
      session.count = 65535;
      session.first_sequence = UINT64_MAX - 65533;
  }
  wire::encode_session_payload(std::span(payload).first<wire::kSessionPayloadBytes>(), session);
  payload[wire::kSessionVersionOffset] = version;
  return wire::encode_frame(out, parts.priority, wire::kSessionTopic,
                            std::span(payload).first(bytes));
}

}  // namespace

std::size_t write_bad_frame(std::span<std::uint8_t> out, FrameDrop reason, const FrameParts& parts,
                            Random& random) {
  switch (reason) {
    case FrameDrop::kLengthOutOfBounds:
      return length_out_of_bounds(out, parts, random);
    case FrameDrop::kFrameTruncated:
      return frame_truncated(out, parts, random);
    case FrameDrop::kTopicLenOutOfBounds:
      return topic_len_out_of_bounds(out, parts, random);
    case FrameDrop::kTopicNotUtf8:
      return topic_not_utf8(out, parts, random);
    case FrameDrop::kTopicControlCharacter:
      return topic_control_character(out, parts, random);
    case FrameDrop::kReservedTopic:
      return reserved_topic(out, parts, random);
    case FrameDrop::kBadSession:
      return bad_session(out, parts, random);
    default:
      return 0;  // not a fault of a frame in a datagram; MalformedShares never draws it
  }
}

}  // namespace esc::replay
