// SPDX-License-Identifier: BSD-3-Clause
// The intake: reads the frames in buffers and stages events for the pipelines. It does not depend
// on how the bytes arrived.
#pragma once

#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "event/event.hpp"
#include "event/frame_bytes.hpp"
#include "event/poison.hpp"
#include "identity/producer_owner.hpp"
#include "intake/datagram_cursor.hpp"
#include "intake/frame_source.hpp"
#include "intake/lane.hpp"
#include "intake/plain_datagram.hpp"
#include "intake/plain_event.hpp"
#include "intake/refusals.hpp"
#include "route/route_set.hpp"
#include "route/topic_hasher.hpp"
#include "telemetry/stage_counters.hpp"
#include "wire/plain_frame.hpp"

namespace esc::intake {

struct IntakeLimits {
  std::size_t burst = 64;               ///< events that a lane stages before they are pushed
  std::uint64_t jumbo_wait_cycles = 0;  ///< TSC cycles to wait for a jumbo buffer before the frame
                                        ///< is dropped
};

/// How frames are read. Both ways decide the same for every frame.
enum class Way : std::uint8_t {
  kPlainFirst,  ///< the usual frames in one step, the others by the general way
  kGeneral,     ///< all frames by the general way; tests compare the other way with it
};

/// What is left of a stream's bytes once the intake has read the whole frames in them, or some.
struct StreamRest {
  /// The beginning of a frame, which the stage hands over again with more; or, after put_off(),
  /// whole frames too.
  std::uint32_t bytes = 0;
  /// A frame's length was out of bounds, so nobody can say where the next one begins.
  bool broken = false;
  wire::SessionCursor session;  ///< goes on with the next bytes
};

/// Sink: as in Lane. Thread: one lcore, that of the stage which it is part of.
///
/// The stage says where its buffers come from (from()) and hands over datagrams: many at once if
/// their headers are plain (take()), or one of any shape (begin()), which read() then reads; or
/// bytes of a stream (begin_stream()), which read() reads too. A numbered event goes to the
/// pipeline that owns its producer, any other to the pipeline of its origin. What a ring does not
/// take stays in the lanes, and the stage reads nothing more while holding().
///
/// An event of an exact topic carries its route, found among those of use(); any other carries the
/// hash of its topic, with which the dispatcher looks further.
///
/// In each poll: use() and read_pressure(), push(), then frames, publish() and push() again.
template <class Sink, Way kWay = Way::kPlainFirst>
class Intake {
 public:
  static constexpr std::size_t kMaxBurst = Lane<Sink>::kMaxBurst;

  /// `lanes`: one for each pipeline, in their order; `owner` answers with an index in it.
  Intake(std::vector<Lane<Sink>> lanes, const route::TopicHasher& hasher,
         const identity::ProducerOwner& owner, const IntakeLimits& limits)
      : lanes_(std::move(lanes)),
        hasher_(hasher),
        owner_(owner),
        own_(&lanes_.front()),
        burst_(std::min(limits.burst, kMaxBurst)),
        jumbo_wait_cycles_(limits.jumbo_wait_cycles) {}

  /// The routes of this poll, made with the same hasher. Not owned.
  void use(const route::RouteSet& routes) noexcept { routes_ = &routes; }

  /// Begins a poll. `obeys` false: nothing is shed or deferred.
  void read_pressure(bool obeys) noexcept {
    for (Lane<Sink>& lane : lanes_) lane.read_pressure(obeys);
    full_ = false;
  }

  /// Hands over what the rings take; how many events.
  std::size_t push() noexcept {
    std::size_t moved = 0;
    holding_ = false;
    for (Lane<Sink>& lane : lanes_) {
      moved += lane.push();
      holding_ = holding_ || lane.staged() != 0;
    }
    return moved;
  }

