// The RX stage: packets in bursts from its queues, events in bursts into the MPSC ring.
#pragma once

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "control/flow.hpp"
#include "event/event.hpp"
#include "event/frame_bytes.hpp"
#include "event/poison.hpp"
#include "identity/producer_owner.hpp"
#include "ingest/checksum.hpp"
#include "ingest/datagram_cursor.hpp"
#include "ingest/lane.hpp"
#include "ingest/packet_head.hpp"
#include "ingest/port_context.hpp"
#include "ingest/tally.hpp"
#include "route/topic_hasher.hpp"
#include "telemetry/stage_counters.hpp"

namespace esc::ingest {

/// A queue to poll and what is known of its port.
template <class Queue>
struct QueueBinding {
  Queue queue;              ///< receive(span<rte_mbuf*>) -> count; can_wait() -> bool
  const PortContext* port;  ///< outlives the stage
  event::Source source = 0;
  std::uint32_t lane = 0;  ///< index of its own pipeline, which gets its unnumbered events
};

struct RxLimits {
  std::size_t burst = 64;
  std::size_t soft_mark_cells = 512;  ///< ring depth from which a port that can wait is left alone
  std::uint64_t jumbo_wait_cycles =
      0;  ///< TSC cycles to wait for a jumbo buffer before the frame is dropped
  std::uint64_t paused_poll_cycles = 0;  ///< TSC cycles between two polls of a port while paused
};

/// Queue: as in QueueBinding. Sink: as in Lane. Thread: one lcore.
///
/// One poll takes one burst from one queue, the queues in turn. A numbered event goes to the
/// pipeline that owns its producer, any other to its queue's own. Whatever a ring does not take
/// stays here, and nothing more is received until it is gone: the NIC's ring is the first buffer.
template <class Queue, class Sink>
class RxStage {
 public:
  static constexpr std::size_t kMaxBurst = Lane<Sink>::kMaxBurst;

  /// `lanes`: one for each pipeline, in their order; `owner` answers with an index in it.
  RxStage(std::vector<QueueBinding<Queue>> queues, std::vector<Lane<Sink>> lanes,
          const route::TopicHasher& hasher, const identity::ProducerOwner& owner,
          const control::FlowBoard& flow, const RxLimits& limits)
      : queues_(std::move(queues)),
        lanes_(std::move(lanes)),
        hasher_(hasher),
        owner_(owner),
        flow_(flow),
        own_(&lanes_.front()),
        polls_(&lanes_.front().counters()),
        limits_(limits),
        burst_(std::min(limits.burst, kMaxBurst)) {}

  /// For a single pipeline.
  RxStage(std::vector<QueueBinding<Queue>> queues, Sink sink, const route::TopicHasher& hasher,
          const control::FlowBoard& flow, telemetry::IngestCounters& counters,
          const RxLimits& limits)
      : RxStage(std::move(queues), std::vector<Lane<Sink>>(1, {std::move(sink), counters}), hasher,
                identity::ProducerOwner(0, 1), flow, limits) {}

  /// Returns packets taken plus events moved on.
  std::size_t poll(std::uint64_t now) noexcept {
    polls_->polls.add();
    const control::Flow flow = flow_.read();
    // While it is paused a frame that finds no room is dropped as that, whatever its priority.
    for (Lane<Sink>& lane : lanes_) lane.read_pressure(flow != control::Flow::kPaused);
    const std::size_t moved = push_staged();
    if (holding_) {
      polls_->ring_full.add();
      if (flow != control::Flow::kPaused || binding_->port->lossless) return moved;
      drop_held();
    }
    if (flow == control::Flow::kPaused && !time_for_duties(now)) [[unlikely]]
      return moved;
    if (next_packet_ == packets_ && !cursor_.active()) receive(flow, now);
    if (next_packet_ == packets_ && !cursor_.active()) return moved;
    const std::size_t read = read_packets(now);
    publish();
    for (Lane<Sink>& lane : lanes_) {
      lane.push_shed(now, [](const event::Event& event) { event::free_segment(event.mbuf); });
    }
    return moved + read + push_staged();
  }

  void housekeep(std::uint64_t /*now*/) noexcept {}

  /// A ring has no room for what is staged, a frame waits for a buffer, or a port is left alone
  /// until a pipeline has less to do. While it is paused all that waits for somebody to resume it.
  [[nodiscard]] bool blocked() const noexcept {
    const control::Flow flow = flow_.read();
    if (flow == control::Flow::kPaused) return false;
    if (holding_ || waiting_since_ != 0) return true;
    return flow == control::Flow::kOpen &&
           std::ranges::any_of(queues_, [this](const auto& queue) { return should_wait(queue); });
  }

