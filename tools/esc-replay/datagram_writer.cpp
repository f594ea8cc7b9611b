// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/datagram_writer.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "esc-replay/bad_frame.hpp"
#include "wire/encoder.hpp"
#include "wire/packet.hpp"

namespace esc::replay {
namespace {

/// One frame as it was drawn at random.
struct FrameSpec {
  bool listed;
  std::size_t topic;  ///< index into the listed or the unlisted names
  std::string_view name;
  std::size_t payload_bytes;
  std::uint8_t priority;

  [[nodiscard]] std::size_t bytes() const noexcept {
    return wire::encoded_frame_bytes(name.size(), payload_bytes);
  }
};

/// Draws the frames of one packet, one after the other. Planning and writing draw the same frames.
class FrameSource {
 public:
  FrameSource(const BuildPlan& plan, std::uint64_t index, std::size_t room)
      : plan_(plan), random_(plan.options.seed, index, Stream::kFrames), room_(room) {}

  [[nodiscard]] FrameSpec next() noexcept {
    FrameSpec spec{};
    const auto& unlisted = plan_.topics.unlisted();
    const auto& listed = plan_.topics.listed();
    spec.listed = !random_.chance(plan_.options.unknown_topics);
    spec.topic = spec.listed ? plan_.topic_choice.draw(random_) : random_.below(unlisted.size());
    spec.name = spec.listed ? listed[spec.topic] : unlisted[spec.topic];
    // Only the bytes that a bad frame needs in addition can make the room too small.
    spec.payload_bytes = std::min<std::size_t>(
        plan_.payload.draw(random_), room_ - wire::encoded_frame_bytes(spec.name.size(), 0));
    spec.priority = static_cast<std::uint8_t>(plan_.priorities.draw(random_));
    return spec;
  }

