// SPDX-License-Identifier: BSD-3-Clause
#include "wire/encoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bytes.hpp"
#include "golden_vectors.hpp"

namespace esc::wire::test {
namespace {

Bytes text_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

TEST(Encoder, WritesTheExampleFrame) {
  const Bytes payload = text_bytes("{temperature: 23.5, unit: \"C\"}");
  Bytes out(encoded_frame_bytes(11, payload.size()));
  ASSERT_EQ(encode_frame(out, 5, "sensor/temp", payload), 48u);
  for (const GoldenVector& vector : read_golden_vectors("Datagrams")) {
    if (vector.name.find("the example frame") != std::string::npos) {
      EXPECT_EQ(out, vector.bytes);
      return;
    }
  }
  FAIL() << "the example is not among the golden vectors";
}

TEST(Encoder, WritesNothingThatDoesNotFit) {
  Bytes out(11, 0xee);
  EXPECT_EQ(encode_frame(out, 1, "abc", text_bytes("de")), 0u);
  EXPECT_EQ(out, Bytes(11, 0xee));
  out.push_back(0xee);
  EXPECT_EQ(encode_frame(out, 1, "abc", text_bytes("de")), 12u);
  EXPECT_EQ(out, parse_hex("00000008 01 0003 616263 6465"));
}

TEST(Encoder, WritesOnlyItsOwnBytes) {
  Bytes out(12, 0xee);
  EXPECT_EQ(encode_frame(out, 1, "a", {}), 8u);
  EXPECT_EQ(out, parse_hex("00000004 01 0001 61 eeeeeeee"));
}

TEST(Encoder, RefusesSizesThatNobodyAccepts) {
  Bytes out(70000);
  EXPECT_EQ(encode_frame(out, 0, "", {}), 0u);
  EXPECT_EQ(encode_frame(out, 0, std::string(255, 't'), {}), 262u);
  EXPECT_EQ(encode_frame(out, 0, std::string(256, 't'), {}), 0u);
  EXPECT_EQ(encode_frame(out, 0, "t", Bytes(65399)), 65407u);
  EXPECT_EQ(load_be32(out.data()), kMaxFrameBytes);
  EXPECT_EQ(encode_frame(out, 0, "t", Bytes(65400)), 0u);
}

TEST(Encoder, RawFramesSayWhatTheyAreTold) {
  Bytes out(16, 0xee);
  const Bytes topic = text_bytes("ab");
  const Bytes payload = text_bytes("c");
  EXPECT_EQ(encode_raw_frame(out, {.length = 0xfffffffe,
                                   .priority = 9,
                                   .topic_len = 0xabcd,
                                   .topic = topic,
                                   .payload = payload}),
            10u);
  EXPECT_EQ(out, parse_hex("fffffffe 09 abcd 6162 63 (ee)x6"));
  EXPECT_EQ(encode_raw_frame(std::span(out).first(6), {}), 0u);
  EXPECT_EQ(true_length(2, 1), 6u);
}

TEST(Encoder, SessionFramesHaveEveryFieldInItsPlace) {
  const Session session{.flags = 0x31,
                        .count = 0x0203,
                        .epoch = 0x04050607,
                        .producer = 0x1011121314151617,
                        .first_sequence = 0x2021222324252627,
                        .send_time_ns = 0x3031323334353637};
  Bytes out(kSessionFrameBytes);
  ASSERT_EQ(encode_session_frame(out, 8, session), kSessionFrameBytes);
  EXPECT_EQ(out, parse_hex("0000002f 08 000c 246573632f73657373696f6e 01 31 0203 04050607"
                           "1011121314151617 2021222324252627 3031323334353637"));
  Bytes small(kSessionFrameBytes - 1);
  EXPECT_EQ(encode_session_frame(small, 8, session), 0u);
}

}  // namespace
}  // namespace esc::wire::test
