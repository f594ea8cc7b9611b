// SPDX-License-Identifier: BSD-3-Clause
// The frame that tells a sender how far its events are settled, byte by byte.
#include "wire/ack_frame.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "wire/parser.hpp"

namespace esc::wire {
namespace {

const Ack kAck{.no_position = true,
               .rejected = 3,
               .epoch = 0x01020304,
               .producer = 0x1112131415161718,
               .next_sequence = 0x2122232425262728,
               .rejected_total = 0x3132333435363738};
constexpr std::array<std::uint8_t, kAckFrameBytes> kAckBytes = {
    0,    0,    0,    0x2b, 0xff, 0,    8,    '$',  'e',  's',  'c',  '/',  'a',  'c',  'k',  1,
    1,    0,    3,    0x01, 0x02, 0x03, 0x04, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x21,
    0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38};

TEST(AckFrame, HasTheseBytes) {
  std::array<std::uint8_t, kAckFrameBytes> bytes{};
  encode_ack_frame(bytes, kAck);
  EXPECT_EQ(bytes, kAckBytes);
  EXPECT_EQ(decode_ack(std::span(bytes).last<kAckPayloadBytes>()), kAck);
  encode_ack_frame(bytes, {.next_sequence = 7});
  EXPECT_EQ(decode_ack(std::span(bytes).last<kAckPayloadBytes>()), (Ack{.next_sequence = 7}));
}

TEST(AckFrame, OfAnotherSizeOrVersionSaysNothing) {
  std::vector<std::uint8_t> payload(kAckBytes.end() - kAckPayloadBytes, kAckBytes.end());
  EXPECT_TRUE(decode_ack(payload));
  payload[1] = 0xfe;  // flags that are not known yet
  ASSERT_TRUE(decode_ack(payload));
  EXPECT_FALSE(decode_ack(payload)->no_position);
  payload[0] = 2;
  EXPECT_FALSE(decode_ack(payload));
  payload[0] = 1;
  payload.push_back(0);
  EXPECT_FALSE(decode_ack(payload));
  payload.resize(kAckPayloadBytes - 1);
  EXPECT_FALSE(decode_ack(payload));
}

// A receiver takes no such frame from a sender.
TEST(AckFrame, IsOfAReservedTopic) {
  const FrameView view = parse_frame(kAckBytes, {});
  EXPECT_EQ(view.kind, FrameKind::kRefused);
  EXPECT_EQ(view.reason, FrameDrop::kReservedTopic);
  EXPECT_EQ(view.frame_bytes, kAckFrameBytes);
}

}  // namespace
}  // namespace esc::wire