 private:
  const BuildPlan& plan_;
  Random random_;
  std::size_t room_;
};

/// The room for the frames besides the session frame.
std::size_t frame_room(const BuildPlan& plan, const PacketPlan& packet) {
  const bool spoiled = std::holds_alternative<FrameDrop>(packet.kind);
  return datagram_room(plan, packet.ipv6, packet.ip_extras) -
         (plan.options.sessions > 0 ? wire::kSessionFrameBytes : 0) -
         (spoiled ? kBadFrameSlackBytes : 0);
}

/// Some things exist in one IP version only.
bool version_for(const Malformed& kind, bool drawn_ipv6) {
  if (kind == Malformed{NonEvent::kIcmpv6}) return true;
  if (kind == Malformed{NonEvent::kIcmp} || kind == Malformed{PacketDrop::kBadIpChecksum})
    return false;
  return drawn_ipv6;
}

void plan_frames(const BuildPlan& plan, PacketPlan& packet, Random& random,
                 std::uint64_t max_frames) {
  const std::uint64_t wanted = std::min(plan.frames_per_datagram.draw(random), max_frames);
  const std::size_t room = frame_room(plan, packet);
  FrameSource source(plan, packet.index, room);
  std::size_t used = 0;
  for (; packet.frames < wanted; ++packet.frames) {
    const std::size_t bytes = source.next().bytes();
    if (used + bytes > room) {
      packet.cut_at_mtu = true;
      break;
    }
    used += bytes;
  }
  packet.numbered = packet.frames;
  if (const auto* reason = std::get_if<FrameDrop>(&packet.kind)) {
    packet.bad_frame = static_cast<std::uint32_t>(random.below(packet.frames));
    // A truncated frame is the last one of its datagram.
    if (*reason == FrameDrop::kFrameTruncated) packet.frames = packet.bad_frame + 1;
    if (ends_datagram(*reason) || *reason == FrameDrop::kBadSession)
      packet.numbered = packet.bad_frame;
  }
}

std::size_t write_session(const BuildPlan& plan, const PacketPlan& packet,
                          std::span<std::uint8_t> out) {
  const bool exact = plan.options.session_count == "exact";
  const wire::Session session{
      .count = exact ? static_cast<std::uint16_t>(packet.numbered) : std::uint16_t{0},
      .epoch = packet.epoch,
      .producer = plan.options.first_producer + packet.producer,
      .first_sequence = packet.first_sequence};
  return wire::encode_session_frame(out, 0, session);
}

void count_event(const Account& account, const PacketPlan& packet, std::uint32_t frame,
                 const FrameSpec& spec) {
  if (account.numbered != nullptr && frame < packet.numbered) {
    account.numbered->push_back({.producer = packet.producer,
                                 .epoch = packet.epoch,
                                 .sequence = packet.first_sequence + frame,
                                 .topic = static_cast<std::uint32_t>(spec.topic),
                                 .payload_bytes = static_cast<std::uint32_t>(spec.payload_bytes),
                                 .listed = spec.listed});
    return;
  }
  account.tally.event(spec.listed, spec.topic, spec.payload_bytes);
}

}  // namespace

std::size_t datagram_room(const BuildPlan& plan, bool ipv6, bool ip_extras) noexcept {
  return plan.options.mtu - (ipv6 ? wire::kIpv6HeaderBytes : wire::kIpv4HeaderBytes) -
         (ip_extras ? kMaxIpExtraBytes : 0) - wire::kUdpHeaderBytes;
}

std::uint32_t PacketPlan::frames_received() const noexcept {
  if (sound(kind)) return frames;
  const auto* reason = std::get_if<FrameDrop>(&kind);
  if (reason == nullptr) return 0;
  return ends_datagram(*reason) ? bad_frame + 1 : frames;
}

PacketPlan plan_packet(const BuildPlan& plan, std::uint64_t index, std::uint64_t max_frames) {
  const BuildOptions& options = plan.options;
  Random random(options.seed, index, Stream::kPlan);
  PacketPlan packet;
  packet.index = index;
  packet.kind = plan.malformed.draw(random);
  packet.ipv6 = version_for(packet.kind, random.chance(options.ipv6));
  packet.ip_extras = random.chance(options.ip_options);
  const bool bare = random.chance(options.no_udp_checksum) && !packet.ipv6;
  packet.udp_checksum = !bare || packet.kind == Malformed{PacketDrop::kBadUdpChecksum};
  packet.producer =
      options.sessions > 0 ? static_cast<std::uint32_t>(random.below(options.sessions)) : 0;
  const std::uint64_t flow = random.below(options.flows);
  packet.flow =
      static_cast<std::uint32_t>(options.sessions > 0 ? packet.producer % options.flows : flow);
  if (!std::holds_alternative<NonEvent>(packet.kind)) plan_frames(plan, packet, random, max_frames);
  if (options.sessions == 0) packet.numbered = 0;
  return packet;
}

std::size_t write_datagram(const BuildPlan& plan, const PacketPlan& packet,
                           std::span<std::uint8_t> out, const Account* account) {
  thread_local std::array<std::uint8_t, 65536> payload;
  Random bytes(plan.options.seed, packet.index, Stream::kBytes);
  FrameSource source(plan, packet.index, frame_room(plan, packet));
  std::size_t at = 0;
  if (plan.options.sessions > 0) {
    at += write_session(plan, packet, out);
    if (account != nullptr) account->tally.control();
  }
  const auto* reason = std::get_if<FrameDrop>(&packet.kind);
  for (std::uint32_t i = 0; i < packet.frames; ++i) {
    const FrameSpec spec = source.next();
    const std::span<std::uint8_t> content = std::span(payload).first(spec.payload_bytes);
    bytes.fill(content);
    if (reason != nullptr && i == packet.bad_frame) {
      at += write_bad_frame(out.subspan(at), *reason, {spec.priority, spec.name, content}, bytes);
      if (account != nullptr) account->tally.refused(*reason);
      if (ends_datagram(*reason)) account = nullptr;  // a receiver does not read what follows
      continue;
    }
    at += wire::encode_frame(out.subspan(at), spec.priority, spec.name, content);
    if (account != nullptr) count_event(*account, packet, i, spec);
  }
  return at;
}

}  // namespace esc::replay
