// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/trace.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/json_text.hpp"
#include "esc-replay/error.hpp"
#include "wire/packet_encoder.hpp"
#include "wire/parser.hpp"
#include "wire/session_cursor.hpp"

namespace esc::replay {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint32_t kUdpChecksumOffset = 6;

bool ip_checksum_right(Bytes packet, const wire::PacketVerdict& verdict) {
  return verdict.is_ipv6 ||
         wire::internet_checksum(packet.subspan(verdict.ip_offset, verdict.ip_header_bytes)) == 0;
}

bool udp_checksum_right(Bytes packet, const wire::PacketVerdict& verdict) {
  if (verdict.udp_checksum == 0) return !verdict.is_ipv6;
  const std::size_t address_bytes = verdict.is_ipv6 ? 16 : 4;
  const Bytes addresses =
      packet.subspan(verdict.ip_offset + (verdict.is_ipv6 ? 8 : 12), 2 * address_bytes);
  const Bytes udp = packet.subspan(verdict.udp_offset, verdict.udp_bytes);
  const std::uint16_t right =
      wire::udp_checksum(addresses.first(address_bytes), addresses.last(address_bytes), udp);
  // 0xffff and 0 are one value in ones' complement; 0 was dealt with above.
  return verdict.udp_checksum == right;
}

class Loader {
 public:
  Loader(Cargo cargo, std::uint16_t udp_port) : cargo_(cargo) { ports_.insert(udp_port); }

  Trace load(const PcapContent& content) {
    trace_.packets = content.packets.size();
    trace_.bytes.reserve(content.bytes.size());
    for (std::size_t i = 0; i < content.packets.size(); ++i) add(content.packet(i));
    set_steps();
    return std::move(trace_);
  }

 private:
  void add(Bytes packet) {
    const wire::PacketVerdict verdict = classify_fully(packet, ports_);
    const bool sound = verdict.kind == wire::PacketKind::kDatagram;
    if (cargo_ == Cargo::kPackets) {
      Unit unit = begin(packet);
      if (sound) {
        walk(packet.subspan(verdict.payload_offset, verdict.payload_bytes), verdict, unit);
      } else {
        mark_unsound(packet, unit);
      }
      return finish(unit);
    }
    if (!sound) {
      ++trace_.skipped;
      return;
    }
    const Bytes payload = packet.subspan(verdict.payload_offset, verdict.payload_bytes);
    Unit unit = begin(payload);
    walk(payload, {}, unit);
    if (unit.bytes > 0) return finish(unit);
    trace_.bytes.resize(unit.offset);  // none of its frames can be sent in a stream
    ++trace_.skipped;
  }

  /// Copies it to the end of the bytes. Offsets that walk() notes are relative to that.
  Unit begin(Bytes content) {
    const Unit unit{.offset = trace_.bytes.size(),
                    .bytes = static_cast<std::uint32_t>(content.size()),
                    .frames = 0,
                    .sessions = 0,
                    .mark_count = 0,
                    .first_mark = trace_.marks.size()};
    trace_.bytes.insert(trace_.bytes.end(), content.begin(), content.end());
    return unit;
  }

  void finish(const Unit& unit) {
    trace_.bytes.resize(unit.offset + unit.bytes);
    trace_.longest_bytes = std::max<std::uint64_t>(trace_.longest_bytes, unit.bytes);
    trace_.units.push_back(unit);
  }

  /// A datagram with a wrong checksum: receivers that verify drop it, others take it. So its frames
  /// do not count, but its numbers are restamped.
  void mark_unsound(Bytes packet, Unit& unit) {
    const auto verdict =
        wire::classify_packet(packet, static_cast<std::uint32_t>(packet.size()), ports_);
    if (verdict.kind != wire::PacketKind::kDatagram || verdict.payload_bytes == 0) return;
    walk(packet.subspan(verdict.payload_offset, verdict.payload_bytes), verdict, unit);
    unit.frames = unit.sessions = 0;
  }