  /// A ring did not take all there was for it.
  [[nodiscard]] bool holding() const noexcept { return holding_; }
  /// A lane has no room for one more event: time to publish() and push().
  [[nodiscard]] bool full() const noexcept { return full_; }
  /// A datagram is open: some of its frames are not read yet.
  [[nodiscard]] bool reading() const noexcept { return cursor_.active(); }
  /// A frame waits for a buffer.
  [[nodiscard]] bool waiting() const noexcept { return waiting_since_ != 0; }

  /// Sets where the next datagrams come from and when they were received. Not while reading().
  void from(const Origin& origin, std::uint64_t rx_tsc) noexcept {
    origin_ = origin;
    own_ = &lanes_[origin.lane];
    plain_ = wire::PlainFrames(origin.from->limits);
    // event::Releaser finds a sole owner's pool by its port.
    own_mbufs_ = origin.from->own_mbufs && origin.source.kind() == event::SourceKind::kPort;
    rx_tsc_ = rx_tsc;
  }

  /// Takes datagrams in their order, up to the first whose headers are not plain or until a lane is
  /// full; then the last one may be open (reading()). Returns how many it took. Not while reading()
  /// or full().
  [[nodiscard]] std::size_t take(std::span<const PlainDatagram> datagrams) noexcept {
    std::size_t taken = 0;
    while (taken < datagrams.size() && !full_) {
      const PlainDatagram& datagram = datagrams[taken];
      if (!datagram) break;
      if (wire::PlainFrames::may_be_whole(datagram.frames(), datagram.bytes)) [[likely]] {
        const std::size_t events = take_single_events(datagrams.subspan(taken));
        taken += events;
        if (events != 0) continue;
      } else if (may_be_numbered(datagram)) {
        const std::size_t events = take_numbered_events(datagrams.subspan(taken));
        taken += events;
        if (events != 0) continue;
      }
      ++taken;
      begin(datagram.mbuf, datagram.packet_offset(), datagram.bytes, true);
      if (!read_in_place()) break;
    }
    return taken;
  }

  /// Takes the packet, whose datagram begins `offset` into it: behind headers, or in a direct mbuf,
  /// so that what lies before it may be read (wire::PlainFrames::kReadableBefore). `may_be_sole`:
  /// nobody else has the mbuf, so if it holds a single event, that event may become its sole owner
  /// and the mbuf may go back to its pool as it is. Not while reading().
  void begin(rte_mbuf* packet, std::uint32_t offset, std::uint32_t bytes,
             bool may_be_sole) noexcept {
    may_be_sole_ = may_be_sole && own_mbufs_;
    cursor_.begin(packet, offset, bytes);
  }

  /// Takes `bytes` of a stream that lie `offset` into the data of `buffer`, with one reference to
  /// it; before its data there is a headroom. `session`: what the bytes before them left
  /// (StreamRest). `peer_flags`: of event::note_peer for the buffer. Not while reading(). Once
  /// reading() is false, stream_rest() says what is left.
  void begin_stream(rte_mbuf* buffer, std::uint32_t offset, std::uint32_t bytes,
                    const wire::SessionCursor& session, std::uint8_t peer_flags) noexcept {
    may_be_sole_ = false;
    rest_.broken = false;
    cursor_.begin_stream(buffer, offset, bytes, session, peer_flags);
    if (ended()) end_buffer();
  }
  [[nodiscard]] const StreamRest& stream_rest() const noexcept { return rest_; }
  /// Ends the reading of an open stream before all its whole frames are read: the stage hands the
  /// rest over again later. Only while reading() a stream.
  void put_off() noexcept { end_buffer(); }
  /// The frames that were refused since the last publish().
  [[nodiscard]] const Refusals& refusals() const noexcept { return refusals_; }
  /// Counts a frame that is received and refused, because its stream ended in the middle of it.
  void lose_partial_frame() noexcept {
    ++frames_.other;
    refusals_.add(FrameDrop::kPartialAtClose);
  }

