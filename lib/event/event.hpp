// SPDX-License-Identifier: BSD-3-Clause
// The event descriptor: what travels through the rings, by value, in 64-byte cells.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "base/align.hpp"

struct rte_mbuf;

namespace esc::event {

/// What a frame came by.
enum class SourceKind : std::uint8_t {
  kPort,        ///< a queue of a port
  kConnection,  ///< a stream of a connection
};

/// Where a frame came in: a port and its queue, or a connection's slot and generation: a slot is
/// used again, and the generation counts the connections that have had it. Port indices count the
/// configuration's ports, not DPDK's. Whoever needs more than that asks the stage that received it
/// (for the sender's address: peer.hpp). A value; any thread.
class Source {
 public:
  static constexpr std::uint32_t kPorts = 1U << 15U;
  static constexpr std::uint32_t kConnectionSlots = 1U << 16U;
  /// After so many a slot's generations begin again at 0.
  static constexpr std::uint32_t kGenerations = 1U << 15U;

  constexpr Source() noexcept = default;
  /// `port` < kPorts.
  [[nodiscard]] static constexpr Source of_port(std::uint16_t port, std::uint16_t queue) noexcept {
    return Source(std::uint32_t{port} << 16U | queue);
  }
  /// `slot` < kConnectionSlots.
  [[nodiscard]] static constexpr Source of_connection(std::uint32_t slot,
                                                      std::uint32_t generation) noexcept {
    return Source(kConnectionBit | slot << 15U | generation % kGenerations);
  }

  [[nodiscard]] constexpr SourceKind kind() const noexcept {
    return (bits_ & kConnectionBit) != 0 ? SourceKind::kConnection : SourceKind::kPort;
  }
  /// Only for SourceKind::kPort, like the next function.
  [[nodiscard]] constexpr std::uint16_t port() const noexcept {
    return static_cast<std::uint16_t>(bits_ >> 16U);
  }
  [[nodiscard]] constexpr std::uint16_t queue() const noexcept {
    return static_cast<std::uint16_t>(bits_);
  }
  /// Only for SourceKind::kConnection, like the next function.
  [[nodiscard]] constexpr std::uint32_t slot() const noexcept {
    return (bits_ & ~kConnectionBit) >> 15U;
  }
  [[nodiscard]] constexpr std::uint32_t generation() const noexcept { return bits_ % kGenerations; }
  [[nodiscard]] constexpr bool operator==(const Source&) const noexcept = default;

 private:
  static constexpr std::uint32_t kConnectionBit = 1U << 31U;

  explicit constexpr Source(std::uint32_t bits) noexcept : bits_(bits) {}
  std::uint32_t bits_ = 0;
};

enum Flag : std::uint8_t {
  kSoleOwner = 1U << 0,  ///< no other reference to the mbuf, and it goes back to its port's pool as
                         ///< it is; only of SourceKind::kPort
  kSequenced = 1U << 1,  ///< producer, epoch and sequence hold an identity
  kBehindHeader = 1U << 2,  ///< the mbuf is direct, and `offset` counts from the mbuf itself, not
                            ///< from its buf_addr: so what lies before the frame may be read
  kPeerNoted = 1U << 3,     ///< the mbuf does not begin with the packet's headers: peer.hpp
  kPeerUnknown = 1U << 4,
  kRouteFound = 1U << 5,  ///< `route` is set instead of `topic_hash`
};

/// A route that the receiving stage found for an event's topic: an index into the route::RouteSet
/// of that generation, and no other.
struct RouteRef {
  std::uint32_t index;
  std::uint32_t generation;
};
static_assert(std::endian::native == std::endian::little);  // stages write both as one word

/// One event. It owns one reference to its mbuf (docs/ownership.md); whoever takes it out of a ring
/// passes that on or gives it back through event::Releaser. 56 bytes: with the ring's 8-byte
/// sequence, one cache line.
struct Event {
  rte_mbuf* mbuf;              ///< the segment that holds the whole frame
  std::uint64_t rx_tsc;        ///< TSC when its burst was received
  union {                      // also written as one word, which g++ and clang allow
    std::uint64_t topic_hash;  ///< route::TopicHasher, made by the receiving stage
    RouteRef route;            ///< with kRouteFound
  };
  std::uint64_t producer;  ///< 0 unless kSequenced, like the next two
  std::uint64_t sequence;
  std::uint32_t epoch;
  Source source;
  // Ordered for intake::PlainEvents, which writes these eight bytes as one word.
  std::uint8_t replay_count;  ///< how often it was replayed as a dead letter; only if kSequenced
  std::uint8_t topic_len;
  std::uint8_t flags;
  std::uint8_t priority;
  std::uint16_t length;  ///< the frame's length field: the bytes after it
  std::uint16_t offset;  ///< bytes to the frame's length field: see kBehindHeader

  [[nodiscard]] bool has(Flag flag) const noexcept { return (flags & flag) != 0; }
  [[nodiscard]] std::uint32_t payload_bytes() const noexcept { return length - 3U - topic_len; }
};
static_assert(sizeof(Event) == 56);
static_assert(std::is_trivially_copyable_v<Event>);

/// What the dispatcher hands a worker: the event and where it goes.
struct WorkItem {
  Event event;
  std::uint32_t slot;     ///< the place of the route's figures
  std::uint16_t handler;  ///< worker::HandlerRegistry::Id
  std::uint8_t retries;   ///< how often the handler is called again after it refused the event
  std::uint8_t unused;

  /// Slot, handler, retries and the unused byte as one number, for a loop over many items.
  [[nodiscard]] std::uint64_t route_word() const noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, reinterpret_cast<const std::byte*>(this) + sizeof *this - sizeof word,
                sizeof word);
    return word;
  }
  static constexpr std::uint64_t kSlotBits = 0x0000'0000'ffff'ffffU;  ///< of route_word()
  static constexpr std::uint64_t kHandlerBits = 0x0000'ffff'0000'0000U;
};
static_assert(sizeof(WorkItem) == kCacheLineBytes);
static_assert(offsetof(WorkItem, slot) == sizeof(WorkItem) - 8);
static_assert(offsetof(WorkItem, handler) == offsetof(WorkItem, slot) + 4);
static_assert(std::is_trivially_copyable_v<WorkItem>);

}  // namespace esc::event
