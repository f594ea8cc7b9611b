// SPDX-License-Identifier: BSD-3-Clause
#include "wire/sender.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

#include "received.hpp"
#include "support/enumerators.hpp"

namespace esc::wire::test {
namespace {

constexpr Numbering kNumbering{.producer = 7, .epoch = 3, .first_sequence = 1000};

Bytes payload_of(std::size_t bytes, std::uint8_t value = 0x55) {
  return Bytes(bytes, value);
}

class SenderTest : public ::testing::Test {
 protected:
  ScriptedSink sink() { return {&taken, &refusals}; }
  [[nodiscard]] Received all() const {
    Received received;
    for (const Bytes& datagram : taken) receive(datagram, received);
    return received;
  }

  std::vector<Bytes> taken;
  int refusals = 0;
};

TEST_F(SenderTest, EventsComeBackAsTheyWereWithConsecutiveNumbersOverDatagrams) {
  std::mt19937_64 random(1);
  std::vector<ReceivedEvent> sent;
  Sender sender({.numbering = kNumbering, .max_datagram_bytes = 600}, sink());
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const ReceivedEvent event{
        static_cast<std::uint8_t>(random()), std::string(1 + random() % 40, 't'),
        payload_of(random() % 200, static_cast<std::uint8_t>(random())), Identity{7, 1000 + i, 3}};
    ASSERT_EQ(sender.next_sequence(), 1000 + i);
    ASSERT_EQ(sender.send(event.priority, event.topic, event.payload), SendResult::kOk);
    if (random() % 50 == 0) {
      ASSERT_EQ(sender.flush(), SendResult::kOk);
    }
    sent.push_back(event);
  }
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  EXPECT_EQ(sender.pending_frames(), 0u);
  const Received received = all();
  EXPECT_EQ(received.events, sent);
  EXPECT_EQ(received.sessions.size(), taken.size()) << "one leads each datagram";
  EXPECT_GT(taken.size(), 100u);
  std::uint64_t covered = 0;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    EXPECT_LE(taken[i].size(), 600u);
    EXPECT_EQ(received.sessions[i].first_sequence, 1000 + covered);
    EXPECT_EQ(received.sessions[i].flags, 0);
    covered += received.sessions[i].count;
  }
  EXPECT_EQ(covered, 3000u) << "each count is exactly the frames of its datagram";
}

TEST_F(SenderTest, FlushOfNothingSendsNothing) {
  Sender sender({.numbering = kNumbering}, sink());
  EXPECT_EQ(sender.flush(), SendResult::kOk);
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  EXPECT_EQ(sender.flush(), SendResult::kOk);
  EXPECT_EQ(sender.flush(), SendResult::kOk);
  EXPECT_EQ(taken.size(), 1u);
}

TEST_F(SenderTest, ADatagramIsFilledToItsLastByteAndNotBeyond) {
  constexpr std::size_t kRoom = 200 - kSessionFrameBytes;
  const std::size_t half = kRoom / 2;
  Sender sender({.numbering = kNumbering, .max_datagram_bytes = 200}, sink());
  ASSERT_EQ(sender.send(0, "a", payload_of(half - 8)), SendResult::kOk);
  ASSERT_EQ(sender.send(0, "a", payload_of(kRoom - half - 8)), SendResult::kOk);
  EXPECT_TRUE(taken.empty());
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].size(), 200u);
  EXPECT_EQ(sender.pending_frames(), 1u);
  // The second event is one byte too large to fit beside the first.
  taken.clear();
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  ASSERT_EQ(sender.send(0, "a", payload_of(half - 8)), SendResult::kOk);
  ASSERT_EQ(sender.send(0, "a", payload_of(kRoom - half - 7)), SendResult::kOk);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[1].size(), kSessionFrameBytes + half);
}