  void walk(Bytes payload, const wire::PacketVerdict& verdict, Unit& unit) {
    const wire::FrameLimits limits;
    wire::SessionCursor cursor;
    std::uint32_t producer = 0;
    for (std::size_t at = 0; at < payload.size();) {
      const wire::FrameView frame = wire::parse_frame(payload.subspan(at), limits);
      if (frame.ends_datagram && cargo_ == Cargo::kStream) {
        ++trace_.tails_cut;
        unit.bytes = static_cast<std::uint32_t>(at);
        return;
      }
      ++unit.frames;
      const auto identity = cursor.observe(frame);
      if (frame.kind == wire::FrameKind::kControl) {
        ++unit.sessions;
        producer =
            mark(static_cast<std::uint32_t>(frame.payload - payload.data()), verdict, frame, unit);
      }
      if (identity) use(trace_.producers[producer], identity->sequence);
      at += frame.frame_bytes;
    }
  }

  std::uint32_t mark(std::uint32_t at, const wire::PacketVerdict& verdict,
                     const wire::FrameView& frame, Unit& unit) {
    const wire::Session session = wire::decode_session(frame.payload);
    const auto [entry, fresh] = known_.try_emplace(
        {session.producer, session.epoch}, static_cast<std::uint32_t>(trace_.producers.size()));
    if (fresh) {
      trace_.producers.push_back({.producer = session.producer,
                                  .epoch = session.epoch,
                                  .first = session.first_sequence,
                                  .next = session.first_sequence});
    }
    const bool whole = cargo_ == Cargo::kPackets;
    trace_.marks.push_back({.payload = unit.offset + (whole ? verdict.payload_offset : 0) + at,
                            .producer = entry->second,
                            .back_to_udp = whole && verdict.udp_checksum != 0
                                               ? wire::kUdpHeaderBytes + at
                                               : SessionMark::kNoChecksum});
    ++unit.mark_count;
    return entry->second;
  }

  static void use(ProducerSpan& span, std::uint64_t sequence) {
    span.first = span.numbered == 0 ? sequence : std::min(span.first, sequence);
    span.next = span.numbered == 0 ? sequence + 1 : std::max(span.next, sequence + 1);
    ++span.numbered;
  }

  /// In `known_` the epochs of a producer follow each other, the lowest first.
  void set_steps() {
    for (auto begin = known_.begin(); begin != known_.end();) {
      const auto end = std::find_if(begin, known_.end(), [&](const auto& entry) {
        return entry.first.first != begin->first.first;
      });
      const std::uint32_t lowest = begin->first.second;
      const std::uint32_t highest = std::prev(end)->first.second;
      for (; begin != end; ++begin) {
        ProducerSpan& span = trace_.producers[begin->second];
        span.lowest_epoch = lowest;
        span.epoch_step = highest == lowest ? 0 : highest - lowest + 1;
        span.number_step = highest == lowest ? span.next - span.first : 0;
      }
    }
  }

  Cargo cargo_;
  wire::PortSet ports_;
  Trace trace_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::uint32_t> known_;
};

std::uint64_t words_of(Bytes field, bool odd) {
  const std::uint64_t sum = wire::checksum_sum(field);
  const auto folded = static_cast<std::uint16_t>(~wire::checksum_fold(sum));
  // A field at an odd place: each byte belongs to the other half of its word (RFC 1071).
  return odd ? __builtin_bswap16(folded) : folded;
}

/// Stores a field of a session payload, the UDP checksum with it: RFC 1624, equation 3.
template <class Store>
void change(Trace& trace, const SessionMark& mark, std::size_t field, std::size_t field_bytes,
            Store store) noexcept {
  std::uint8_t* const at = trace.bytes.data() + mark.payload + field;
  if (mark.back_to_udp == SessionMark::kNoChecksum) return store(at);
  const bool odd = (mark.back_to_udp + field) % 2 != 0;
  std::uint8_t* const checksum =
      trace.bytes.data() + mark.payload - mark.back_to_udp + kUdpChecksumOffset;
  const std::uint64_t before = words_of({at, field_bytes}, odd);
  store(at);
  const std::uint64_t after = words_of({at, field_bytes}, odd);
  const std::uint64_t sum =
      (~std::uint64_t{wire::load_be16(checksum)} & 0xffff) + (~before & 0xffff) + after;
  const std::uint16_t changed = wire::checksum_fold(sum);
  wire::store_be16(checksum, changed == 0 ? std::uint16_t{0xffff} : changed);
}

}  // namespace

