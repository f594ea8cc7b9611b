// SPDX-License-Identifier: BSD-3-Clause
#include "wire/topic_check.hpp"

namespace esc::wire {
namespace {

constexpr bool is_printable_ascii(std::uint8_t byte) {
  return byte >= 0x20 && byte < 0x7f;
}

/// What the first byte of a sequence demands of the rest. The bounds of the second byte shut out
/// overlong forms (after E0, F0), surrogates (ED) and what lies above U+10FFFF (F4); RFC 3629,
/// section 4.
struct Lead {
  std::uint8_t continuation_bytes;
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xbf;
};

constexpr bool read_lead(std::uint8_t byte, Lead& lead) {
  if (byte < 0xc2) return false;  // a stray continuation byte, or C0 and C1: always overlong
  if (byte < 0xe0) {
    lead = {1};
  } else if (byte < 0xf0) {
    lead = {2};
    if (byte == 0xe0) lead.second_min = 0xa0;
    if (byte == 0xed) lead.second_max = 0x9f;
  } else if (byte < 0xf5) {
    lead = {3};
    if (byte == 0xf0) lead.second_min = 0x90;
    if (byte == 0xf4) lead.second_max = 0x8f;
  } else {
    return false;
  }
  return true;
}

}  // namespace

TopicVerdict check_topic(const std::uint8_t* topic, std::size_t bytes) noexcept {
  bool control = false;
  std::size_t i = 0;
  while (i < bytes) {
    const std::uint8_t first = topic[i++];
    if (first < 0x80) {
      control |= !is_printable_ascii(first);
      continue;
    }
    Lead lead{};
    if (!read_lead(first, lead)) return TopicVerdict::kNotUtf8;
    if (bytes - i < lead.continuation_bytes) return TopicVerdict::kNotUtf8;
    const std::uint8_t second = topic[i];
    if (second < lead.second_min || second > lead.second_max) return TopicVerdict::kNotUtf8;
    for (std::size_t k = 1; k < lead.continuation_bytes; ++k) {
      if ((topic[i + k] & 0xc0) != 0x80) return TopicVerdict::kNotUtf8;
    }
    control |= first == 0xc2 && second < 0xa0;  // U+0080..U+009F
    i += lead.continuation_bytes;
  }
  return control ? TopicVerdict::kControlCharacter : TopicVerdict::kGood;
}

bool all_printable_ascii(const std::uint8_t* topic, std::size_t bytes) noexcept {
  if (bytes < 32) {
    bool good = true;
    for (std::size_t i = 0; i < bytes; ++i) good &= is_printable_ascii(topic[i]);
    return good;
  }
  // The last load overlaps the one before it instead of reaching past the end.
  std::uint32_t bad = detail::unprintable_mask(topic + bytes - 32);
  for (std::size_t i = 0; i + 32 <= bytes; i += 32) bad |= detail::unprintable_mask(topic + i);
  return bad == 0;
}

}  // namespace esc::wire