  /// Reads frames of the open datagram or stream until it ends. False: a lane is full(), or a frame
  /// is waiting().
  bool read(std::uint64_t now) noexcept {
    while (!full_) {
      if (cursor_.in_one_segment()) [[likely]] {
        if (kWay == Way::kPlainFirst && cursor_.behind_headers()) return read_in_place();
        take_in_place();
      } else if (!read_chained_frame(now)) {
        return false;
      }
      if (ended()) {
        end_buffer();
        return true;
      }
    }
    return false;
  }

  /// Called after reading. Counts receipts first, then refused frames; only afterwards may others
  /// see the staged events.
  void publish(std::uint64_t now) noexcept {
    own_->receive(frames_.other, frames_.control);
    own_->counters().events_plain.add(frames_.plain);
    frames_ = {};
    for (Lane<Sink>& lane : lanes_) lane.publish_receipts();
    refusals_.count_in(own_->counters().frame_dropped);
    if (cursor_.active()) cursor_.refs().publishing();
    own_->counters().datagram_open.set(cursor_.active() ? 1 : 0);
    for (Lane<Sink>& lane : lanes_) {
      lane.push_shed(now, [](const event::Event& event) { event::free_segment(event.mbuf); });
    }
  }

  /// Drops what the rings did not take, for `reason`.
  [[gnu::noinline]] void drop_staged(FrameDrop reason) noexcept {
    for (Lane<Sink>& lane : lanes_) {
      const std::size_t count =
          lane.discard([](const event::Event& event) { event::free_segment(event.mbuf); });
      lane.counters().frame_dropped.add(reason, count);
    }
    holding_ = false;
  }

  /// Drops all that it holds as drained at deadline, the open datagram's frames too. Only once the
  /// lcore has stopped, like the next ones.
  void discard(std::uint64_t now) noexcept;
  /// Stops the clocks and the shedding of the last poll.
  void begin_giving_up() noexcept;
  /// Calls give_up(std::size_t lane, const event::Event&) on all that is staged; how many. The
  /// caller counts what becomes of each event.
  template <class GiveUp>
  std::size_t give_up_staged(GiveUp&& give_up) noexcept;
  /// Drops the frame that is waiting() as drained at deadline.
  void give_up_waiting_frame() noexcept;

  [[nodiscard]] std::span<Lane<Sink>> lanes() noexcept { return lanes_; }
  [[nodiscard]] std::span<const Lane<Sink>> lanes() const noexcept { return lanes_; }

 private:
  /// Not counted yet.
  struct Frames {
    std::uint64_t other = 0;  ///< frames that became no event, control frames included
    std::uint64_t control = 0;
    std::uint64_t plain = 0;  ///< events that were read in one step
  };

  /// Takes datagrams that are one plain event each, as nearly all are, up to the first that is not,
  /// or as many as there is room for. It writes nothing for a datagram before it knows that.
  [[nodiscard]] std::size_t take_single_events(std::span<const PlainDatagram> datagrams) noexcept;
  /// Whether the datagram may be one for take_numbered_events(), by its length alone.
  [[nodiscard]] static bool may_be_numbered(const PlainDatagram& datagram) noexcept {
    constexpr std::uint32_t kSession = wire::kSessionFrameBytes;
    return datagram.bytes >= kSession + wire::PlainFrames::kFewestBytes &&
           wire::PlainFrames::may_be_whole(datagram.frames() + kSession, datagram.bytes - kSession);
  }
  /// The same for datagrams that are a session frame and one plain event each.
  [[nodiscard]] std::size_t take_numbered_events(std::span<const PlainDatagram> datagrams) noexcept;
  /// Reads frames of an open datagram that lies behind its headers in one segment. False: a lane is
  /// full.
  bool read_in_place() noexcept;
  /// Takes the plain events that come next in the datagram of read_in_place(): up to a frame that
  /// is something else, the end of the session's numbers, or as many as there is room for. Returns
  /// how many.
  [[nodiscard]] std::size_t take_run() noexcept;
  /// kNumbered: they are of a session.
  template <bool kNumbered>
  [[nodiscard]] std::size_t take_run_as() noexcept;

