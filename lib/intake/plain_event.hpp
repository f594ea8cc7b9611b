// SPDX-License-Identifier: BSD-3-Clause
// Writes the events of frames: what all have alike, and the rest for plain frames.
#pragma once

#include <immintrin.h>
#include <rte_mbuf.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

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

/// Writes those eight bytes. `common`: what does not depend on the frame, its place or its topic.
[[gnu::always_inline]] inline void write_tail(event::Event& to, const wire::PlainFrame& frame,
                                              std::uint64_t common, std::uint8_t flags,
                                              std::size_t offset) noexcept {
  const std::uint64_t tail =
      (frame.head & kOfHead) | common | std::uint64_t{flags} << kFlagsAt | offset << kOffsetAt;
  std::memcpy(reinterpret_cast<std::byte*>(&to) + kTailAt, &tail, sizeof tail);
}

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
    detail::write_tail(to, frame, common_ | replay_count, topic.flags, offset);
  }

 private:
  std::uint64_t rx_tsc_;
  event::Source source_;
  std::uint64_t common_;  ///< of the last word
};

/// The events of plain frames that lie one behind the other in one buffer. What they have in common
/// is put together once; of their 56 bytes each writes 32 from two registers. kNumbered: each has
/// the number after that of the one before. Thread: the lcore that receives.
template <bool kNumbered>
class EventRun {
 public:
  /// `flags` and `replay_count`: of every event. `identity`: of the first.
  EventRun(rte_mbuf* mbuf, std::uint64_t rx_tsc, event::Source source, std::uint8_t flags,
           const wire::Identity& identity = {}, std::uint8_t replay_count = 0) noexcept
      : arrival_(pair(reinterpret_cast<std::uint64_t>(mbuf), rx_tsc)),
        number_(pair(identity.sequence,
                     std::uint64_t{std::bit_cast<std::uint32_t>(source)} << 32U | identity.epoch)),
        producer_(identity.producer),
        common_(std::uint64_t{flags} << detail::kFlagsAt | replay_count) {}

  /// `offset` as in PlainEvents::write.
  [[gnu::always_inline]] void write(event::Event& to, std::size_t offset,
                                    const wire::PlainFrame& frame,
                                    const KnownTopic& topic) noexcept {
    auto* const bytes = reinterpret_cast<std::byte*>(&to);
    store(bytes + offsetof(event::Event, mbuf), arrival_);
    to.topic_hash = topic.word;
    to.producer = producer_;
    store(bytes + offsetof(event::Event, sequence), number_);
    detail::write_tail(to, frame, common_, topic.flags, offset);
    if constexpr (kNumbered) number_ = _mm_add_epi64(number_, pair(1, 0));
  }

 private:
  [[nodiscard]] static __m128i pair(std::uint64_t first, std::uint64_t second) noexcept {
    return _mm_set_epi64x(static_cast<std::int64_t>(second), static_cast<std::int64_t>(first));
  }
  [[gnu::always_inline]] static void store(std::byte* to, __m128i words) noexcept {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), words);
  }
  static_assert(offsetof(event::Event, rx_tsc) == offsetof(event::Event, mbuf) + 8);
  static_assert(offsetof(event::Event, epoch) == offsetof(event::Event, sequence) + 8);
  static_assert(offsetof(event::Event, source) == offsetof(event::Event, epoch) + 4);
  static_assert(std::is_trivially_copyable_v<event::Source>);

  __m128i arrival_;  ///< mbuf, rx_tsc
  __m128i number_;   ///< sequence; epoch and source
  std::uint64_t producer_;
  std::uint64_t common_;  ///< of the last word
};

}  // namespace esc::intake
