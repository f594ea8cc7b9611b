// SPDX-License-Identifier: BSD-3-Clause
#include "wire/parser.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "bytes.hpp"
#include "datagram_text.hpp"
#include "exact_buffer.hpp"
#include "golden_vectors.hpp"
#include "wire/encoder.hpp"

namespace esc::wire::test {
namespace {

using Random = std::mt19937_64;

std::size_t draw(Random& random, std::size_t from, std::size_t to) {
  return std::uniform_int_distribution<std::size_t>(from, to)(random);
}

Bytes random_bytes(Random& random, std::size_t bytes) {
  Bytes out(bytes);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}

std::string random_topic(Random& random) {
  // Mostly short, as real topics are, and never with '$' first, so that each is the topic of an
  // event.
  std::string topic(draw(random, 1, random() % 4 == 0 ? kMaxTopicBytes : 31), '\0');
  for (char& c : topic) c = static_cast<char>(draw(random, 0x25, 0x7e));
  return topic;
}

TEST(Parser, GivesBackWhatWasEncoded) {
  Random random(1);
  for (int round = 0; round < 20000; ++round) {
    const auto priority = static_cast<std::uint8_t>(random());
    const std::string topic = random_topic(random);
    const Bytes payload = random_bytes(random, draw(random, 0, round % 100 == 0 ? 60000 : 80));
    Bytes wire(encoded_frame_bytes(topic.size(), payload.size()));
    ASSERT_EQ(encode_frame(wire, priority, topic, payload), wire.size());

    const ExactBuffer frame(wire);
    const FrameView view = parse_frame(frame.span(), FrameLimits{});
    ASSERT_EQ(view.kind, FrameKind::kEvent);
    ASSERT_FALSE(view.ends_datagram);
    ASSERT_EQ(view.frame_bytes, wire.size());
    ASSERT_EQ(view.priority, priority);
    ASSERT_EQ(view.topic_view(), topic);
    ASSERT_EQ(view.topic, frame.span().data() + kTopicOffset);
    ASSERT_TRUE(std::ranges::equal(view.payload_view(), payload));
  }
}

TEST(Parser, GivesBackASession) {
  Random random(2);
  for (int round = 0; round < 1000; ++round) {
    const Session session{.flags = static_cast<std::uint8_t>(random()),
                          .count = static_cast<std::uint16_t>(random()),
                          .epoch = static_cast<std::uint32_t>(random()),
                          .producer = random(),
                          .first_sequence = random() >> 1,
                          .send_time_ns = random()};
    Bytes wire(kSessionFrameBytes);
    ASSERT_EQ(encode_session_frame(wire, 9, session), wire.size());
    const ExactBuffer frame(wire);
    const FrameView view = parse_frame(frame.span(), FrameLimits{});
    ASSERT_EQ(view.kind, FrameKind::kControl);
    ASSERT_EQ(view.priority, 9);
    ASSERT_EQ(view.topic_view(), kSessionTopic);
    ASSERT_EQ(decode_session(view.payload), session);
  }
}

TEST(Parser, LengthIsJudgedAtItsBounds) {
  const FrameLimits limits{.max_frame_bytes = 100, .max_topic_bytes = 255};
  constexpr std::size_t kPlenty = 1000;
  using enum LengthVerdict;
  for (const std::size_t left : {0u, 1u, 2u, 3u})
    EXPECT_EQ(judge_length(4, left, limits), kNoLength);
  EXPECT_EQ(judge_length(0, kPlenty, limits), kOutOfBounds);
  EXPECT_EQ(judge_length(3, kPlenty, limits), kOutOfBounds);
  EXPECT_EQ(judge_length(4, kPlenty, limits), kInBounds);
  EXPECT_EQ(judge_length(100, kPlenty, limits), kInBounds);
  EXPECT_EQ(judge_length(101, kPlenty, limits), kOutOfBounds);
  EXPECT_EQ(judge_length(UINT32_MAX, kPlenty, limits), kOutOfBounds);
  EXPECT_EQ(judge_length(10, 14, limits), kInBounds);
  EXPECT_EQ(judge_length(10, 13, limits), kPastEnd);
  EXPECT_EQ(judge_length(10, 4, limits), kPastEnd);
  EXPECT_EQ(judge_length(101, 4, limits), kOutOfBounds);
}

TEST(Parser, LimitsHaveBounds) {
  EXPECT_TRUE(valid(FrameLimits{}));
  EXPECT_TRUE(valid(FrameLimits{.max_frame_bytes = 64, .max_topic_bytes = 12}));
  EXPECT_FALSE(valid(FrameLimits{.max_frame_bytes = 63, .max_topic_bytes = 12}));
  EXPECT_FALSE(valid(FrameLimits{.max_frame_bytes = 65404, .max_topic_bytes = 12}));
  EXPECT_FALSE(valid(FrameLimits{.max_frame_bytes = 64, .max_topic_bytes = 11}));
  EXPECT_FALSE(valid(FrameLimits{.max_frame_bytes = 64, .max_topic_bytes = 256}));
}

TEST(Parser, ATopicRefusedForItsLengthIsNotPointedAt) {
  const Bytes frame = parse_hex("00000005 07 0009 61 62");
  const FrameView view = parse_frame(frame, FrameLimits{});
  EXPECT_EQ(view.reason, FrameDrop::kTopicLenOutOfBounds);
  EXPECT_EQ(view.topic_len, 0);
  EXPECT_EQ(view.payload_bytes, 0u);
  EXPECT_EQ(view.priority, 7);
  EXPECT_EQ(view.frame_bytes, 9u);
}

TEST(Parser, TheRestThatIsRefusedIsAllOfIt) {
  const Bytes rest = parse_hex("00000003 (61)x50");
  const FrameView view = parse_frame(rest, FrameLimits{});
  EXPECT_EQ(view.kind, FrameKind::kRefused);
  EXPECT_EQ(view.reason, FrameDrop::kLengthOutOfBounds);
  EXPECT_TRUE(view.ends_datagram);
  EXPECT_EQ(view.frame_bytes, 54u);
}

/// Describes what the datagram holds: "Judging one frame" with one line for each rule, for topics
/// of single bytes.
std::string reference_datagram(std::span<const std::uint8_t> rest) {
  std::string text;
  while (!rest.empty()) {
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < 4 && i < rest.size(); ++i) length = length * 256 + rest[i];
    std::string said;
    std::size_t advance = rest.size();
    if (rest.size() < 4) {
      said = "frame_truncated";
    } else if (length < 4 || length > 65403) {
      said = "length_out_of_bounds";
    } else if (4 + length > rest.size()) {
      said = "frame_truncated";
    } else {
      advance = 4 + length;
      const std::size_t topic_len = rest[5] * std::size_t{256} + rest[6];
      if (topic_len < 1 || topic_len > 255 || topic_len > length - 3) {
        said = "topic_len_out_of_bounds";
      } else {
        const auto topic = rest.subspan(7, topic_len);
        const bool wide = std::ranges::any_of(topic, [](auto b) { return b >= 0x80; });
        const bool control = std::ranges::any_of(topic, [](auto b) { return b < 32 || b == 127; });
        said = wide ? "topic_not_utf8" : control ? "topic_control_character" : "event ";
        if (!wide && !control) {
          said += std::to_string(rest[4]) + " " +
                  describe_topic({reinterpret_cast<const char*>(topic.data()), topic.size()}) +
                  " " + std::to_string(length - 3 - topic_len);
        }
      }
    }
    text += (text.empty() ? "" : "; ") + said;
    rest = rest.subspan(advance);
  }
  return text;
}

// Datagrams of good frames with a few bytes changed. Bytes from 0x80 on are only ever stray ones
// here, which are never UTF-8.
TEST(Parser, AgreesWithTheRulesOnDamagedDatagrams) {
  Random random(3);
  constexpr std::array<std::uint8_t, 12> kDamage = {0,    1,    2,    3,    4,    8,
                                                    0x0a, 0x20, 0x61, 0x7f, 0x80, 0xbf};
  for (int round = 0; round < 50000; ++round) {
    Bytes datagram;
    for (std::size_t frames = draw(random, 1, 5); frames > 0; --frames) {
      Bytes wire(512);
      const std::string topic(draw(random, 1, 40), 't');
      const Bytes payload(draw(random, 0, 50), std::uint8_t{'p'});
      wire.resize(encode_frame(wire, 1, topic, payload));
      datagram.insert(datagram.end(), wire.begin(), wire.end());
    }
    for (std::size_t hits = draw(random, 0, 4); hits > 0; --hits) {
      datagram[draw(random, 0, datagram.size() - 1)] = kDamage[draw(random, 0, kDamage.size() - 1)];
    }
    datagram.resize(draw(random, datagram.size() * 3 / 4, datagram.size()));
    const ExactBuffer exact(datagram);
    ASSERT_EQ(describe_datagram(exact.span(), FrameLimits{}), reference_datagram(datagram));
  }
}

}  // namespace
}  // namespace esc::wire::test
