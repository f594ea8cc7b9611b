// SPDX-License-Identifier: BSD-3-Clause
// A trace loaded for sending: what of it can be sent, and where its session frames are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "esc-replay/pcap_file.hpp"
#include "wire/packet.hpp"

namespace esc::replay {

/// What a sink takes of each packet.
enum class Cargo : std::uint8_t {
  kDatagrams,  ///< UDP payloads of sound datagrams; other packets are skipped
  kStream,     ///< those too, back to back, each without what would end a stream
  kPackets     ///< whole packets, whatever they are
};

/// One thing to send. Frames are those a receiver counts.
struct Unit {
  std::uint64_t offset;  ///< into Trace::bytes; units follow each other without gaps
  std::uint32_t bytes;
  std::uint32_t frames;      ///< session frames and refused ones too
  std::uint32_t sessions;    ///< well-formed session frames
  std::uint32_t mark_count;  ///< of its own, from first_mark on
  std::uint64_t first_mark;
};

/// Where a session frame's numbers are, to be moved on from pass to pass.
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
  /// What a pass uses up, so that the next one repeats nothing: numbers, where the producer has one
  /// epoch in the trace, else epochs.
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

/// The packet's verdict after rules 23 to 25 as well, checksums computed in software: kDatagram
/// only if it is sound and not empty.
[[nodiscard]] wire::PacketVerdict classify_fully(std::span<const std::uint8_t> packet,
                                                 const wire::PortSet& ports);

/// Moves the session frames of units [begin, end) on by one pass: first_sequence or the epoch by
/// what the pass uses up of its producer's, and the UDP checksum, where there is one, with it; a
/// wrong one stays wrong.
void restamp(Trace& trace, std::size_t begin, std::size_t end) noexcept;

/// Gives the lowest epoch of every producer this number, the others as much above it as they were;
/// checksums as in restamp. Throws Error (usage): one goes beyond 2^32 - 1.
void set_epoch(Trace& trace, std::uint32_t epoch);

/// A pass uses up as many numbers as the manifest says each producer was given, instead of those in
/// the trace: so that two traces of one feed, each with losses of its own, go on together. Throws
/// Error: no manifest, or of another trace.
void set_steps_from_manifest(Trace& trace, const std::string& path);

}  // namespace esc::replay