  /// Counts and gives back everything held, as drained at deadline. Only once the lcore has
  /// stopped, like the next one.
  void discard() noexcept;
  /// Reads everything held, and calls give_up(std::size_t lane, const event::Event&) on each event:
  /// the event and what becomes of it is the caller's to count. A frame that cannot be made whole
  /// now is dropped as drained at deadline.
  template <class GiveUp>
  void give_up_all(GiveUp&& give_up) noexcept;
  [[nodiscard]] Lane<Sink>& lane(std::size_t index) noexcept { return lanes_[index]; }

 private:
  void receive(control::Flow flow, std::uint64_t now) noexcept {
    packets_ = next_packet_ = 0;
    if (flow == control::Flow::kClosed) return;
    binding_ = &queues_[next_queue_];
    next_queue_ = next_queue_ + 1 < queues_.size() ? next_queue_ + 1 : 0;
    if (flow == control::Flow::kPaused && binding_->port->lossless) return;
    if (flow == control::Flow::kOpen && should_wait(*binding_)) {
      polls_->polls_deferred.add();
      return;
    }
    own_ = &lanes_[binding_->lane];
    packets_ = binding_->queue.receive(std::span(burst_packets_).first(burst_));
    if (packets_ == 0) return;
    burst_tsc_ = now;
    counters().packets_received.add(packets_);
    polls_->bursts.add();
    for (std::size_t i = 0; i < packets_; ++i) event::poison_tailroom(burst_packets_[i]);
  }

  /// Whether a queue is to be left alone: it can be, and some pipeline had better have less coming
  /// in.
  [[nodiscard]] bool should_wait(const QueueBinding<Queue>& binding) const noexcept {
    using control::PressureWord;
    const auto flag =
        binding.port->lossless ? PressureWord::kDeferLossless : PressureWord::kDeferNic;
    for (const Lane<Sink>& lane : lanes_) {
      if (lane.depth() > limits_.soft_mark_cells || lane.pressure().has(flag)) [[unlikely]]
        return binding.queue.can_wait();
    }
    return false;
  }

  /// While paused the ports' own duties want a look now and then; what events that brings goes as
  /// far as there is room.
  [[gnu::noinline]] bool time_for_duties(std::uint64_t now) noexcept {
    if (now - last_duties_ < limits_.paused_poll_cycles) return false;
    last_duties_ = now;
    return true;
  }

  [[gnu::noinline]] void drop_held() noexcept {
    for (Lane<Sink>& lane : lanes_) {
      const std::size_t count =
          lane.discard([](const event::Event& event) { event::free_segment(event.mbuf); });
      lane.counters().frame_dropped.add(FrameDrop::kPaused, count);
    }
    holding_ = false;
  }

  /// The block of the pipeline that the current packets' queue belongs to.
  [[nodiscard]] telemetry::IngestCounters& counters() const noexcept { return own_->counters(); }

  /// Reads until a lane's staging is full or the burst is done; returns packets begun.
  std::size_t read_packets(std::uint64_t now) noexcept {
    const std::size_t before = next_packet_;
    full_ = false;
    while (!full_) {
      if (!cursor_.active()) {
        if (next_packet_ == packets_) break;
        begin_packet(burst_packets_[next_packet_++]);
        continue;
      }
      if (!read_frames(now)) break;
    }
    return next_packet_ - before;
  }

  void begin_packet(rte_mbuf* packet) noexcept {
    constexpr std::size_t kPrefetchAhead = 4;
    if (next_packet_ + kPrefetchAhead < packets_) {
      rte_prefetch0(rte_pktmbuf_mtod(burst_packets_[next_packet_ + kPrefetchAhead], void*));
    }
    tally_.packet_bytes += packet->pkt_len;
    const PortContext& port = *binding_->port;
    const std::span head(rte_pktmbuf_mtod(packet, const std::uint8_t*), packet->data_len);
    // The verdict is made where it is used and copied nowhere: see docs/decisions.md.
    const wire::PacketVerdict verdict =
        wire::classify_packet(head, packet->pkt_len, port.udp_ports);
    if (verdict.kind == wire::PacketKind::kDatagram) [[likely]] {
      begin_datagram(packet, head.data(), verdict);
    } else {
      begin_unusual(packet);
    }
  }

