// SPDX-License-Identifier: BSD-3-Clause
// Dead letters in the form in which they are sent again: frames, under session frames that give
// them their identity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "dlq/record.hpp"
#include "wire/frame.hpp"

namespace esc::dlq_tool {

/// The identity under which a letter is sent: its producer and number, and how often it was
/// replayed, this time included. A letter without a number gets one that no other letter has, made
/// from its segment's run and its record's id, so that a receiver recognises it when it is sent
/// twice.
struct ReplayIdentity {
  wire::Identity identity;
  std::uint8_t replay_count = 1;  ///< 1 to wire::kMaxReplayCount

  friend bool operator==(const ReplayIdentity&, const ReplayIdentity&) = default;
};
/// `run`: that of the record's segment. nullopt: it was replayed as often as the wire format can
/// count.
[[nodiscard]] std::optional<ReplayIdentity> replay_identity(std::uint64_t run,
                                                            const dlq::Record& record) noexcept;

/// Whether a receiver reads the frame as exactly one event. Any other frame would change how the
/// frames behind it are read.
[[nodiscard]] bool is_event(std::span<const std::byte> frame) noexcept;

/// Gathers letters until they are sent, and keeps them until they are known to be delivered.
/// Thread: one.
class ReplayBatch {
 public:
  /// `datagram_bytes`: the most UDP payload for several letters in one datagram; a letter alone may
  /// be longer.
  explicit ReplayBatch(std::size_t datagram_bytes) : datagram_bytes_(datagram_bytes) {}

  /// Copies the frame, for which is_event() is true. Letters with consecutive numbers share a
  /// session frame.
  void add(const ReplayIdentity& identity, std::span<const std::byte> frame);
  void clear() noexcept;

  [[nodiscard]] std::uint64_t letters() const noexcept { return letters_; }
  /// Of all datagrams.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::size_t datagrams() const noexcept { return datagrams_.size(); }

  struct Datagram {
    std::span<const std::uint8_t> bytes;
    std::uint64_t letters = 0;
  };
  /// Valid until the next add() or clear().
  [[nodiscard]] Datagram datagram(std::size_t i) const noexcept;

 private:
  struct Extent {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint64_t letters = 0;
  };
  /// The session frame of the last letter.
  struct OpenSession {
    std::size_t offset = 0;
    ReplayIdentity first;
    std::uint16_t count = 0;
  };

  [[nodiscard]] bool continues(const ReplayIdentity& identity) const noexcept;
  [[nodiscard]] bool has_room(std::size_t bytes) const noexcept;
  void begin_session(const ReplayIdentity& identity);
  void write_session() noexcept;

  std::size_t datagram_bytes_;
  std::vector<std::uint8_t> bytes_;
  std::vector<Extent> datagrams_;
  std::optional<OpenSession> session_;
  std::uint64_t letters_ = 0;
};

}  // namespace esc::dlq_tool