  /// `generation`: generation_word().
  [[nodiscard, gnu::always_inline]] static KnownTopic found(std::uint32_t route,
                                                            std::uint64_t generation) noexcept {
    return {generation | route, event::kRouteFound};
  }
  /// `route`: of the topic with that digest, or RouteSet::kNone.
  [[nodiscard, gnu::always_inline]] static KnownTopic know(std::uint64_t digest,
                                                           std::uint32_t route,
                                                           std::uint64_t generation) noexcept {
    if (route == route::RouteSet::kNone) [[unlikely]]
      return {route::TopicHasher::hash_of(digest), 0};
    return found(route, generation);
  }
  /// The same for a topic of any length.
  [[nodiscard]] KnownTopic know(std::span<const std::uint8_t> topic) const noexcept {
    const std::uint64_t hash = hasher_(topic);
    const std::uint32_t route = routes_->find_exact(hash, topic);
    if (route == route::RouteSet::kNone) return {hash, 0};
    return found(route, generation_word());
  }
  /// The routes' generation at the place that it has in event::RouteRef.
  [[nodiscard]] std::uint64_t generation_word() const noexcept {
    static_assert(offsetof(event::RouteRef, generation) == 4);
    return std::uint64_t{routes_->generation()} << 32U;
  }

  void begin_session(const std::uint8_t* at) noexcept {
    ++frames_.other;
    ++frames_.control;
    cursor_.session().begin(
        wire::decode_session(at + wire::kTopicOffset + wire::kSessionTopic.size()));
    cursor_.move_to(at + wire::kSessionFrameBytes);
  }

  /// Nothing is left that can be read as a frame.
  [[nodiscard]] bool ended() const noexcept {
    return cursor_.at_end() ||
           (cursor_.is_stream() && cursor_.at_partial_frame(origin_.from->limits));
  }

  void keep_rest() noexcept {
    if (!cursor_.is_stream()) [[likely]]
      return;
    rest_.bytes = cursor_.left();
    rest_.session = cursor_.session();
  }
  void end_buffer() noexcept {
    keep_rest();
    if (cursor_.finish() && may_be_sole_) last_event_->flags |= event::kSoleOwner;
  }

  /// Reads any frame that lies in the datagram's last segment.
  [[gnu::noinline]] void take_in_place() noexcept {
    const wire::FrameView view = cursor_.next_in_place(origin_.from->limits);
    take_frame(view, cursor_.segment(), false, cursor_.peer_flags());
  }

  /// Out of line: rare. False: wait for a buffer.
  [[gnu::noinline]] bool read_chained_frame(std::uint64_t now) noexcept {
    CursorFrame frame;
    if (!cursor_.next(*origin_.from, frame)) return wait_for_buffer(now);
    if (frame.copied) {
      waiting_since_ = 0;
      own_->counters().frames_linearised.add();
    }
    take_frame(frame.view, frame.holder, frame.copied, frame.peer_flags);
    return true;
  }