  void begin_datagram(rte_mbuf* packet, const std::uint8_t* head,
                      const wire::PacketVerdict& verdict) noexcept {
    const PortContext& port = *binding_->port;
    const auto bad = judge_checksums(*packet, head, verdict, port.checksum);
    if (bad || verdict.payload_bytes == 0) [[unlikely]] {
      if (bad) {
        counters().packet_dropped.add(*bad);
      } else {
        counters().non_event.add(NonEvent::kEmptyDatagram);
      }
      event::free_packet(packet);
      return;
    }
    ++tally_.datagrams;
    // The reference can be handed to a single event, and the mbuf go back raw, only if it is
    // plainly ours.
    may_be_sole_ = port.own_mbufs && packet->nb_segs == 1 && rte_mbuf_refcnt_read(packet) == 1 &&
                   RTE_MBUF_DIRECT(packet);
    cursor_.begin(packet, verdict.payload_offset, verdict.payload_bytes);
  }

  /// Not a datagram by its first bytes. Out of line: rare.
  [[gnu::noinline]] void begin_unusual(rte_mbuf* packet) noexcept {
    const wire::PortSet& udp_ports = binding_->port->udp_ports;
    const std::uint8_t* head = nullptr;
    const wire::PacketVerdict verdict = head_.classify(*packet, udp_ports, head);
    if (verdict.kind == wire::PacketKind::kDatagram) {
      begin_datagram(packet, head, verdict);
      return;
    }
    if (verdict.kind == wire::PacketKind::kNonEvent) {
      counters().non_event.add(verdict.non_event);
    } else {
      counters().packet_dropped.add(verdict.drop);
    }
    event::free_packet(packet);
  }

  /// Frames of the current datagram, until it ends or the staging is full. False: wait for a
  /// buffer.
  bool read_frames(std::uint64_t now) noexcept {
    const wire::FrameLimits& limits = binding_->port->limits;
    while (!full_) {
      if (cursor_.in_one_segment()) [[likely]] {
        const wire::FrameView view = cursor_.next_in_place(limits);
        take_frame(view, cursor_.segment(), false, cursor_.peer_flags());
      } else if (!read_chained_frame(now)) {
        return false;
      }
      if (cursor_.at_end()) {
        if (cursor_.finish() && may_be_sole_) last_event_->flags |= event::kSoleOwner;
        return true;
      }
    }
    return true;
  }

  /// Out of line: rare. False: wait for a buffer.
  [[gnu::noinline]] bool read_chained_frame(std::uint64_t now) noexcept {
    CursorFrame frame;
    if (!cursor_.next(*binding_->port, frame)) return wait_for_buffer(now);
    if (frame.copied) {
      waiting_since_ = 0;
      counters().frames_linearised.add();
    }
    take_frame(frame.view, frame.holder, frame.copied, frame.peer_flags);
    return true;
  }

  /// `flags`: that the event has for its holder's sake.
  void take_frame(const wire::FrameView& view, rte_mbuf* holder, bool copied,
                  std::uint8_t flags) noexcept {
    if (view.kind != wire::FrameKind::kEvent) [[unlikely]] {
      take_other_frame(view);
      return;
    }
    // One way for numbered events and others, so that staging is there once, and inlined.
    wire::Identity identity{};
    Lane<Sink>* lane = own_;
    std::uint8_t replay_count = 0;
    if (cursor_.session().active()) {
      identity = *cursor_.session().next();
      flags |= event::kSequenced;
      replay_count = cursor_.session().replay_count();
      if (lanes_.size() > 1) lane = &lanes_[owner_(identity.producer)];
    }
    event::Event* room = nullptr;
    if (lane->pressure().sheds(view.priority)) [[unlikely]] {
      room = shed(*lane, holder, copied, replay_count != 0);
      if (room == nullptr) return;
    } else {
      room = &lane->stage();
      full_ = lane->staged() == burst_;
    }
    if (!copied) cursor_.refs().take();
    event::Event& event = *room;
    last_event_ = room;
    event.mbuf = holder;
    event.rx_tsc = burst_tsc_;
    event.topic_hash = hasher_({view.topic, view.topic_len});
    event.producer = identity.producer;
    event.sequence = identity.sequence;
    event.epoch = identity.epoch;
    event.source = binding_->source;
    event.length = static_cast<std::uint16_t>(view.frame_bytes - wire::kLengthBytes);
    event.topic_len = view.topic_len;
    event.priority = view.priority;
    event.flags = flags;
    event.replay_count = replay_count;
    event::set_frame_start(event, view.topic - wire::kTopicOffset);
  }

