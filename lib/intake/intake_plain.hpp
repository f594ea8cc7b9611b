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
        frame.is_below(cutoff)) [[unlikely]]
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
    if (frame.is_below(lane.pressure().cutoff())) [[unlikely]]
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
    if (ended()) {
      end_buffer();
      return true;
    }
  }
  return false;
}

template <class Sink, Way kWay>
std::size_t Intake<Sink, kWay>::take_run() noexcept {
  return cursor_.session().active() ? take_run_as<true>() : take_run_as<false>();
}

template <class Sink, Way kWay>
template <bool kNumbered>
[[gnu::noinline]] std::size_t Intake<Sink, kWay>::take_run_as() noexcept {
  rte_mbuf* const mbuf = cursor_.segment();
  wire::SessionCursor& session = cursor_.session();
  const auto lane_of_run = [this, &session]() noexcept -> Lane<Sink>& {
    return kNumbered && lanes_.size() > 1 ? lanes_[owner_(session.producer())] : *own_;
  };
  event::Event* to = lane_of_run().room();
  std::size_t most = burst_ - lane_of_run().staged();
  wire::Identity identity{};
  auto flags = static_cast<std::uint8_t>(event::kBehindHeader | cursor_.peer_flags());
  std::uint8_t replay_count = 0;
  if constexpr (kNumbered) {
    most = session.left(most);
    identity = session.peek();
    flags |= event::kSequenced;
    replay_count = session.replay_count();
  }
  const std::uint32_t cutoff = lane_of_run().pressure().cutoff();
  EventRun<kNumbered> events(mbuf, rx_tsc_, origin_.source, flags, identity, replay_count);
  const wire::PlainFrames plain = plain_;
  const route::ExactTopics::ShortTopics shorts = routes_->short_topics();
  const std::uint64_t generation = generation_word();
  // Counted from the mbuf itself, like event::Event::offset.
  const auto* const base = reinterpret_cast<const std::uint8_t*>(mbuf);
  // Of a buffer that lies before its mbuf this is far too much.
  auto at = static_cast<std::size_t>(cursor_.at() - base);
  // A frame that reaches beyond what an offset can say is left to the general way.
  const std::size_t end = std::min<std::size_t>(at + cursor_.left(), UINT16_MAX);
  if (at > UINT16_MAX || end - at < wire::PlainFrames::kFewestBytes) [[unlikely]]
    return 0;
  const std::size_t last = end - wire::PlainFrames::kFewestBytes;  // where one may begin
  for (const event::Event* const full = to + most; to != full && at <= last; ++to) {
    wire::PlainFrame frame;
    if (!plain.read_head(base + at, frame)) [[unlikely]]
      break;
    const std::size_t next = at + frame.frame_bytes();
    if (next > end || !plain.read_body(base + at, frame) || frame.is_below(cutoff)) [[unlikely]]
      break;
    wire::PaddedTopic topic;
    frame.topic.store(topic);
    const std::uint64_t digest = hasher_.digest(topic);
    const std::uint32_t route = shorts.find(digest, topic);
    // Written twice, so that the flag of a topic that is known is a constant.
    if (route == route::RouteSet::kNone) [[unlikely]] {
      events.write(*to, at, frame, {route::TopicHasher::hash_of(digest), 0});
    } else {
      events.write(*to, at, frame, found(route, generation));
    }
    at = next;
  }
  // Looked up again, so that the loop has a register more.
  Lane<Sink>& lane = lane_of_run();
  const auto taken = static_cast<std::size_t>(to - lane.room());
  if (taken == 0) return 0;
  lane.stage_more(taken);
  frames_.plain += taken;
  full_ = lane.staged() == burst_;
  last_event_ = to - 1;
  if constexpr (kNumbered) session.skip(taken);
  cursor_.refs().take(static_cast<std::uint32_t>(taken));
  cursor_.move_to(base + at);
  return taken;
}

}  // namespace esc::intake
