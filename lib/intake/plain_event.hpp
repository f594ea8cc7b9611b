// SPDX-License-Identifier: BSD-3-Clause
// Writes the events of frames: what all have alike, and the rest for plain frames.
#pragma once

#include <rte_mbuf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "event/event.hpp"
#include "wire/frame.hpp"
#include "wire/plain_frame.hpp"

namespace esc::intake {

/// What an event carries of its topic: topic_hash, or route as one word (event::RouteRef), and the
/// flag that tells them apart.
struct KnownTopic {
  std::uint64_t word;
  std::uint8_t flags;
};

namespace detail {

// An event's last eight bytes are one word here, put together in a register and written at once.
// Their order is that of the same fields in wire::PlainFrame::head, so that one mask takes the
// length, the priority and the topic's length over.
consteval unsigned bits_before(std::size_t member) {
  return static_cast<unsigned>(member - offsetof(event::Event, replay_count)) * 8;
}
inline constexpr unsigned kFlagsAt = bits_before(offsetof(event::Event, flags));
inline constexpr unsigned kOffsetAt = bits_before(offsetof(event::Event, offset));
inline constexpr std::uint64_t kOfHead = 0x0000'ffff'ff00'ff00U;
inline constexpr std::size_t kTailAt = offsetof(event::Event, replay_count);
static_assert(kTailAt == sizeof(event::Event) - 8);
static_assert(bits_before(offsetof(event::Event, topic_len)) == wire::PlainFrame::kTopicLenAt);
static_assert(bits_before(offsetof(event::Event, priority)) == wire::PlainFrame::kPriorityAt);
static_assert(bits_before(offsetof(event::Event, length)) == wire::PlainFrame::kLengthAt);

}  // namespace detail

/// Writes all of an event but its last eight bytes.
[[gnu::always_inline]] inline void write_origin(event::Event& to, rte_mbuf* mbuf,
                                                std::uint64_t rx_tsc, event::Source source,
                                                const KnownTopic& topic,
                                                const wire::Identity& identity) noexcept {
  to.mbuf = mbuf;
  to.rx_tsc = rx_tsc;
  to.topic_hash = topic.word;
  to.producer = identity.producer;
  to.sequence = identity.sequence;
  to.epoch = identity.epoch;
  to.source = source;
}

/// The events of one loop over plain frames: what they have in common, and how one is written. It
/// is small, so that the loop has it in registers. Thread: the lcore that receives.
class PlainEvents {
 public:
  /// `flags`: those of every event, beside the topic's. `replay_count`: of every event; where it
  /// differs, 0, and write() gets it.
  PlainEvents(std::uint64_t rx_tsc, event::Source source, std::uint8_t flags,
              std::uint8_t replay_count = 0) noexcept
      : rx_tsc_(rx_tsc),
        source_(source),
        common_(std::uint64_t{flags} << detail::kFlagsAt | replay_count) {}

  /// `offset`: of the frame, counted from the mbuf itself, at most UINT16_MAX.
  [[gnu::always_inline]] void write(event::Event& to, rte_mbuf* mbuf, std::size_t offset,
                                    const wire::PlainFrame& frame, const KnownTopic& topic,
                                    const wire::Identity& identity = {},
                                    std::uint8_t replay_count = 0) const noexcept {
    write_origin(to, mbuf, rx_tsc_, source_, topic, identity);
    const std::uint64_t tail = (frame.head & detail::kOfHead) | common_ |
                               std::uint64_t{topic.flags} << detail::kFlagsAt | replay_count |
                               offset << detail::kOffsetAt;
    std::memcpy(reinterpret_cast<std::byte*>(&to) + detail::kTailAt, &tail, sizeof tail);
  }

 private:
  std::uint64_t rx_tsc_;
  event::Source source_;
  std::uint64_t common_;  ///< of the last word
};

}  // namespace esc::intake