TEST_F(SenderTest, TheLargestFrameAndOneByteMore) {
  for (const std::size_t datagram : {std::size_t{59}, std::size_t{1452}, kMaxDatagramBytes}) {
    Sender sender({.numbering = kNumbering, .max_datagram_bytes = datagram}, sink());
    const std::size_t frame =
        std::min<std::size_t>(datagram - kSessionFrameBytes, kLengthBytes + kMaxFrameBytes);
    const std::size_t most = frame - kTopicOffset - 1;
    EXPECT_EQ(sender.send(0, "a", payload_of(most + 1)), SendResult::kFrameTooLarge);
    EXPECT_EQ(sender.next_sequence(), 1000u) << "no number is used";
    ASSERT_EQ(sender.send(0, "a", payload_of(most)), SendResult::kOk);
    ASSERT_EQ(sender.flush(), SendResult::kOk);
    EXPECT_EQ(taken.back().size(), kSessionFrameBytes + frame);
  }
  // A topic alone that does not fit, and a frame that only the receiver's limit forbids.
  Sender tiny({.numbering = kNumbering, .max_datagram_bytes = 59}, sink());
  EXPECT_EQ(tiny.send(0, std::string(255, 'a'), {}), SendResult::kFrameTooLarge);
  Sender limited(
      {.numbering = kNumbering, .limits = {.max_frame_bytes = 64, .max_topic_bytes = 12}}, sink());
  EXPECT_EQ(limited.send(0, "a", payload_of(60)), SendResult::kOk);
  EXPECT_EQ(limited.send(0, "a", payload_of(61)), SendResult::kFrameTooLarge);
  EXPECT_EQ(limited.send(0, std::string(13, 'a'), {}), SendResult::kTopicLenOutOfBounds);
}

/// Compares the sender's verdict on a topic with the parser's verdict on a frame that has it.
TEST_F(SenderTest, TopicsAreJudgedAsTheReceiverJudgesThem) {
  const std::vector<std::pair<std::string, SendResult>> topics = {
      {"a", SendResult::kOk},
      {std::string(255, 'a'), SendResult::kOk},
      {"gr\xc3\xb6\xc3\x9f"
       "e",
       SendResult::kOk},
      {"$esc", SendResult::kOk},
      {"$escape", SendResult::kOk},
      {"", SendResult::kTopicLenOutOfBounds},
      {std::string(256, 'a'), SendResult::kTopicLenOutOfBounds},
      {"\xff", SendResult::kTopicNotUtf8},
      {"a\xed\xa0\x80", SendResult::kTopicNotUtf8},
      {"a\nb", SendResult::kTopicControlCharacter},
      {"a\xc2\x80", SendResult::kTopicControlCharacter},
      {"$esc/", SendResult::kReservedTopic},
      {"$esc/x", SendResult::kReservedTopic},
      {"$esc/session", SendResult::kReservedTopic}};
  Sender sender({.numbering = kNumbering}, sink());
  for (const auto& [topic, expected] : topics) {
    EXPECT_EQ(sender.send(0, topic, {}), expected) << topic;
    if (topic.empty() || topic.size() > kMaxTopicBytes) continue;
    Bytes frame(encoded_frame_bytes(topic.size(), 0));
    ASSERT_EQ(encode_frame(frame, 0, topic, {}), frame.size());
    EXPECT_EQ(parse_frame(frame, {}).kind == FrameKind::kEvent, expected == SendResult::kOk);
  }
  EXPECT_EQ(sender.next_sequence(), 1005u) << "refused topics use no number";
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  EXPECT_EQ(all().events.size(), 5u);
}

TEST_F(SenderTest, ARefusedDatagramIsOfferedAgainByteForByteBeforeAnythingElse) {
  std::uint64_t now = 5;
  const auto clock = [&now] { return now++; };
  Sender sender({.numbering = kNumbering}, sink(), clock);
  ASSERT_EQ(sender.send(1, "a", payload_of(3)), SendResult::kOk);
  refusals = 3;
  EXPECT_EQ(sender.flush(), SendResult::kSinkFailed);
  // The datagram may have arrived, so nothing may be added to it, however much room there is.
  EXPECT_EQ(sender.send(1, "b", {}), SendResult::kSinkFailed);
  EXPECT_EQ(sender.next_sequence(), 1001u) << "the event that was not taken has no number";
  EXPECT_EQ(sender.pending_frames(), 1u);
  EXPECT_EQ(sender.resend(), SendResult::kSinkFailed);
  EXPECT_EQ(sender.send(1, "b", {}), SendResult::kOk);
  EXPECT_EQ(sender.flush(), SendResult::kOk);
  const Received received = all();
  ASSERT_EQ(received.events.size(), 2u);
  EXPECT_EQ(received.events[0].identity, (Identity{7, 1000, 3}));
  EXPECT_EQ(received.events[1].identity, (Identity{7, 1001, 3}));
  EXPECT_EQ(received.sessions[0].send_time_ns, 5u) << "the time is that of the first offer";
  EXPECT_EQ(received.sessions[1].send_time_ns, 6u);
}

