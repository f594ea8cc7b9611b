// SPDX-License-Identifier: BSD-3-Clause
// The part of Intake that reads the usual frames in one step each. The functions are out of line,
// so that their loops have the registers to themselves.
#pragma once

#include "intake/intake.hpp"

namespace esc::intake {

template <class Sink, Way kWay>
[[gnu::noinline]] std::size_t Intake<Sink, kWay>::take_single_events(
    std::span<const PlainDatagram> datagrams) noexcept {
  if (kWay == Way::kGeneral) return 0;
  Lane<Sink>& lane = *own_;
  const wire::PlainFrames plain = plain_;
  const std::uint32_t cutoff = lane.pressure().cutoff();
  const PlainEvents events(
      rx_tsc_, origin_.source,
      static_cast<std::uint8_t>(event::kBehindHeader | (own_mbufs_ ? event::kSoleOwner : 0)));
  const route::ExactTopics::ShortTopics shorts = routes_->short_topics();
  const std::uint64_t generation = generation_word();
  const std::size_t count = std::min(datagrams.size(), burst_ - lane.staged());
  event::Event* const room = lane.room();
  std::size_t i = 0;
  for (; i < count; ++i) {
    const PlainDatagram& datagram = datagrams[i];
    wire::PlainFrame frame;
    if (!datagram || !plain.read_whole(datagram.frames(), datagram.bytes, frame) ||
        frame.priority() < cutoff) [[unlikely]]
      break;
    wire::PaddedTopic topic;
    frame.topic.store(topic);
    const std::uint64_t digest = hasher_.digest(topic);
    const KnownTopic known = know(digest, shorts.find(digest, topic), generation);
    events.write(room[i], datagram.mbuf, datagram.offset, frame, known);
  }
  lane.stage_more(i);
  frames_.plain += i;
  full_ = lane.staged() == burst_;
  return i;
}

template <class Sink, Way kWay>
[[gnu::noinline]] std::size_t Intake<Sink, kWay>::take_numbered_events(
    std::span<const PlainDatagram> datagrams) noexcept {
  if (kWay == Way::kGeneral) return 0;
  constexpr std::uint32_t kSession = wire::kSessionFrameBytes;
  const wire::PlainFrames plain = plain_;
  const PlainEvents events(rx_tsc_, origin_.source,
                           static_cast<std::uint8_t>(event::kBehindHeader | event::kSequenced |
                                                     (own_mbufs_ ? event::kSoleOwner : 0)));
  const route::ExactTopics::ShortTopics shorts = routes_->short_topics();
  const std::uint64_t generation = generation_word();
  const bool one_lane = lanes_.size() == 1;
  std::size_t i = 0;
  while (i < datagrams.size() && !full_) {
    const PlainDatagram& datagram = datagrams[i];
    if (datagram.bytes < kSession + wire::PlainFrames::kFewestBytes ||
        datagram.offset > UINT16_MAX - kSession)
      break;
    const std::uint8_t* const at = datagram.frames();
    wire::PlainFrame frame;
    if (!wire::is_session_frame(at, datagram.bytes) ||
        !plain.read_whole(at + kSession, datagram.bytes - kSession, frame))
      break;
    const wire::Session session =
        wire::decode_session(at + wire::kTopicOffset + wire::kSessionTopic.size());
    Lane<Sink>& lane = one_lane ? *own_ : lanes_[owner_(session.producer)];
    if (frame.priority() < lane.pressure().cutoff()) [[unlikely]]
      break;
    wire::PaddedTopic topic;
    frame.topic.store(topic);
    const std::uint64_t digest = hasher_.digest(topic);
    const KnownTopic known = know(digest, shorts.find(digest, topic), generation);
    events.write(
        *lane.room(), datagram.mbuf, datagram.offset + kSession, frame, known,
        {.producer = session.producer, .sequence = session.first_sequence, .epoch = session.epoch},
        session.replay_count());
    lane.stage_more(1);
    full_ = lane.staged() == burst_;
    ++i;
  }
  frames_.other += i;
  frames_.control += i;
  frames_.plain += i;
  return i;
}

template <class Sink, Way kWay>
[[gnu::noinline]] bool Intake<Sink, kWay>::read_in_place() noexcept {
  const bool direct = RTE_MBUF_DIRECT(cursor_.segment());
  while (!full_) {
    if (wire::is_session_frame(cursor_.at(), cursor_.left())) {
      begin_session(cursor_.at());
    } else if (!direct || take_run() == 0) {
      take_in_place();
    }
    if (cursor_.at_end()) {
      end_datagram();
      return true;
    }
  }
  return false;
}

template <class Sink, Way kWay>
[[gnu::noinline]] std::size_t Intake<Sink, kWay>::take_run() noexcept {
  rte_mbuf* const mbuf = cursor_.segment();
  wire::SessionCursor& session = cursor_.session();
  const bool numbered = session.active();
  Lane<Sink>& lane = numbered && lanes_.size() > 1 ? lanes_[owner_(session.producer())] : *own_;
  std::size_t most = burst_ - lane.staged();
  wire::Identity identity{};
  std::uint8_t flags = event::kBehindHeader;
  std::uint8_t replay_count = 0;
  if (numbered) {
    most = session.left(most);
    identity = session.peek();
    flags |= event::kSequenced;
    replay_count = session.replay_count();
  }
  const std::uint32_t cutoff = lane.pressure().cutoff();
  const PlainEvents events(rx_tsc_, origin_.source, flags, replay_count);
  const route::ExactTopics::ShortTopics shorts = routes_->short_topics();
  const std::uint64_t generation = generation_word();
  // Counted from the mbuf itself, like event::Event::offset.
  const auto* const base = reinterpret_cast<const std::uint8_t*>(mbuf);
  const std::uint8_t* at = cursor_.at();
  // Of a buffer that lies before its mbuf this is far too much.
  const auto begin = static_cast<std::size_t>(at - base);
  if (begin > UINT16_MAX) [[unlikely]]
    return 0;
  // A frame that reaches beyond what an offset can say is left to the general way.
  auto left = std::min(cursor_.left(), static_cast<std::uint32_t>(UINT16_MAX - begin));
  event::Event* const room = lane.room();
  event::Event* to = room;
  for (; to != room + most; ++to) {
    wire::PlainFrame frame;
    if (!plain_.read(at, left, frame) || frame.priority() < cutoff) [[unlikely]]
      break;
    wire::PaddedTopic topic;
    frame.topic.store(topic);
    const std::uint64_t digest = hasher_.digest(topic);
    const KnownTopic known = know(digest, shorts.find(digest, topic), generation);
    events.write(*to, mbuf, static_cast<std::size_t>(at - base), frame, known, identity);
    identity.sequence += numbered ? 1 : 0;
    at += frame.frame_bytes();
    left -= frame.frame_bytes();
  }
  const auto taken = static_cast<std::size_t>(to - room);
  if (taken == 0) return 0;
  lane.stage_more(taken);
  frames_.plain += taken;
  full_ = lane.staged() == burst_;
  last_event_ = to - 1;
  if (numbered) session.skip(taken);
  cursor_.refs().take(static_cast<std::uint32_t>(taken));
  cursor_.move_to(at);
  return taken;
}

}  // namespace esc::intake
