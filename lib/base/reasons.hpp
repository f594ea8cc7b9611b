// SPDX-License-Identifier: BSD-3-Clause
// The names in the ledger: every way a packet or a frame can end. One enumerator, one stable name,
// one counter. The names are a contract with everyone who reads a ledger: extend the lists, never
// rename.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace esc {

/// Why a frame is dropped. The first block is what the wire rules refuse (docs/wire-format.md); the
/// rest is what the pipeline itself may do.
enum class FrameDrop : std::uint8_t {
  kLengthOutOfBounds,
  kFrameTruncated,
  kTopicLenOutOfBounds,
  kTopicNotUtf8,
  kTopicControlCharacter,
  kReservedTopic,
  kBadSession,
  kPartialAtClose,
  kNoJumboBuffer,       ///< a frame that spans segments, and no mbuf to make it whole in
  kUnknownTopic,        ///< no route takes it
  kHandlerRefused,      ///< the handler said no
  kDrainedAtDeadline,   ///< still queued when the drain deadline passed
  kWorkerFull,          ///< its worker's ring was full, and its route does not wait, or cannot
  kHoldExpired,         ///< waited for its worker for the longest time allowed
  kPaused,              ///< came while the appliance was paused, and found no room
  kShedCritical,        ///< shed for its priority, at the level critical
  kShedEmergency,       ///< shed for its priority, at the level emergency
  kTopicNotAllowed,     ///< its sender may not publish to its topic
  kProducerNotAllowed,  ///< its sender may not speak for its producer
  kDlqBacklog,          ///< a dead letter, and no room on the way to the storage
  kDlqWriteFailed,      ///< a dead letter that the disk did not take
  kReplayNotAllowed,    ///< says that it is a replayed dead letter, and its sender may not replay
  kCount
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(FrameDrop::kCount)>
    kFrameDropNames = {
        "length_out_of_bounds",
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
        "replay_not_allowed",
};

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
  kDrainedAtDeadline,  ///< received, but not parsed when the drain deadline passed
  kCount
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(PacketDrop::kCount)>
    kPacketDropNames = {
        "short_header",     "vlan_too_deep",       "bad_ip_header",  "ip_truncated",
        "fragment",         "wrong_port",          "bad_udp_length", "bad_ip_checksum",
        "bad_udp_checksum", "drained_at_deadline",
};

/// Packets that are sound but carry no events.
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

inline constexpr std::array<std::string_view, static_cast<std::size_t>(NonEvent::kCount)>
    kNonEventNames = {
        "llc",  "arp", "other_ethertype",   "icmp",           "icmpv6",
        "igmp", "tcp", "other_ip_protocol", "empty_datagram",
};

[[nodiscard]] constexpr std::string_view name(FrameDrop reason) noexcept {
  return kFrameDropNames[static_cast<std::size_t>(reason)];
}
[[nodiscard]] constexpr std::string_view name(PacketDrop reason) noexcept {
  return kPacketDropNames[static_cast<std::size_t>(reason)];
}
[[nodiscard]] constexpr std::string_view name(NonEvent kind) noexcept {
  return kNonEventNames[static_cast<std::size_t>(kind)];
}

/// Why an event is a dead letter. The numbers are in segment files (docs/dead-letters.md): append,
/// never renumber; 0 is none.
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

inline constexpr std::array<std::string_view, static_cast<std::size_t>(DeadReason::kCount)>
    kDeadReasonNames = {
        "none",          "unknown_topic",  "handler_refused", "worker_full",         "hold_expired",
        "shed_critical", "shed_emergency", "stale",           "drained_at_deadline",
};

[[nodiscard]] constexpr std::string_view name(DeadReason reason) noexcept {
  return kDeadReasonNames[static_cast<std::size_t>(reason)];
}

namespace detail {
template <std::size_t N>
[[nodiscard]] constexpr bool all_named(const std::array<std::string_view, N>& names) {
  for (const std::string_view label : names) {
    if (label.empty()) return false;
  }
  return true;
}
}  // namespace detail

static_assert(detail::all_named(kFrameDropNames), "every FrameDrop has a stable name");
static_assert(detail::all_named(kPacketDropNames), "every PacketDrop has a stable name");
static_assert(detail::all_named(kNonEventNames), "every NonEvent has a stable name");
static_assert(detail::all_named(kDeadReasonNames), "every DeadReason has a stable name");

}  // namespace esc
