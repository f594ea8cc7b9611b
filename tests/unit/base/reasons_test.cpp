// SPDX-License-Identifier: BSD-3-Clause
#include "base/reasons.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/pressure.hpp"
#include "support/enumerators.hpp"

namespace esc {
namespace {

using Names = std::vector<std::string_view>;

template <std::size_t N>
Names list(const std::array<std::string_view, N>& names) {
  return {names.begin(), names.end()};
}

// Readers of ledgers rely on these names: add names, but never change or remove one.
TEST(Reasons, FrameDropNamesAreThese) {
  EXPECT_EQ(list(kFrameDropNames), (Names{"length_out_of_bounds",
                                          "frame_truncated",
                                          "topic_len_out_of_bounds",
                                          "topic_not_utf8",
                                          "topic_control_character",
                                          "reserved_topic",
                                          "bad_session",
                                          "partial_at_close",
                                          "no_jumbo_buffer",
                                          "unknown_topic",
                                          "handler_refused",
                                          "drained_at_deadline",
                                          "worker_full",
                                          "hold_expired",
                                          "paused",
                                          "shed_critical",
                                          "shed_emergency",
                                          "topic_not_allowed",
                                          "producer_not_allowed",
                                          "dlq_backlog",
                                          "dlq_write_failed",
                                          "replay_not_allowed"}));
}

TEST(Reasons, PacketDropNamesAreThese) {
  EXPECT_EQ(list(kPacketDropNames),
            (Names{"short_header", "vlan_too_deep", "bad_ip_header", "ip_truncated", "fragment",
                   "wrong_port", "bad_udp_length", "bad_ip_checksum", "bad_udp_checksum",
                   "drained_at_deadline"}));
}

// The positions of these are numbers in segment files as well: no name may move.
TEST(Reasons, DeadReasonNamesAreThese) {
  EXPECT_EQ(list(kDeadReasonNames),
            (Names{"none", "unknown_topic", "handler_refused", "worker_full", "hold_expired",
                   "shed_critical", "shed_emergency", "stale", "drained_at_deadline"}));
}

TEST(Reasons, NonEventNamesAreThese) {
  EXPECT_EQ(list(kNonEventNames), (Names{"llc", "arp", "other_ethertype", "icmp", "icmpv6", "igmp",
                                         "tcp", "other_ip_protocol", "empty_datagram"}));
}

TEST(Reasons, StreamNamesAreThese) {
  EXPECT_EQ(list(kStreamEndNames), (Names{"peer", "broken", "slow", "idle", "failed", "drained"}));
  EXPECT_EQ(list(kStreamRefusalNames), (Names{"full", "not_allowed", "too_many"}));
}

template <std::size_t N>
void expect_usable_as_keys(const std::array<std::string_view, N>& names) {
  EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()).size(), N);
  for (const std::string_view name : names) {
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    })) << name;
  }
}

TEST(Reasons, NamesAreUniqueAndPlain) {
  expect_usable_as_keys(kFrameDropNames);
  expect_usable_as_keys(kPacketDropNames);
  expect_usable_as_keys(kNonEventNames);
  expect_usable_as_keys(kDeadReasonNames);
  expect_usable_as_keys(kStreamEndNames);
  expect_usable_as_keys(kStreamRefusalNames);
  expect_usable_as_keys(kPressureLevelNames);
  expect_usable_as_keys(kPressureInputNames);
}

// Compares with the identifiers of the enumerators: a list in another order than its enum would
// pass the tests above.
template <class Enum>
void expect_named_after_themselves() {
  const auto expected = test::plain_names<Enum>();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(name(static_cast<Enum>(i)), expected[i]);
  }
}

TEST(Reasons, EnumeratorsHaveTheirOwnNames) {
  expect_named_after_themselves<FrameDrop>();
  expect_named_after_themselves<PacketDrop>();
  expect_named_after_themselves<NonEvent>();
  expect_named_after_themselves<DeadReason>();
  expect_named_after_themselves<StreamEnd>();
  expect_named_after_themselves<StreamRefusal>();
  expect_named_after_themselves<PressureLevel>();
  expect_named_after_themselves<PressureInput>();
}

// The test above relies on this.
TEST(Reasons, EnumeratorsAreRead) {
  EXPECT_EQ(test::identifiers_of<FrameDrop>()[0], "kLengthOutOfBounds");
  EXPECT_EQ(test::identifiers_of<NonEvent>()[4], "kIcmpv6");
  EXPECT_EQ(test::plain_name("kTopicNotUtf8"), "topic_not_utf8");
  EXPECT_EQ(test::plain_name("kPool"), "pool");
}

}  // namespace
}  // namespace esc