  /// Stages or refuses any frame. `flags`: those that the event has because of where its frame
  /// lies.
  void take_frame(const wire::FrameView& view, rte_mbuf* holder, bool copied,
                  std::uint8_t flags) noexcept {
    if (view.kind != wire::FrameKind::kEvent) {
      take_other_frame(view);
      return;
    }
    Lane<Sink>* lane = own_;
    wire::Identity identity{};
    std::uint8_t replay_count = 0;
    if (cursor_.session().active()) {
      identity = *cursor_.session().next();
      flags |= event::kSequenced;
      replay_count = cursor_.session().replay_count();
      lane = &lanes_[owner_(identity.producer)];
    }
    event::Event* room = nullptr;
    if (lane->pressure().sheds(view.priority)) {
      room = shed(*lane, holder, copied, replay_count != 0);
      if (room == nullptr) return;
    } else {
      room = &lane->stage();
      full_ = lane->staged() == burst_;
    }
    if (!copied) cursor_.refs().take();
    const KnownTopic known = know(std::span(view.topic, view.topic_len));
    event::Event& event = *room;
    last_event_ = room;
    write_origin(event, holder, rx_tsc_, origin_.source, known, identity);
    event.length = static_cast<std::uint16_t>(view.frame_bytes - wire::kLengthBytes);
    event.topic_len = view.topic_len;
    event.priority = view.priority;
    event.flags = static_cast<std::uint8_t>(flags | known.flags);
    event.replay_count = replay_count;
    event::set_frame_start(event, view.topic - wire::kTopicOffset);
  }

  /// Sheds a frame for its priority. Returns where to write it if it becomes a dead letter; null:
  /// it is dropped. A replayed dead letter is dropped: it is still where it came from.
  [[gnu::noinline]] event::Event* shed(Lane<Sink>& lane, rte_mbuf* holder, bool copied,
                                       bool replayed) noexcept {
    if (lane.keeps_shed() && !replayed) {
      event::Event& room = lane.stage_shed();
      full_ = lane.shed_staged() == burst_;
      return &room;
    }
    lane.shed();
    if (copied) event::free_segment(holder);
    return nullptr;
  }

  void take_other_frame(const wire::FrameView& view) noexcept {
    ++frames_.other;
    [[maybe_unused]] const auto number = cursor_.session().observe(view);
    if (view.kind == wire::FrameKind::kControl) {
      ++frames_.control;
    } else {
      refusals_.add(view.reason);
      // A datagram ends there, and a stream cannot be read on.
      rest_.broken = view.ends_datagram;
    }
  }

  /// True when the frame was given up and reading can go on.
  bool wait_for_buffer(std::uint64_t now) noexcept {
    if (waiting_since_ == 0) waiting_since_ = now;
    if (now - waiting_since_ < jumbo_wait_cycles_) {
      own_->counters().jumbo_waits.add();
      return false;
    }
    lose_waiting_frame(FrameDrop::kNoJumboBuffer);
    return true;
  }

  /// Drops the frame for which there is no buffer. It uses up its number all the same.
  void lose_waiting_frame(FrameDrop reason) noexcept {
    waiting_since_ = 0;
    ++frames_.other;
    [[maybe_unused]] const auto number = cursor_.session().next();
    refusals_.add(reason);
    cursor_.skip_frame();
  }

  void discard_frames() noexcept;

  // Ordered by cache lines: first what every poll uses, then what the open datagram needs.
  std::vector<Lane<Sink>> lanes_;
  const route::RouteSet* routes_ = &route::RouteSet::empty();
  route::TopicHasher hasher_;
  identity::ProducerOwner owner_;
  Lane<Sink>* own_;  ///< of the origin
  std::size_t burst_;
  Origin origin_;
  wire::PlainFrames plain_{wire::FrameLimits{}};
  std::uint64_t rx_tsc_ = 0;
  bool full_ = false;
  bool holding_ = false;
  bool own_mbufs_ = false;    ///< of the origin: they may go back to their pool as they are
  bool may_be_sole_ = false;  ///< the open datagram's mbuf
  event::Event* last_event_ = nullptr;  ///< in a lane's staging
  std::uint64_t waiting_since_ = 0;     ///< TSC when the wait for a jumbo buffer began; 0: none
  std::uint64_t jumbo_wait_cycles_;
  Frames frames_;
  Refusals refusals_;
  DatagramCursor cursor_;
  StreamRest rest_;  ///< of the last stream that was read
};

}  // namespace esc::intake

#include "intake/intake_drain.hpp"
#include "intake/intake_plain.hpp"
