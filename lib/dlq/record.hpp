// SPDX-License-Identifier: BSD-3-Clause
// One dead letter as it lies in a segment file (docs/dead-letters.md, "Records").
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace esc::dlq {

static_assert(std::endian::native == std::endian::little, "fields are written as they lie");

/// Which stage gave an event up. The numbers are on disk: append, never renumber.
enum class Stage : std::uint8_t { kRx = 0, kTcp = 1, kDispatch = 2, kWorker = 3 };

enum RecordFlag : std::uint8_t {
  kSequenced = 1U << 0,  ///< producer, epoch and sequence hold an identity
  kPeerKnown = 1U << 1,  ///< peer and peer_port say who sent it
  kOverTcp = 1U << 2,    ///< port is 0, and queue a connection's slot
};

/// What is known of a dead letter beside its frame.
struct Letter {
  std::uint64_t received_ns = 0;  ///< Unix time, like the next one
  std::uint64_t died_ns = 0;
  std::uint64_t producer = 0;
  std::uint64_t sequence = 0;
  std::uint32_t epoch = 0;
  std::array<std::uint8_t, 16> peer{};  ///< IPv6, or IPv4 as ::ffff:a.b.c.d
  std::uint16_t peer_port = 0;
  std::uint16_t port = 0;  ///< index of the configuration's port
  std::uint16_t queue = 0;
  std::uint8_t reason = 0;  ///< a DeadReason, or a number that only a newer version knows
  Stage stage = Stage::kRx;
  std::uint8_t flags = 0;
  std::uint8_t attempts = 0;      ///< how often the handler was called
  std::uint8_t replay_count = 0;  ///< 0: it came from its sender

  friend bool operator==(const Letter&, const Letter&) = default;
};

/// The common head of a segment's items. The two highest bits of `kind_and_bytes` are the kind; the
/// others are the item's size in bytes, this head included. Items begin at multiples of 8.
struct ItemHead {
  std::uint32_t crc = 0;  ///< over the run's number and all of the item behind this field
  std::uint32_t kind_and_bytes = 0;
};

/// The value with which every checksum of a run begins. A run is one start of the appliance; so
/// bytes that another run left do not pass for records.
[[nodiscard]] std::uint32_t run_seed(std::uint64_t run) noexcept;

enum class ItemKind : std::uint8_t {
  kRecord = 0,
  kPad = 1,     ///< padding up to the end of a commit
  kSeal = 2,    ///< the end: nothing comes after it in this segment
  kCommit = 3,  ///< a commit begins
};

/// A record: this, then the frame as it came, its length field included.
struct RecordHead {
  ItemHead item;
  std::uint64_t id = 0;
  std::uint64_t received_ns = 0;
  std::uint64_t died_ns = 0;
  std::uint64_t producer = 0;
  std::uint64_t sequence = 0;
  std::uint32_t epoch = 0;
  std::uint32_t frame_bytes = 0;
  std::array<std::uint8_t, 16> peer{};
  std::uint16_t peer_port = 0;
  std::uint16_t port = 0;
  std::uint16_t queue = 0;
  std::uint8_t reason = 0;
  std::uint8_t stage = 0;
  std::uint8_t flags = 0;
  std::uint8_t attempts = 0;
  std::uint8_t replay_count = 0;
  std::array<std::uint8_t, 5> reserved{};
};
static_assert(sizeof(RecordHead) == 88 && std::is_trivially_copyable_v<RecordHead>);

struct Seal {
  ItemHead item;
  std::uint64_t next_id = 0;  ///< id of the first record that comes after this segment
};
static_assert(sizeof(Seal) == 16 && std::is_trivially_copyable_v<Seal>);

/// Every commit begins with such a head, at the beginning of a block. So a commit can be found
/// behind a damaged one, and none is found behind the last one, however the last was torn.
struct CommitHead {
  ItemHead item;
  std::uint64_t first_id = 0;
  std::uint64_t bytes = 0;  ///< of the whole commit
};
static_assert(sizeof(CommitHead) == 24 && std::is_trivially_copyable_v<CommitHead>);

inline constexpr std::size_t kItemAlign = 8;
inline constexpr std::uint32_t kItemBytesMask = 0x3FFF'FFFF;
inline constexpr unsigned kItemKindShift = 30;
/// The longest frame there may be, its length field included, with room to spare.
inline constexpr std::size_t kMaxFrameBytes = 65'536;

/// Bytes that a record takes in a segment.
[[nodiscard]] constexpr std::size_t record_bytes(std::size_t frame_bytes) noexcept {
  return (sizeof(RecordHead) + frame_bytes + kItemAlign - 1) & ~(kItemAlign - 1);
}

/// Writes a record to `out`, record_bytes(frame.size()) of it. `seed`: run_seed of the run.
/// `frame`: at most kMaxFrameBytes. Any thread.
void write_record(std::byte* out, std::uint32_t seed, std::uint64_t id, const Letter& letter,
                  std::span<const std::byte> frame) noexcept;
/// Fills `out` with padding. Its size is a multiple of kItemAlign, and not 0.
void write_pad(std::span<std::byte> out, std::uint32_t seed) noexcept;
void write_seal(std::byte* out, std::uint32_t seed, std::uint64_t next_id) noexcept;
void write_commit_head(std::byte* out, std::uint32_t seed, std::uint64_t first_id,
                       std::uint64_t bytes) noexcept;

/// A record as it was read: `frame` lies where it was read.
struct Record {
  std::uint64_t id = 0;
  Letter letter;
  std::span<const std::byte> frame;
};

enum class ItemFault : std::uint8_t {
  kNone,
  kNothing,   ///< zeros: nothing was written here
  kBadBytes,  ///< a kind or a length that no item has, or one that runs past the end
  kBadCrc,    ///< the bytes have changed since they were written, or another run wrote them
};

/// An item as it was read. `record` is set for a record; `next_id` for a seal and a commit: the id
/// of the next record, whether it exists or not.
struct Item {
  ItemFault fault = ItemFault::kNone;
  ItemKind kind = ItemKind::kPad;
  std::size_t bytes = 0;  ///< to the next item; 0 with a fault
  Record record;
  std::uint64_t next_id = 0;
  std::uint64_t commit_bytes = 0;  ///< of a commit
};
/// Reads the item at the beginning of `bytes`, which may hold anything and have any size. Any
/// thread.
[[nodiscard]] Item read_item(std::span<const std::byte> bytes, std::uint32_t seed) noexcept;
/// The same into an existing item, to read one after the other; parts that its kind does not have
/// keep their old values. Returns the fault, and does not store it in the item.
[[nodiscard]] ItemFault read_item(std::span<const std::byte> bytes, std::uint32_t seed,
                                  Item& item) noexcept;

}  // namespace esc::dlq
