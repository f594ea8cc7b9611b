// SPDX-License-Identifier: BSD-3-Clause
// For a trace that is played over and over: raises the numbers of its session frames, or an id in
// each payload, from pass to pass, so that no pass repeats an event of another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "wire/byte_order.hpp"
#include "wire/packet.hpp"

namespace esc::wire {

/// What is raised from pass to pass.
enum class Restamp : std::uint8_t {
  kOff,
  kSessions,   ///< first_sequence of every session frame
  kPayloadIds  ///< the first 8 bytes of the payload of every event that has so many
};

/// One lcore stamps; no sharing.
class PassStamps {
 public:
  [[nodiscard]] std::size_t packets() const noexcept { return packets_.size(); }

  /// Rewrites the next packet: the first of the trace, then the second, and after the last the
  /// first again. `packet` has the trace's bytes. If UDP checksums are kept, they are updated; a
  /// wrong one stays wrong, and a missing one stays missing.
  void stamp(std::uint8_t* packet) noexcept {
    const Packet& turn = packets_[at_];
    const Field* const first = fields_.data() + next_field_;
    if (turn.checksum_offset != 0) {
      move_on(packet, {first, turn.fields}, turn.checksum_offset);
    } else {
      for (const Field* field = first; field != first + turn.fields; ++field) {
        store_be64(packet + field->offset, value_of(*field));
      }
    }
    next_field_ += turn.fields;
    if (++at_ == packets_.size()) {
      at_ = next_field_ = 0;
      ++pass_;
    }
  }

 private:
  friend class PassStampsBuilder;

  struct Packet {
    std::uint16_t fields;           ///< how many fields lie in this packet
    std::uint16_t checksum_offset;  ///< 0: the packet has no checksum to update, or no field
  };
  /// A number of 8 bytes in a packet. Fields are read in order, which the CPU's prefetcher sees.
  struct Field {
    std::uint64_t first;  ///< its value in the first pass
    std::uint32_t step;   ///< what each pass adds to it
    std::uint16_t offset;
    /// The complement of the checksum sum of the trace's own bytes there.
    std::uint16_t complement;
  };

  [[nodiscard]] std::uint64_t value_of(const Field& field) const noexcept {
    return field.first + pass_ * field.step;
  }

  void move_on(std::uint8_t* packet, std::span<const Field> fields,
               std::uint16_t checksum_offset) const noexcept {
    std::uint8_t* const checksum = packet + checksum_offset;
    // RFC 1624, equation 3.
    std::uint64_t sum = static_cast<std::uint16_t>(~load_be16(checksum));
    for (const Field& field : fields) {
      const std::uint64_t value = value_of(field);
      store_be64(packet + field.offset, value);
      const std::uint64_t moved = std::uint64_t{field.complement} + words_of(value);
      // At an odd place each byte belongs to the other half of its word (RFC 1071).
      const bool odd = ((field.offset ^ checksum_offset) & 1U) != 0;
      sum += odd ? __builtin_bswap16(fold(moved)) : moved;
    }
    // As in a packet that is sent, 0 would mean that there is none.
    const auto changed = static_cast<std::uint16_t>(~fold(sum));
    store_be16(checksum, changed == 0 ? std::uint16_t{0xffff} : changed);
  }

  static std::uint64_t words_of(std::uint64_t value) noexcept {
    return (value & 0xffffU) + (value >> 16U & 0xffffU) + (value >> 32U & 0xffffU) + (value >> 48U);
  }
  static std::uint16_t fold(std::uint64_t sum) noexcept {
    while (sum > 0xffffU) sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(sum);
  }

  std::vector<Packet> packets_;
  std::vector<Field> fields_;
  std::size_t at_ = 0;
  std::size_t next_field_ = 0;
  std::uint64_t pass_ = 0;
};

/// Reads a trace, packet by packet in its order, and finds the fields to raise. Control plane.
class PassStampsBuilder {
 public:
  struct Settings {
    Restamp what;                              ///< not kOff
    std::span<const std::uint16_t> udp_ports;  ///< that carry events
    std::uint64_t first_id = 0;                ///< payload id of the first event (kPayloadIds)
    bool keep_checksums = true;                ///< false: nobody will look at them
  };
  explicit PassStampsBuilder(const Settings& settings);

  void add(std::span<const std::uint8_t> packet);

  /// The stamps, or why this trace cannot go on for ever.
  [[nodiscard]] std::variant<PassStamps, std::string> finish() &&;

 private:
  /// The lowest and highest number that a producer has in one pass.
  struct Span {
    std::uint32_t epoch;
    bool numbered = false;
    std::uint64_t lowest = 0;
    std::uint64_t highest = 0;
  };

  void walk(std::span<const std::uint8_t> packet, const PacketVerdict& verdict);
  void add_field(std::span<const std::uint8_t> packet, const PacketVerdict& verdict,
                 std::size_t offset, std::uint64_t first);
  Span* span_of(std::uint64_t producer, std::uint32_t epoch);
  static std::uint64_t step_of(const Span& span);

  Restamp what_;
  bool keep_checksums_;
  PortSet ports_;
  std::uint64_t next_id_;
  std::uint64_t ids_ = 0;
  PassStamps stamps_;
  std::vector<std::uint64_t> producers_;  ///< of each field
  std::map<std::uint64_t, Span> spans_;   ///< by producer
  std::string problem_;
};

}  // namespace esc::wire
