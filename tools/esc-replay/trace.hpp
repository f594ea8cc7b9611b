// SPDX-License-Identifier: BSD-3-Clause
// A trace that was loaded for sending: the units that can be sent, and where their session frames
// are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "esc-replay/pcap_file.hpp"
#include "wire/packet.hpp"

namespace esc::replay {

/// The part of each packet that a sink sends.
enum class Cargo : std::uint8_t {
  kDatagrams,  ///< UDP payloads of sound datagrams; other packets are skipped
  kStream,     ///< the same, back to back, each without a last frame that would end the stream
  kPackets     ///< whole packets of any kind
};

/// One thing to send. Frames are those a receiver counts.
struct Unit {
  std::uint64_t offset;  ///< into Trace::bytes; units follow each other without gaps
  std::uint32_t bytes;
  std::uint32_t frames;      ///< session frames and refused ones too
  std::uint32_t sessions;    ///< well-formed session frames
  std::uint32_t mark_count;  ///< how many marks it has, from first_mark on
  std::uint64_t first_mark;
};

/// Where the numbers of a session frame are, so that each pass can raise them.
struct SessionMark {
  static constexpr std::uint32_t kNoChecksum = 0;

  std::uint64_t payload;      ///< offset of the session payload into Trace::bytes
  std::uint32_t producer;     ///< index into Trace::producers
  std::uint32_t back_to_udp;  ///< bytes from the UDP header to the payload; kNoChecksum when there
                              ///< is no checksum to keep right
};

/// One (producer, epoch) of the trace.
struct ProducerSpan {
  std::uint64_t producer;
  std::uint32_t epoch;
  std::uint64_t first;  ///< lowest number in the trace
  std::uint64_t next;   ///< highest number + 1
  std::uint64_t numbered =
      0;  ///< frames that have a number; fewer than next - first where the trace has gaps
  /// By how much each pass raises the producer's numbers (if it has one epoch in the trace) or its
  /// epochs, so that no pass repeats an event.
  std::uint64_t number_step = 0;
  std::uint32_t epoch_step = 0;
  std::uint32_t lowest_epoch = 0;  ///< of this producer
};

struct Trace {
  std::vector<std::uint8_t> bytes;
  std::vector<Unit> units;  ///< never empty
  std::vector<SessionMark> marks;
  std::vector<ProducerSpan> producers;
  std::uint64_t packets = 0;  ///< in the file
  std::uint64_t skipped = 0;  ///< packets that are not sent
  std::uint64_t tails_cut =
      0;  ///< datagrams sent without their last, stream-ending frame (kStream)
  std::uint64_t longest_bytes = 0;

  [[nodiscard]] std::span<const std::uint8_t> unit(std::size_t i) const noexcept {
    return std::span(bytes).subspan(units[i].offset, units[i].bytes);
  }
};

/// Reads the file into memory and finds everything above, by the rules of docs/wire-format.md for a
/// port that listens on `udp_port` and verifies checksums. Throws Error: what read_pcap throws, or
/// nothing in it to send.
[[nodiscard]] Trace load_trace(const std::string& path, Cargo cargo, std::uint16_t udp_port);

/// The packet's verdict after all rules, 23 to 25 included, with checksums computed in software:
/// kDatagram only if it is sound and not empty.
[[nodiscard]] wire::PacketVerdict classify_fully(std::span<const std::uint8_t> packet,
                                                 const wire::PortSet& ports);

/// Restamps the session frames of units [begin, end) for the next pass: raises first_sequence or
/// the epoch by its producer's step, and updates the UDP checksum, if there is one; a wrong
/// checksum stays wrong.
void restamp(Trace& trace, std::size_t begin, std::size_t end) noexcept;

/// Sets the lowest epoch of every producer to `epoch`; its other epochs keep their distance to it.
/// Checksums as in restamp. Throws Error (usage) if an epoch would go beyond 2^32 - 1.
void set_epoch(Trace& trace, std::uint32_t epoch);

/// Takes the steps of a pass from the manifest, which says how many numbers each producer was
/// given, instead of from the trace. So two traces of one feed, each with its own losses, stay in
/// step. Throws Error: it is no manifest, or that of another trace.
void set_steps_from_manifest(Trace& trace, const std::string& path);

}  // namespace esc::replay