TEST_F(SenderTest, AResentDatagramIsTheSameBytes) {
  std::uint64_t now = 0;
  Sender sender({.numbering = kNumbering}, sink(), [&now] { return ++now; });
  EXPECT_EQ(sender.resend(), SendResult::kNothingToResend);
  ASSERT_EQ(sender.send(1, "a", payload_of(3)), SendResult::kOk);
  EXPECT_EQ(sender.resend(), SendResult::kNothingToResend) << "it was never sent";
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  EXPECT_EQ(sender.resend(), SendResult::kOk);
  EXPECT_EQ(sender.resend(), SendResult::kOk);
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0], taken[1]);
  EXPECT_EQ(taken[0], taken[2]);
  ASSERT_EQ(sender.send(1, "a", payload_of(3)), SendResult::kOk);
  EXPECT_EQ(sender.resend(), SendResult::kNothingToResend);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  EXPECT_EQ(all().events.back().identity, (Identity{7, 1001, 3}));
}

TEST_F(SenderTest, DiscardedNumbersAreNotUsedAgain) {
  Sender sender({.numbering = kNumbering}, sink());
  refusals = 1;
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  EXPECT_EQ(sender.flush(), SendResult::kSinkFailed);
  sender.discard();
  EXPECT_EQ(sender.pending_frames(), 0u);
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(all().events.at(0).identity, (Identity{7, 1001, 3}));
}

TEST_F(SenderTest, ANewEpochBeginsAtItsOwnNumber) {
  Sender sender({.numbering = kNumbering}, sink());
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  EXPECT_EQ(sender.begin_epoch(3, 0), SendResult::kEpochNotNewer);
  EXPECT_EQ(sender.begin_epoch(2, 0), SendResult::kEpochNotNewer);
  refusals = 1;
  EXPECT_EQ(sender.begin_epoch(4, 0), SendResult::kSinkFailed);
  EXPECT_EQ(sender.begin_epoch(4, 0), SendResult::kOk);
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  const Received received = all();
  ASSERT_EQ(received.events.size(), 2u);
  EXPECT_EQ(received.events[0].identity, (Identity{7, 1000, 3}));
  EXPECT_EQ(received.events[1].identity, (Identity{7, 0, 4}));
}

TEST_F(SenderTest, TheLastNumberIsUsedAndThenNoMore) {
  Sender sender(
      {.numbering = {.producer = 7, .epoch = UINT32_MAX - 1, .first_sequence = UINT64_MAX - 1}},
      sink());
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  EXPECT_EQ(sender.send(0, "a", {}), SendResult::kSequenceExhausted);
  EXPECT_EQ(sender.send(0, "\n", {}), SendResult::kTopicControlCharacter);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  EXPECT_EQ(sender.send(0, "a", {}), SendResult::kSequenceExhausted);
  EXPECT_EQ(all().events.back().identity, (Identity{7, UINT64_MAX, UINT32_MAX - 1}));
  ASSERT_EQ(sender.begin_epoch(UINT32_MAX, 0), SendResult::kOk);
  EXPECT_EQ(sender.send(0, "a", {}), SendResult::kOk);
}

TEST_F(SenderTest, ConfigurationsThatCannotBeAreRefused) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{58}, kMaxDatagramBytes + 1}) {
    EXPECT_THROW(Sender({.max_datagram_bytes = bytes}, sink()), std::invalid_argument);
  }
  EXPECT_THROW(Sender({.limits = {.max_frame_bytes = 63}}, sink()), std::invalid_argument);
}

TEST(SendResult, EachHasAName) {
  const auto names = esc::test::plain_names<SendResult, 10>();
  for (std::size_t i = 0; i < names.size(); ++i)
    EXPECT_EQ(name(static_cast<SendResult>(i)), names[i]);
  EXPECT_EQ(name(static_cast<SendResult>(names.size())), "unknown");
  EXPECT_EQ(name(SendResult::kReservedTopic), esc::name(FrameDrop::kReservedTopic));
  EXPECT_EQ(name(static_cast<SendResult>(99)), "unknown");
}

}  // namespace
}  // namespace esc::wire::test
