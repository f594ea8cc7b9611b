// SPDX-License-Identifier: BSD-3-Clause
#include "wire/stream_sender.hpp"

#include <random>
#include <stdexcept>

#include "received.hpp"

namespace esc::wire::test {
namespace {

constexpr Numbering kStreamNumbering{.producer = 9, .epoch = 1, .first_sequence = 0};

class StreamSenderTest : public ::testing::Test {
 protected:
  ScriptedSink sink() { return {&taken, &refusals}; }
  /// What one connection carried, as its receiver reads it.
  [[nodiscard]] Received connection(std::size_t first_block = 0) const {
    Bytes stream;
    for (std::size_t i = first_block; i < taken.size(); ++i)
      stream.insert(stream.end(), taken[i].begin(), taken[i].end());
    Received received;
    receive(stream, received);
    return received;
  }
  static void expect_numbers(const Received& received, std::uint64_t from, std::uint64_t to) {
    ASSERT_EQ(received.events.size(), to - from);
    for (std::uint64_t i = from; i < to; ++i)
      EXPECT_EQ(received.events[i - from].identity, (Identity{9, i, 1}));
  }

  std::vector<Bytes> taken;
  int refusals = 0;
};

TEST_F(StreamSenderTest, OneStreamOfConsecutiveNumbersWhateverTheBlocks) {
  for (const std::size_t block : {std::size_t{150}, std::size_t{1000}, std::size_t{65536}}) {
    for (const std::uint32_t interval : {0u, 1u, 7u, 100u, 5000u}) {
      taken.clear();
      std::mt19937_64 random(block + interval);
      StreamSender sender({.numbering = kStreamNumbering,
                           .block_bytes = block,
                           .session_interval_frames = interval},
                          sink());
      for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(sender.send(0, "topic", Bytes(random() % 50)), SendResult::kOk);
        if (random() % 40 == 0) {
          ASSERT_EQ(sender.flush(), SendResult::kOk);
        }
      }
      ASSERT_EQ(sender.flush(), SendResult::kOk);
      const Received received = connection();
      expect_numbers(received, 0, 1000);
      ASSERT_EQ(received.sessions.size(), interval == 0 ? 1 : (1000 + interval - 1) / interval);
      for (std::size_t i = 0; i < received.sessions.size(); ++i) {
        EXPECT_EQ(received.sessions[i].first_sequence, i * interval);
        EXPECT_EQ(received.sessions[i].count, 0);
      }
      for (const Bytes& bytes : taken) EXPECT_LE(bytes.size(), block);
    }
  }
}

TEST_F(StreamSenderTest, ABlockThatFailedGoesOverTheNextConnectionUnderTheSameNumbers) {
  StreamSender sender({.numbering = kStreamNumbering}, sink());
  for (int i = 0; i < 3; ++i) ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  refusals = 2;
  EXPECT_EQ(sender.flush(), SendResult::kSinkFailed);
  EXPECT_EQ(sender.send(0, "b", {}), SendResult::kSinkFailed);
  EXPECT_EQ(sender.next_sequence(), 5u);
  sender.begin_connection();
  ASSERT_EQ(sender.send(0, "b", {}), SendResult::kOk);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  expect_numbers(connection(1), 3, 6);
  EXPECT_EQ(connection(1).sessions.size(), 1u);
}

TEST_F(StreamSenderTest, ABlockThatWasNotTakenIsOfferedAgainAsItIs) {
  StreamSender sender({.numbering = kStreamNumbering}, sink());
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  refusals = 1;
  EXPECT_EQ(sender.flush(), SendResult::kSinkFailed);
  EXPECT_EQ(sender.pending_frames(), 1u);
  EXPECT_EQ(sender.flush(), SendResult::kOk);
  EXPECT_EQ(taken[1].size(), 8u) << "no session frame where none is due";
  expect_numbers(connection(), 0, 2);
}

TEST_F(StreamSenderTest, TheTimeIsThatOfTheFirstOfferOfTheConnection) {
  std::uint64_t now = 10;
  StreamSender sender({.numbering = kStreamNumbering}, sink(), [&now] { return now; });
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  refusals = 2;
  EXPECT_EQ(sender.flush(), SendResult::kSinkFailed);
  now = 20;
  EXPECT_EQ(sender.flush(), SendResult::kSinkFailed);
  StreamSender same = sender;
  EXPECT_EQ(sender.flush(), SendResult::kOk);
  EXPECT_EQ(connection().sessions.at(0).send_time_ns, 10u);
  same.begin_connection();
  EXPECT_EQ(same.flush(), SendResult::kOk);
  EXPECT_EQ(connection(1).sessions.at(0).send_time_ns, 20u);
}

TEST_F(StreamSenderTest, AConnectionThatBeginsBetweenBlocksBeginsWithASession) {
  StreamSender sender({.numbering = kStreamNumbering}, sink());
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  sender.begin_connection();
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  expect_numbers(connection(1), 1, 2);
}

TEST_F(StreamSenderTest, WhatFollowsGivenUpEventsHasItsOwnNumbers) {
  StreamSender sender({.numbering = kStreamNumbering}, sink());
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  sender.discard();
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  const Received received = connection();
  ASSERT_EQ(received.events.size(), 2u);
  EXPECT_EQ(received.events[1].identity, (Identity{9, 2, 1}));
}

TEST_F(StreamSenderTest, ANewEpochOnTheSameConnection) {
  StreamSender sender({.numbering = kStreamNumbering}, sink());
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  EXPECT_EQ(sender.begin_epoch(1, 0), SendResult::kEpochNotNewer);
  EXPECT_EQ(sender.begin_epoch(2, 50), SendResult::kOk);
  ASSERT_EQ(sender.send(0, "a", {}), SendResult::kOk);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  EXPECT_EQ(connection().events.at(1).identity, (Identity{9, 50, 2}));
}

TEST_F(StreamSenderTest, TheLargestFrameFillsABlock) {
  StreamSender sender(
      {.numbering = kStreamNumbering, .block_bytes = 200, .session_interval_frames = 1}, sink());
  const std::size_t most = 200 - kSessionFrameBytes - 8;
  EXPECT_EQ(sender.send(0, "a", Bytes(most + 1)), SendResult::kFrameTooLarge);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(sender.send(0, "a", Bytes(most)), SendResult::kOk);
  ASSERT_EQ(sender.flush(), SendResult::kOk);
  EXPECT_EQ(taken.size(), 3u);
  expect_numbers(connection(), 0, 3);
  EXPECT_THROW(StreamSender({.block_bytes = 58}, sink()), std::invalid_argument);
  EXPECT_THROW(StreamSender({.block_bytes = kMaxBlockBytes + 1}, sink()), std::invalid_argument);
}

}  // namespace
}  // namespace esc::wire::test