wire::PacketVerdict classify_fully(Bytes packet, const wire::PortSet& ports) {
  wire::PacketVerdict verdict =
      wire::classify_packet(packet, static_cast<std::uint32_t>(packet.size()), ports);
  if (verdict.kind != wire::PacketKind::kDatagram) return verdict;
  if (!ip_checksum_right(packet, verdict) || !udp_checksum_right(packet, verdict)) {
    verdict.drop = ip_checksum_right(packet, verdict) ? PacketDrop::kBadUdpChecksum
                                                      : PacketDrop::kBadIpChecksum;
    verdict.kind = wire::PacketKind::kDropped;
  } else if (verdict.payload_bytes == 0) {
    verdict.non_event = NonEvent::kEmptyDatagram;
    verdict.kind = wire::PacketKind::kNonEvent;
  }
  return verdict;
}

Trace load_trace(const std::string& path, Cargo cargo, std::uint16_t udp_port) {
  Trace trace = Loader(cargo, udp_port).load(read_pcap(path));
  if (trace.units.empty()) {
    throw Error("'" + path + "': none of its " + std::to_string(trace.packets) +
                " packets is a datagram for UDP port " + std::to_string(udp_port) +
                "; say which port with --udp-port ('esc-replay info' shows what is in a trace)");
  }
  return trace;
}

void restamp(Trace& trace, std::size_t begin, std::size_t end) noexcept {
  for (std::size_t i = begin; i < end; ++i) {
    const Unit& unit = trace.units[i];
    for (std::uint64_t m = unit.first_mark; m < unit.first_mark + unit.mark_count; ++m) {
      const SessionMark& mark = trace.marks[m];
      const ProducerSpan& span = trace.producers[mark.producer];
      if (span.epoch_step != 0) {
        change(trace, mark, wire::kSessionEpochOffset, 4, [&](std::uint8_t* at) {
          wire::store_be32(at, wire::load_be32(at) + span.epoch_step);
        });
        continue;
      }
      change(trace, mark, wire::kSessionFirstSequenceOffset, 8, [&](std::uint8_t* at) {
        wire::store_be64(at, wire::load_be64(at) + span.number_step);
      });
    }
  }
}

void set_epoch(Trace& trace, std::uint32_t epoch) {
  for (ProducerSpan& span : trace.producers) {
    const std::uint32_t above = span.epoch - span.lowest_epoch;
    if (above > UINT32_MAX - epoch) {
      throw usage_error("--epoch " + std::to_string(epoch) + ": the trace has epochs up to " +
                        std::to_string(above) + " above its lowest, and 2^32 - 1 is the last");
    }
    span.lowest_epoch = epoch;
    span.epoch = epoch + above;
  }
  for (const SessionMark& mark : trace.marks) {
    change(trace, mark, wire::kSessionEpochOffset, 4,
           [&](std::uint8_t* at) { wire::store_be32(at, trace.producers[mark.producer].epoch); });
  }
}

constexpr const char* kNoManifest =
    "not a manifest of esc-replay build; name the file that it wrote beside the trace";

void set_steps_from_manifest(Trace& trace, const std::string& path) {
  std::map<std::uint64_t, std::uint64_t> numbers;
  try {
    const auto manifest = cli::parse_json(read_text_file(path, "the --manifest")).value_or(nullptr);
    for (const auto& session : manifest.at("trace").at("sessions")) {
      const auto producer = cli::whole_member(session, "producer");
      const auto given = cli::whole_member(session, "numbers");
      if (!producer || !given) throw Error("--manifest '" + path + "': " + kNoManifest);
      numbers[*producer] = *given;
    }
  } catch (const nlohmann::json::exception&) {
    throw Error("--manifest '" + path + "': " + kNoManifest);
  }
  for (ProducerSpan& span : trace.producers) {
    const auto given = numbers.find(span.producer);
    if (given == numbers.end() || given->second < span.next - span.first) {
      throw Error("--manifest '" + path + "': not of this trace: producer " +
                  std::to_string(span.producer) + " has more numbers here");
    }
    if (span.epoch_step == 0) span.number_step = given->second;
  }
}

}  // namespace esc::replay
