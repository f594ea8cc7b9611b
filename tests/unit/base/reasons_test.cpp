#include "base/reasons.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace esc {
namespace {

using Names = std::vector<std::string_view>;

template <std::size_t N>
Names list(const std::array<std::string_view, N>& names) {
  return {names.begin(), names.end()};
}

// Whoever reads a ledger relies on these: names are added, never changed or taken away.
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

TEST(Reasons, NonEventNamesAreThese) {
  EXPECT_EQ(list(kNonEventNames), (Names{"llc", "arp", "other_ethertype", "icmp", "icmpv6", "igmp",
                                         "tcp", "other_ip_protocol", "empty_datagram"}));
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
}

// Each enumerator beside its name: a list in another order than the enum would pass the tests
// above.
TEST(Reasons, EnumeratorsHaveTheirOwnNames) {
  EXPECT_EQ(name(FrameDrop::kLengthOutOfBounds), "length_out_of_bounds");
  EXPECT_EQ(name(FrameDrop::kFrameTruncated), "frame_truncated");
  EXPECT_EQ(name(FrameDrop::kTopicLenOutOfBounds), "topic_len_out_of_bounds");
  EXPECT_EQ(name(FrameDrop::kTopicNotUtf8), "topic_not_utf8");
  EXPECT_EQ(name(FrameDrop::kTopicControlCharacter), "topic_control_character");
  EXPECT_EQ(name(FrameDrop::kReservedTopic), "reserved_topic");
  EXPECT_EQ(name(FrameDrop::kBadSession), "bad_session");
  EXPECT_EQ(name(FrameDrop::kPartialAtClose), "partial_at_close");
  EXPECT_EQ(name(FrameDrop::kNoJumboBuffer), "no_jumbo_buffer");
  EXPECT_EQ(name(FrameDrop::kUnknownTopic), "unknown_topic");
  EXPECT_EQ(name(FrameDrop::kHandlerRefused), "handler_refused");
  EXPECT_EQ(name(FrameDrop::kDrainedAtDeadline), "drained_at_deadline");
  EXPECT_EQ(name(PacketDrop::kShortHeader), "short_header");
  EXPECT_EQ(name(PacketDrop::kVlanTooDeep), "vlan_too_deep");
  EXPECT_EQ(name(PacketDrop::kBadIpHeader), "bad_ip_header");
  EXPECT_EQ(name(PacketDrop::kIpTruncated), "ip_truncated");
  EXPECT_EQ(name(PacketDrop::kFragment), "fragment");
  EXPECT_EQ(name(PacketDrop::kWrongPort), "wrong_port");
  EXPECT_EQ(name(PacketDrop::kBadUdpLength), "bad_udp_length");
  EXPECT_EQ(name(PacketDrop::kBadIpChecksum), "bad_ip_checksum");
  EXPECT_EQ(name(PacketDrop::kBadUdpChecksum), "bad_udp_checksum");
  EXPECT_EQ(name(PacketDrop::kDrainedAtDeadline), "drained_at_deadline");
  EXPECT_EQ(name(NonEvent::kLlc), "llc");
  EXPECT_EQ(name(NonEvent::kArp), "arp");
  EXPECT_EQ(name(NonEvent::kOtherEthertype), "other_ethertype");
  EXPECT_EQ(name(NonEvent::kIcmp), "icmp");
  EXPECT_EQ(name(NonEvent::kIcmpv6), "icmpv6");
  EXPECT_EQ(name(NonEvent::kIgmp), "igmp");
  EXPECT_EQ(name(NonEvent::kTcp), "tcp");
  EXPECT_EQ(name(NonEvent::kOtherIpProtocol), "other_ip_protocol");
  EXPECT_EQ(name(NonEvent::kEmptyDatagram), "empty_datagram");
}

}  // namespace
}  // namespace esc
