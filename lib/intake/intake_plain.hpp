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
  const std::uint64_t rx_tsc = rx_tsc_;
  const event::Source source = origin_.source;
  const auto flags =
      static_cast<std::uint8_t>(event::kBehindHeader | (own_mbufs_ ? event::kSoleOwner : 0));
  const route::ExactTopics::ShortTopics shorts = routes_->short_topics();
  const std::uint32_t generation = routes_->generation();
  const std::size_t count = std::min(datagrams.size(), burst_ - lane.staged());
  event::Event* const room = lane.room();
  std::size_t i = 0;
  for (; i < count; ++i) {
    const PlainDatagram& datagram = datagrams[i];
    wire::PlainFrame frame;
    if (!datagram || !plain.read_whole(datagram.frames(), datagram.bytes, frame) ||
        frame.priority < cutoff) [[unlikely]]
      break;
    wire::PaddedTopic topic;
    frame.topic.store(topic);
    const std::uint64_t digest = hasher_.digest(topic);
    const Topic known = know(digest, shorts.find(digest, topic), generation);
    room[i] = {.mbuf = datagram.mbuf,
               .rx_tsc = rx_tsc,
               .topic_hash = known.word,
               .producer = 0,
               .sequence = 0,
               .epoch = 0,
               .source = source,
               .offset = datagram.offset,
               .length = static_cast<std::uint16_t>(frame.length),
               .topic_len = static_cast<std::uint8_t>(frame.topic_len),
               .priority = frame.priority,
               .flags = static_cast<std::uint8_t>(flags | known.flags),
               .replay_count = 0};
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
  const std::uint64_t rx_tsc = rx_tsc_;
  const event::Source source = origin_.source;
  const auto flags = static_cast<std::uint8_t>(event::kBehindHeader | event::kSequenced |
                                               (own_mbufs_ ? event::kSoleOwner : 0));
  const route::ExactTopics::ShortTopics shorts = routes_->short_topics();
  const std::uint32_t generation = routes_->generation();
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
    if (frame.priority < lane.pressure().cutoff()) [[unlikely]]
      break;
    wire::PaddedTopic topic;
    frame.topic.store(topic);
    const std::uint64_t digest = hasher_.digest(topic);
    const Topic known = know(digest, shorts.find(digest, topic), generation);
    *lane.room() = {.mbuf = datagram.mbuf,
                    .rx_tsc = rx_tsc,
                    .topic_hash = known.word,
                    .producer = session.producer,
                    .sequence = session.first_sequence,
                    .epoch = session.epoch,
                    .source = source,
                    .offset = static_cast<std::uint16_t>(datagram.offset + kSession),
                    .length = static_cast<std::uint16_t>(frame.length),
                    .topic_len = static_cast<std::uint8_t>(frame.topic_len),
                    .priority = frame.priority,
                    .flags = static_cast<std::uint8_t>(flags | known.flags),
                    .replay_count = session.replay_count()};
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
  const std::uint64_t rx_tsc = rx_tsc_;
  const event::Source source = origin_.source;
  const route::ExactTopics::ShortTopics shorts = routes_->short_topics();
  const std::uint32_t generation = routes_->generation();
  // Counted from the mbuf itself, like event::Event::offset.
  const auto* const base = reinterpret_cast<const std::uint8_t*>(mbuf);
  auto offset = static_cast<std::size_t>(cursor_.at() - base);
  std::uint32_t left = cursor_.left();
  event::Event* const room = lane.room();
  std::size_t i = 0;
  for (; i < most; ++i) {
    wire::PlainFrame frame;
    if (offset > UINT16_MAX || !plain_.read(base + offset, left, frame) || frame.priority < cutoff)
        [[unlikely]]
      break;
    wire::PaddedTopic topic;
    frame.topic.store(topic);
    const std::uint64_t digest = hasher_.digest(topic);
    const Topic known = know(digest, shorts.find(digest, topic), generation);
    room[i] = {.mbuf = mbuf,
               .rx_tsc = rx_tsc,
               .topic_hash = known.word,
               .producer = identity.producer,
               .sequence = identity.sequence,
               .epoch = identity.epoch,
               .source = source,
               .offset = static_cast<std::uint16_t>(offset),
               .length = static_cast<std::uint16_t>(frame.length),
               .topic_len = static_cast<std::uint8_t>(frame.topic_len),
               .priority = frame.priority,
               .flags = static_cast<std::uint8_t>(flags | known.flags),
               .replay_count = replay_count};
    identity.sequence += numbered ? 1 : 0;
    offset += frame.frame_bytes();
    left -= frame.frame_bytes();
  }
  if (i == 0) return 0;
  lane.stage_more(i);
  frames_.plain += i;
  full_ = lane.staged() == burst_;
  last_event_ = &room[i - 1];
  if (numbered) session.skip(i);
  cursor_.refs().take(static_cast<std::uint32_t>(i));
  cursor_.move_to(base + offset);
  return i;
}

}  // namespace esc::intake
