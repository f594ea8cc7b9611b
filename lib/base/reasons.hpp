// SPDX-License-Identifier: BSD-3-Clause
// The names in the ledger: every way in which a packet or a frame can end. Each has one enumerator,
// one name and one counter. Whoever reads ledgers relies on the names: add rows to the tables, but
// never rename one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/named.hpp"

namespace esc {

/// Why a frame is dropped. The wire rules refuse a frame for kLengthOutOfBounds to kPartialAtClose
/// (docs/wire-format.md); for the rest the pipeline itself drops it.
enum class FrameDrop : std::uint8_t {
  kLengthOutOfBounds,
  kFrameTruncated,
  kTopicLenOutOfBounds,
  kTopicNotUtf8,
  kTopicControlCharacter,
  kReservedTopic,
  kBadSession,
  kPartialAtClose,
  kNoJumboBuffer,
  kUnknownTopic,
  kHandlerRefused,
  kDrainedAtDeadline,
  kWorkerFull,
  kHoldExpired,
  kPaused,
  kShedCritical,
  kShedEmergency,
  kTopicNotAllowed,
  kProducerNotAllowed,
  kDlqBacklog,
  kDlqWriteFailed,
  kReplayNotAllowed,
  kCount
};

inline constexpr NamedTable<FrameDrop> kFrameDropRows = {{
    {FrameDrop::kLengthOutOfBounds, "length_out_of_bounds",
     "its length is below or above what a frame may have"},
    {FrameDrop::kFrameTruncated, "frame_truncated",
     "what is left of the datagram is shorter than the frame says"},
    {FrameDrop::kTopicLenOutOfBounds, "topic_len_out_of_bounds",
     "its topic is empty, or longer than a topic or the frame may be"},
    {FrameDrop::kTopicNotUtf8, "topic_not_utf8", "its topic is not UTF-8"},
    {FrameDrop::kTopicControlCharacter, "topic_control_character",
     "its topic has a control character"},
    {FrameDrop::kReservedTopic, "reserved_topic", "its topic is among those that are reserved"},
    {FrameDrop::kBadSession, "bad_session",
     "a session frame whose size, version or numbers are wrong"},
    {FrameDrop::kPartialAtClose, "partial_at_close",
     "its connection was closed in the middle of it"},
    {FrameDrop::kNoJumboBuffer, "no_jumbo_buffer",
     "it spans segments, and there was no buffer to make it whole in"},
    {FrameDrop::kUnknownTopic, "unknown_topic", "no route takes its topic"},
    {FrameDrop::kHandlerRefused, "handler_refused",
     "its handler said no, as often as its route's retries allow"},
    {FrameDrop::kDrainedAtDeadline, "drained_at_deadline",
     "still queued when the drain deadline passed"},
    {FrameDrop::kWorkerFull, "worker_full",
     "its worker's ring was full, and its route does not wait, or cannot"},
    {FrameDrop::kHoldExpired, "hold_expired", "waited for its worker for the longest time allowed"},
    {FrameDrop::kPaused, "paused", "came while the appliance was paused, and found no room"},
    {FrameDrop::kShedCritical, "shed_critical", "shed for its priority, at the level critical"},
    {FrameDrop::kShedEmergency, "shed_emergency", "shed for its priority, at the level emergency"},
    {FrameDrop::kTopicNotAllowed, "topic_not_allowed", "its sender may not publish to its topic"},
    {FrameDrop::kProducerNotAllowed, "producer_not_allowed",
     "its sender may not speak for its producer"},
    {FrameDrop::kDlqBacklog, "dlq_backlog", "a dead letter, and no room on the way to the storage"},
    {FrameDrop::kDlqWriteFailed, "dlq_write_failed", "a dead letter that the disk did not take"},
    {FrameDrop::kReplayNotAllowed, "replay_not_allowed",
     "says that it is a replayed dead letter, and its sender may not replay"},
}};
static_assert(well_named(kFrameDropRows));

inline constexpr auto kFrameDropNames = names_of(kFrameDropRows);

[[nodiscard]] constexpr std::string_view name(FrameDrop reason) noexcept {
  return kFrameDropNames[static_cast<std::size_t>(reason)];
}

/// Why a packet is dropped before any of its frames is looked at (docs/wire-format.md, "From packet
/// to datagram").
enum class PacketDrop : std::uint8_t {
  kShortHeader,
  kVlanTooDeep,
  kBadIpHeader,
  kIpTruncated,
  kFragment,
  kWrongPort,
  kBadUdpLength,
  kBadIpChecksum,
  kBadUdpChecksum,
  kDrainedAtDeadline,
  kCount
};

inline constexpr NamedTable<PacketDrop> kPacketDropRows = {{
    {PacketDrop::kShortHeader, "short_header", "ends within a header"},
    {PacketDrop::kVlanTooDeep, "vlan_too_deep", "has more VLAN tags than are looked through"},
    {PacketDrop::kBadIpHeader, "bad_ip_header", "its IP header breaks a rule of the wire format"},
    {PacketDrop::kIpTruncated, "ip_truncated", "has fewer bytes than its IP header says"},
    {PacketDrop::kFragment, "fragment", "a fragment of a larger IP packet"},
    {PacketDrop::kWrongPort, "wrong_port", "a datagram to a UDP port that carries no events"},
    {PacketDrop::kBadUdpLength, "bad_udp_length",
     "its UDP length is less than a header, or more than its IP packet has"},
    {PacketDrop::kBadIpChecksum, "bad_ip_checksum", "its IP header's checksum is wrong"},
    {PacketDrop::kBadUdpChecksum, "bad_udp_checksum", "its UDP checksum is wrong"},
    {PacketDrop::kDrainedAtDeadline, "drained_at_deadline",
     "received, but not parsed when the drain deadline passed"},
}};
static_assert(well_named(kPacketDropRows));

inline constexpr auto kPacketDropNames = names_of(kPacketDropRows);

[[nodiscard]] constexpr std::string_view name(PacketDrop reason) noexcept {
  return kPacketDropNames[static_cast<std::size_t>(reason)];
}

/// Valid packets that carry no events, by what they are.
enum class NonEvent : std::uint8_t {
  kLlc,
  kArp,
  kOtherEthertype,
  kIcmp,
  kIcmpv6,
  kIgmp,
  kTcp,
  kOtherIpProtocol,
  kEmptyDatagram,
  kCount
};

inline constexpr NamedTable<NonEvent> kNonEventRows = {{
    {NonEvent::kLlc, "llc", "an IEEE 802.3 frame, with a length in place of a type"},
    {NonEvent::kArp, "arp", "ARP"},
    {NonEvent::kOtherEthertype, "other_ethertype", "an Ethernet type that is neither IP nor ARP"},
    {NonEvent::kIcmp, "icmp", "ICMP"},
    {NonEvent::kIcmpv6, "icmpv6", "ICMPv6"},
    {NonEvent::kIgmp, "igmp", "IGMP"},
    {NonEvent::kTcp, "tcp", "TCP"},
    {NonEvent::kOtherIpProtocol, "other_ip_protocol", "an IP protocol that is none of the others"},
    {NonEvent::kEmptyDatagram, "empty_datagram", "a datagram to one of our ports, without payload"},
}};
static_assert(well_named(kNonEventRows));

inline constexpr auto kNonEventNames = names_of(kNonEventRows);

[[nodiscard]] constexpr std::string_view name(NonEvent kind) noexcept {
  return kNonEventNames[static_cast<std::size_t>(kind)];
}

/// Why a connection ended.
enum class StreamEnd : std::uint8_t { kPeer, kBroken, kSlow, kIdle, kFailed, kDrained, kCount };

inline constexpr NamedTable<StreamEnd> kStreamEndRows = {{
    {StreamEnd::kPeer, "peer", "its sender closed it"},
    {StreamEnd::kBroken, "broken", "the length of a frame was out of bounds"},
    {StreamEnd::kSlow, "slow", "a frame took too long to come"},
    {StreamEnd::kIdle, "idle", "nothing came for too long"},
    {StreamEnd::kFailed, "failed", "an error of the socket, a reset for example"},
    {StreamEnd::kDrained, "drained", "a drain closed it"},
}};
static_assert(well_named(kStreamEndRows));

inline constexpr auto kStreamEndNames = names_of(kStreamEndRows);

[[nodiscard]] constexpr std::string_view name(StreamEnd end) noexcept {
  return kStreamEndNames[static_cast<std::size_t>(end)];
}

/// Why a connection is closed as soon as it comes.
enum class StreamRefusal : std::uint8_t { kFull, kNotAllowed, kTooMany, kCount };

inline constexpr NamedTable<StreamRefusal> kStreamRefusalRows = {{
    {StreamRefusal::kFull, "full", "there were as many as there may be"},
    {StreamRefusal::kNotAllowed, "not_allowed", "its sender may not connect there"},
    {StreamRefusal::kTooMany, "too_many", "its sender had as many as it may have"},
}};
static_assert(well_named(kStreamRefusalRows));

inline constexpr auto kStreamRefusalNames = names_of(kStreamRefusalRows);

[[nodiscard]] constexpr std::string_view name(StreamRefusal refusal) noexcept {
  return kStreamRefusalNames[static_cast<std::size_t>(refusal)];
}

/// By what an event was found to be one that came before.
enum class DuplicateBy : std::uint8_t { kNumber, kKey, kReplay, kCount };

inline constexpr NamedTable<DuplicateBy> kDuplicateByRows = {{
    {DuplicateBy::kNumber, "number", "its producer's number"},
    {DuplicateBy::kKey, "key", "the key in its payload"},
    {DuplicateBy::kReplay, "replay", "it is a dead letter that was replayed before"},
}};
static_assert(well_named(kDuplicateByRows));

inline constexpr auto kDuplicateByNames = names_of(kDuplicateByRows);

/// Why an event became a dead letter. The numbers are in segment files (docs/dead-letters.md):
/// append new ones, never change one. 0 means no reason.
enum class DeadReason : std::uint8_t {
  kNone,
  kUnknownTopic,
  kHandlerRefused,
  kWorkerFull,
  kHoldExpired,
  kShedCritical,
  kShedEmergency,
  kStale,
  kDrainedAtDeadline,
  kCount
};

/// The row of a reason for which an event is either dropped or kept as a dead letter: name and help
/// are the same.
[[nodiscard]] constexpr Named<DeadReason> kept(DeadReason reason, FrameDrop dropped) noexcept {
  const Named<FrameDrop>& row = kFrameDropRows[static_cast<std::size_t>(dropped)];
  return {reason, row.name, row.help};
}

inline constexpr NamedTable<DeadReason> kDeadReasonRows = {{
    {DeadReason::kNone, "none", "no reason; no letter has it"},
    kept(DeadReason::kUnknownTopic, FrameDrop::kUnknownTopic),
    kept(DeadReason::kHandlerRefused, FrameDrop::kHandlerRefused),
    kept(DeadReason::kWorkerFull, FrameDrop::kWorkerFull),
    kept(DeadReason::kHoldExpired, FrameDrop::kHoldExpired),
    kept(DeadReason::kShedCritical, FrameDrop::kShedCritical),
    kept(DeadReason::kShedEmergency, FrameDrop::kShedEmergency),
    {DeadReason::kStale, "stale", "too far behind what its producer sent last"},
    kept(DeadReason::kDrainedAtDeadline, FrameDrop::kDrainedAtDeadline),
}};
static_assert(well_named(kDeadReasonRows));

inline constexpr auto kDeadReasonNames = names_of(kDeadReasonRows);

[[nodiscard]] constexpr std::string_view name(DeadReason reason) noexcept {
  return kDeadReasonNames[static_cast<std::size_t>(reason)];
}

}  // namespace esc