  /// Where to write it, if it is kept; null: it is gone.
  /// A replayed letter is kept where it came from.
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

  [[gnu::noinline]] void take_other_frame(const wire::FrameView& view) noexcept {
    ++tally_.frames;
    [[maybe_unused]] const auto number = cursor_.session().observe(view);
    if (view.kind == wire::FrameKind::kControl) {
      ++tally_.control;
    } else {
      count_refusal(view.reason);
    }
  }

  /// True when the frame was given up and reading can go on.
  bool wait_for_buffer(std::uint64_t now) noexcept {
    if (waiting_since_ == 0) waiting_since_ = now;
    if (now - waiting_since_ < limits_.jumbo_wait_cycles) {
      counters().jumbo_waits.add();
      return false;
    }
    lose_waiting_frame(FrameDrop::kNoJumboBuffer);
    return true;
  }

  /// The frame that there is no buffer for; it consumes its number all the same.
  void lose_waiting_frame(FrameDrop reason) noexcept {
    waiting_since_ = 0;
    ++tally_.frames;
    [[maybe_unused]] const auto number = cursor_.session().next();
    count_refusal(reason);
    cursor_.skip_frame();
  }

  // Refusals are counted once their receipt is: see publish().
  void count_refusal(FrameDrop reason) noexcept {
    ++refused_[static_cast<std::size_t>(reason)];
    any_refused_ = true;
  }

  /// Receipts first, then what became of them; then the staged events may be seen by others.
  void publish() noexcept {
    tally_.add_to(counters());
    for (Lane<Sink>& lane : lanes_) lane.publish_receipts();
    if (any_refused_) [[unlikely]] {
      for (std::size_t i = 0; i < refused_.size(); ++i) {
        if (refused_[i] != 0) counters().frame_dropped.add(static_cast<FrameDrop>(i), refused_[i]);
      }
      refused_.fill(0);
      any_refused_ = false;
    }
    if (cursor_.active()) cursor_.refs().publishing();
    counters().packets_held.set(packets_ - next_packet_);
    counters().datagram_open.set(cursor_.active() ? 1 : 0);
  }

  void discard_frames() noexcept;  // rx_stage_drain.hpp, like the next two
  template <class GiveUp>
  std::size_t give_up_staged(GiveUp&& give_up) noexcept;
  void give_up_frame_without_buffer() noexcept;

  std::size_t push_staged() noexcept {
    std::size_t moved = 0;
    holding_ = false;
    for (Lane<Sink>& lane : lanes_) {
      moved += lane.push();
      holding_ = holding_ || lane.staged() != 0;
    }
    return moved;
  }

  // Line by line: what every poll uses, then the large buffers.
  std::vector<QueueBinding<Queue>> queues_;
  std::vector<Lane<Sink>> lanes_;
  route::TopicHasher hasher_;
  identity::ProducerOwner owner_;
  const control::FlowBoard& flow_;
  Lane<Sink>* own_;                   ///< of the queue that was polled last
  telemetry::IngestCounters* polls_;  ///< the first pipeline's, which has what belongs to none
  RxLimits limits_;
  std::size_t burst_;
  std::size_t next_queue_ = 0;
  const QueueBinding<Queue>* binding_ = nullptr;
  std::size_t packets_ = 0;             ///< of the current burst
  std::size_t next_packet_ = 0;         ///< of those, the next to begin
  event::Event* last_event_ = nullptr;  ///< in a lane's staging
  std::uint64_t burst_tsc_ = 0;
  std::uint64_t last_duties_ = 0;    ///< TSC of the last poll while paused
  std::uint64_t waiting_since_ = 0;  ///< TSC when the wait for a jumbo buffer began; 0: none
  bool may_be_sole_ = false;
  bool full_ = false;     ///< a lane has no room for one more event
  bool holding_ = false;  ///< a ring did not take all there was for it
  bool any_refused_ = false;
  Tally tally_;
  DatagramCursor cursor_;
  PacketHead head_;
  std::array<rte_mbuf*, kMaxBurst> burst_packets_{};
  std::array<std::uint64_t, static_cast<std::size_t>(FrameDrop::kCount)> refused_{};
};

}  // namespace esc::ingest

#include "ingest/rx_stage_drain.hpp"
