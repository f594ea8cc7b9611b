// SPDX-License-Identifier: BSD-3-Clause
#include "dlq/record.hpp"

#include <algorithm>
#include <cstring>

#include "dlq/crc32c.hpp"

namespace esc::dlq {
namespace {

constexpr std::size_t kAfterCrc = offsetof(ItemHead, kind_and_bytes);

std::uint32_t head_word(ItemKind kind, std::size_t bytes) noexcept {
  return static_cast<std::uint32_t>(kind) << kItemKindShift | static_cast<std::uint32_t>(bytes);
}

std::size_t aligned(std::size_t bytes) noexcept {
  return (bytes + kItemAlign - 1) & ~(kItemAlign - 1);
}

std::uint32_t crc_of(const std::byte* item, std::size_t bytes, std::uint32_t seed) noexcept {
  return crc32c({item + kAfterCrc, bytes - kAfterCrc}, seed);
}

void write_crc(std::byte* item, std::size_t bytes, std::uint32_t seed) noexcept {
  const std::uint32_t crc = crc_of(item, bytes, seed);
  std::memcpy(item, &crc, sizeof crc);
}

// Writes each field straight into its place: copying a structure that was just written in parts
// would have to wait for each part.
void fill(Record& record, const RecordHead& head, std::span<const std::byte> frame) noexcept {
  record.id = head.id;
  Letter& letter = record.letter;
  letter.received_ns = head.received_ns;
  letter.died_ns = head.died_ns;
  letter.producer = head.producer;
  letter.sequence = head.sequence;
  letter.epoch = head.epoch;
  letter.peer = head.peer;
  letter.peer_port = head.peer_port;
  letter.port = head.port;
  letter.queue = head.queue;
  letter.reason = head.reason;
  letter.stage = static_cast<Stage>(head.stage);
  letter.flags = head.flags;
  letter.attempts = head.attempts;
  letter.replay_count = head.replay_count;
  record.frame = frame;
}

// Whether an item of that kind may be so long.
bool fits_kind(ItemKind kind, std::size_t bytes) noexcept {
  switch (kind) {
    case ItemKind::kRecord:
      return bytes >= sizeof(RecordHead) && bytes <= sizeof(RecordHead) + kMaxFrameBytes;
    case ItemKind::kPad:
      return bytes >= sizeof(ItemHead) && bytes % kItemAlign == 0;
    case ItemKind::kSeal:
      return bytes == sizeof(Seal);
    case ItemKind::kCommit:
      return bytes == sizeof(CommitHead);
  }
  return false;
}

}  // namespace

std::uint32_t run_seed(std::uint64_t run) noexcept {
  return crc32c(std::as_bytes(std::span(&run, 1)));
}

void write_record(std::byte* out, std::uint32_t seed, std::uint64_t id, const Letter& letter,
                  std::span<const std::byte> frame) noexcept {
  const std::size_t bytes = sizeof(RecordHead) + frame.size();
  const RecordHead head{.item = {0, head_word(ItemKind::kRecord, bytes)},
                        .id = id,
                        .received_ns = letter.received_ns,
                        .died_ns = letter.died_ns,
                        .producer = letter.producer,
                        .sequence = letter.sequence,
                        .epoch = letter.epoch,
                        .frame_bytes = static_cast<std::uint32_t>(frame.size()),
                        .peer = letter.peer,
                        .peer_port = letter.peer_port,
                        .port = letter.port,
                        .queue = letter.queue,
                        .reason = letter.reason,
                        .stage = static_cast<std::uint8_t>(letter.stage),
                        .flags = letter.flags,
                        .attempts = letter.attempts,
                        .replay_count = letter.replay_count,
                        .reserved = {}};
  std::memcpy(out, &head, sizeof head);
  std::ranges::copy(frame, out + sizeof head);
  std::memset(out + bytes, 0, aligned(bytes) - bytes);
  write_crc(out, bytes, seed);
}

void write_pad(std::span<std::byte> out, std::uint32_t seed) noexcept {
  std::ranges::fill(out, std::byte{0});
  const ItemHead head{0, head_word(ItemKind::kPad, out.size())};
  std::memcpy(out.data(), &head, sizeof head);
  // The checksum covers the head only; padding need not be read.
  write_crc(out.data(), sizeof head, seed);
}

void write_seal(std::byte* out, std::uint32_t seed, std::uint64_t next_id) noexcept {
  const Seal seal{{0, head_word(ItemKind::kSeal, sizeof(Seal))}, next_id};
  std::memcpy(out, &seal, sizeof seal);
  write_crc(out, sizeof seal, seed);
}

void write_commit_head(std::byte* out, std::uint32_t seed, std::uint64_t first_id,
                       std::uint64_t bytes) noexcept {
  const CommitHead head{{0, head_word(ItemKind::kCommit, sizeof(CommitHead))}, first_id, bytes};
  std::memcpy(out, &head, sizeof head);
  write_crc(out, sizeof head, seed);
}

Item read_item(std::span<const std::byte> bytes, std::uint32_t seed) noexcept {
  Item item;
  item.fault = read_item(bytes, seed, item);
  return item;
}

ItemFault read_item(std::span<const std::byte> bytes, std::uint32_t seed, Item& item) noexcept {
  item.bytes = 0;
  ItemHead head;
  if (bytes.size() < sizeof head) return ItemFault::kBadBytes;
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.kind_and_bytes == 0 && head.crc == 0) return ItemFault::kNothing;
  const auto kind = static_cast<ItemKind>(head.kind_and_bytes >> kItemKindShift);
  const std::size_t length = head.kind_and_bytes & kItemBytesMask;
  if (!fits_kind(kind, length) || aligned(length) > bytes.size()) return ItemFault::kBadBytes;
  const std::size_t summed = kind == ItemKind::kPad ? sizeof head : length;
  if (crc_of(bytes.data(), summed, seed) != head.crc) return ItemFault::kBadCrc;
  if (kind == ItemKind::kRecord) {
    RecordHead record;
    std::memcpy(&record, bytes.data(), sizeof record);
    if (record.frame_bytes != length - sizeof record) return ItemFault::kBadBytes;
    fill(item.record, record, bytes.subspan(sizeof record, record.frame_bytes));
  }
  if (kind == ItemKind::kSeal) {
    Seal seal;
    std::memcpy(&seal, bytes.data(), sizeof seal);
    item.next_id = seal.next_id;
  }
  if (kind == ItemKind::kCommit) {
    CommitHead commit;
    std::memcpy(&commit, bytes.data(), sizeof commit);
    item.next_id = commit.first_id;
    item.commit_bytes = commit.bytes;
  }
  item.kind = kind;
  item.bytes = aligned(length);
  return ItemFault::kNone;
}

}  // namespace esc::dlq
