// SPDX-License-Identifier: BSD-3-Clause
#include "wire/pass_stamps.hpp"

#include <algorithm>
#include <utility>

#include "wire/packet_encoder.hpp"
#include "wire/parser.hpp"
#include "wire/session_cursor.hpp"

namespace esc::wire {
namespace {

constexpr std::uint32_t kUdpChecksumOffset = 6;
constexpr std::size_t kFieldBytes = 8;

}  // namespace

PassStampsBuilder::PassStampsBuilder(const Settings& settings)
    : what_(settings.what), keep_checksums_(settings.keep_checksums), next_id_(settings.first_id) {
  for (const std::uint16_t port : settings.udp_ports) ports_.insert(port);
}

void PassStampsBuilder::add(std::span<const std::uint8_t> packet) {
  stamps_.packets_.push_back({.fields = 0, .checksum_offset = 0});
  if (packet.size() > UINT16_MAX) {
    problem_ = "it has a packet of " + std::to_string(packet.size()) + " bytes";
    return;
  }
  // Packets with wrong checksums are stamped too: a receiver that does not check them takes the
  // packet, and its numbers must not come again.
  const PacketVerdict verdict =
      classify_packet(packet, static_cast<std::uint32_t>(packet.size()), ports_);
  if (verdict.kind == PacketKind::kDatagram) walk(packet, verdict);
}

void PassStampsBuilder::walk(std::span<const std::uint8_t> packet, const PacketVerdict& verdict) {
  const auto payload = packet.subspan(verdict.payload_offset, verdict.payload_bytes);
  SessionCursor cursor;
  Span* span = nullptr;
  for (std::size_t at = 0; at < payload.size();) {
    const FrameView frame = parse_frame(payload.subspan(at), FrameLimits{});
    at += frame.frame_bytes;
    const auto identity = cursor.observe(frame);
    if (what_ == Restamp::kPayloadIds) {
      if (frame.kind != FrameKind::kEvent || frame.payload_bytes < kFieldBytes) continue;
      add_field(packet, verdict, static_cast<std::size_t>(frame.payload - packet.data()),
                next_id_++);
      ++ids_;
    } else if (frame.kind == FrameKind::kControl) {
      const Session session = decode_session(frame.payload);
      span = span_of(session.producer, session.epoch);
      producers_.push_back(session.producer);
      add_field(
          packet, verdict,
          static_cast<std::size_t>(frame.payload - packet.data()) + kSessionFirstSequenceOffset,
          session.first_sequence);
    } else if (identity && span != nullptr) {
      span->lowest =
          span->numbered ? std::min(span->lowest, identity->sequence) : identity->sequence;
      span->highest =
          span->numbered ? std::max(span->highest, identity->sequence) : identity->sequence;
      span->numbered = true;
    }
  }
}

void PassStampsBuilder::add_field(std::span<const std::uint8_t> packet,
                                  const PacketVerdict& verdict, std::size_t offset,
                                  std::uint64_t first) {
  stamps_.fields_.push_back(
      {.first = first,
       .step = 0,
       .offset = static_cast<std::uint16_t>(offset),
       .complement = checksum_fold(checksum_sum(packet.subspan(offset, kFieldBytes)))});
  PassStamps::Packet& of = stamps_.packets_.back();
  ++of.fields;
  if (keep_checksums_ && verdict.udp_checksum != 0) {
    of.checksum_offset = static_cast<std::uint16_t>(verdict.udp_offset + kUdpChecksumOffset);
  }
}

PassStampsBuilder::Span* PassStampsBuilder::span_of(std::uint64_t producer, std::uint32_t epoch) {
  const auto [entry, fresh] = spans_.try_emplace(producer, Span{.epoch = epoch});
  if (entry->second.epoch != epoch) {
    problem_ = "producer " + std::to_string(producer) + " has several epochs in it";
  }
  return &entry->second;
}

std::uint64_t PassStampsBuilder::step_of(const Span& span) {
  return span.numbered ? span.highest - span.lowest + 1 : 0;
}

std::variant<PassStamps, std::string> PassStampsBuilder::finish() && {
  if (!problem_.empty()) return problem_;
  if (stamps_.fields_.empty()) {
    return what_ == Restamp::kSessions ? "it has no session frame for these ports"
                                       : "no event in it has a payload of 8 bytes or more";
  }
  if (ids_ > UINT32_MAX) return "it has more than 2^32 - 1 events";
  for (std::size_t i = 0; i < stamps_.fields_.size(); ++i) {
    const std::uint64_t step =
        what_ == Restamp::kPayloadIds ? ids_ : step_of(spans_.at(producers_[i]));
    if (step > UINT32_MAX) {
      return "the numbers of producer " + std::to_string(producers_[i]) +
             " in it are 2^32 or more apart";
    }
    stamps_.fields_[i].step = static_cast<std::uint32_t>(step);
  }
  return std::move(stamps_);
}

}  // namespace esc::wire
