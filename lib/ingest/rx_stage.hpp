// SPDX-License-Identifier: BSD-3-Clause
// The RX stage: takes bursts of packets from its queues and gives their datagrams to the intake.
#pragma once

#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "control/flow.hpp"
#include "event/event.hpp"
#include "event/poison.hpp"
#include "ingest/checksum.hpp"
#include "ingest/packet_head.hpp"
#include "ingest/plain_packets.hpp"
#include "ingest/port_context.hpp"
#include "intake/intake.hpp"
#include "route/rules.hpp"
#include "runtime/published.hpp"
#include "telemetry/stage_counters.hpp"

namespace esc::ingest {

/// A queue to poll and what is known of its port.
template <class Queue>
struct QueueBinding {
  Queue queue;              ///< receive(span<rte_mbuf*>) -> count; can_wait() -> bool
  const PortContext* port;  ///< outlives the stage
  event::Source source;
  /// Index of the queue's own pipeline, which gets its events without a number.
  std::uint32_t lane = 0;
};

struct RxLimits {
  std::size_t burst = 64;  ///< packets
  /// From this ring depth on, a port that can wait is not polled.
  std::size_t soft_mark_cells = 512;
  std::uint64_t paused_poll_cycles = 0;  ///< TSC cycles between two polls of a port while paused
};

/// Queue: as in QueueBinding. Sink: as in intake::Lane. Thread: one lcore.
///
/// One poll takes one burst from one queue, the queues in turn. While the intake holds events that
/// its rings did not take, nothing more is received: the NIC's ring is the first buffer.
template <class Queue, class Sink, intake::Way kWay = intake::Way::kPlainFirst>
class RxStage {
 public:
  using Intake = intake::Intake<Sink, kWay>;
  static constexpr std::size_t kMaxBurst = Intake::kMaxBurst;

  /// `counters`: a block for each pipeline, in the order of the intake's lanes. `rules`: null:
  /// every route is left to the dispatchers. Nothing is owned; all outlives the stage.
  RxStage(std::vector<QueueBinding<Queue>> queues, Intake intake,
          std::span<telemetry::PacketCounters> counters, const control::FlowBoard& flow,
          const RxLimits& limits, const runtime::Published<route::Rules>* rules = nullptr)
      : queues_(std::move(queues)),
        intake_(std::move(intake)),
        counters_(counters),
        flow_(flow),
        rules_(rules),
        limits_(limits),
        burst_(std::min(limits.burst, kMaxBurst)) {}

  /// Returns packets taken plus events moved on.
  std::size_t poll(std::uint64_t now) noexcept {
    polls().polls.add();
    if (rules_ != nullptr) intake_.use(rules_->get()->routes);
    const control::Flow flow = flow_.read();
    // While the appliance is paused, a frame for which there is no room is dropped as `paused`,
    // whatever its priority.
    intake_.read_pressure(flow != control::Flow::kPaused);
    const std::size_t moved = intake_.push();
    if (intake_.holding()) {
      polls().ring_full.add();
      if (flow != control::Flow::kPaused || binding_->port->lossless) return moved;
      intake_.drop_staged(FrameDrop::kPaused);
    }
    if (flow == control::Flow::kPaused && !time_for_duties(now)) [[unlikely]]
      return moved;
    if (!anything_left()) receive(flow, now);
    if (!anything_left()) return moved;
    const std::size_t read = read_packets(now);
    publish(now);
    return moved + read + intake_.push();
  }

  void housekeep(std::uint64_t /*now*/) noexcept {}

  /// A ring has no room for the staged events, a frame waits for a buffer, or a port is not polled
  /// until a pipeline has less to do. While the appliance is paused it is not blocked: all of that
  /// waits for somebody to resume it.
  [[nodiscard]] bool blocked() const noexcept {
    const control::Flow flow = flow_.read();
    if (flow == control::Flow::kPaused) return false;
    if (intake_.holding() || intake_.waiting()) return true;
    return flow == control::Flow::kOpen &&
           std::ranges::any_of(queues_, [this](const auto& queue) { return should_wait(queue); });
  }

  /// Counts and gives back everything held, as drained at deadline. Only once the lcore has
  /// stopped, like the next one.
  void discard() noexcept;
  /// Reads everything held, and calls give_up(std::size_t lane, const event::Event&) on each event;
  /// the caller counts what becomes of it. A frame that cannot be made whole now is dropped as
  /// drained at deadline.
  template <class GiveUp>
  void give_up_all(GiveUp&& give_up) noexcept;
  [[nodiscard]] intake::Lane<Sink>& lane(std::size_t index) noexcept {
    return intake_.lanes()[index];
  }

 private:
  /// Whether packets of the current burst, or frames of one of its datagrams, are left.
  [[nodiscard]] bool anything_left() const noexcept {
    return next_packet_ != packets_ || intake_.reading();
  }

  void receive(control::Flow flow, std::uint64_t now) noexcept {
    packets_ = next_packet_ = 0;
    if (flow == control::Flow::kClosed) return;
    binding_ = &queues_[next_queue_];
    next_queue_ = next_queue_ + 1 < queues_.size() ? next_queue_ + 1 : 0;
    if (flow == control::Flow::kPaused && binding_->port->lossless) return;
    if (flow == control::Flow::kOpen && should_wait(*binding_)) {
      polls().polls_deferred.add();
      return;
    }
    packets_ = binding_->queue.receive(std::span(burst_packets_).first(burst_));
    if (packets_ != 0) begin_burst(now);
  }

  /// Looks at the headers of all its packets at once. Those that are not plain are looked at again
  /// when it is their turn.
  void begin_burst(std::uint64_t now) noexcept {
    counters().packets_received.add(packets_);
    polls().bursts.add();
    intake_.from({binding_->port, binding_->source, binding_->lane}, now);
    const std::span burst = std::span(burst_packets_).first(packets_);
    for (rte_mbuf* packet : burst) event::poison_tailroom(packet);
    if constexpr (kWay == intake::Way::kPlainFirst) {
      packet_bytes_ += PlainPackets(*binding_->port).find(burst, datagrams_.data());
    } else {
      for (const rte_mbuf* packet : burst) packet_bytes_ += packet->pkt_len;
    }
  }

  /// Whether the queue is not polled now: its packets can wait, and some pipeline should get less.
  [[nodiscard]] bool should_wait(const QueueBinding<Queue>& binding) const noexcept {
    using control::PressureWord;
    const auto flag =
        binding.port->lossless ? PressureWord::kDeferLossless : PressureWord::kDeferNic;
    for (const auto& lane : intake_.lanes()) {
      if (lane.depth() > limits_.soft_mark_cells || lane.pressure().has(flag)) [[unlikely]]
        return binding.queue.can_wait();
    }
    return false;
  }

  /// While paused, ports are still polled now and then, for duties of their own. Events that come
  /// in that way go as far as there is room.
  [[gnu::noinline]] bool time_for_duties(std::uint64_t now) noexcept {
    if (now - last_duties_ < limits_.paused_poll_cycles) return false;
    last_duties_ = now;
    return true;
  }

  /// The block of the pipeline that the current packets' queue belongs to.
  [[nodiscard]] telemetry::PacketCounters& counters() const noexcept {
    return counters_[binding_->lane];
  }
  /// The first pipeline's block, which also has what belongs to no pipeline.
  [[nodiscard]] telemetry::PacketCounters& polls() const noexcept { return counters_.front(); }

  /// Reads until a lane of the intake is full or the burst is done; returns packets begun.
  std::size_t read_packets(std::uint64_t now) noexcept {
    const std::size_t before = next_packet_;
    while (!intake_.full()) {
      if (intake_.reading()) {
        if (!intake_.read(now)) break;
      } else if (next_packet_ == packets_) {
        break;
      } else if (datagrams_[next_packet_]) {
        const std::size_t taken =
            intake_.take(std::span(datagrams_).subspan(next_packet_, packets_ - next_packet_));
        next_packet_ += taken;
        datagrams_read_ += taken;
        plain_read_ += taken;
      } else {
        begin_packet(burst_packets_[next_packet_++]);
      }
    }
    return next_packet_ - before;
  }

  /// A packet that is not plain. Out of line: rare.
  [[gnu::noinline]] void begin_packet(rte_mbuf* packet) noexcept {
    const PortContext& port = *binding_->port;
    const std::uint8_t* head = nullptr;
    const wire::PacketVerdict verdict = head_.classify(*packet, port.udp_ports, head);
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

  void begin_datagram(rte_mbuf* packet, const std::uint8_t* head,
                      const wire::PacketVerdict& verdict) noexcept {
    const auto bad = judge_checksums(*packet, head, verdict, binding_->port->checksum);
    if (bad || verdict.payload_bytes == 0) {
      if (bad) {
        counters().packet_dropped.add(*bad);
      } else {
        counters().non_event.add(NonEvent::kEmptyDatagram);
      }
      event::free_packet(packet);
      return;
    }
    ++datagrams_read_;
    const bool may_be_sole =
        packet->nb_segs == 1 && rte_mbuf_refcnt_read(packet) == 1 && RTE_MBUF_DIRECT(packet);
    intake_.begin(packet, verdict.payload_offset, verdict.payload_bytes, may_be_sole);
  }

  /// Receipts first; then the staged events may be seen by others.
  void publish(std::uint64_t now) noexcept {
    telemetry::PacketCounters& block = counters();
    block.packet_bytes.add(packet_bytes_);
    block.datagrams.add(datagrams_read_);
    block.datagrams_plain.add(plain_read_);
    packet_bytes_ = datagrams_read_ = plain_read_ = 0;
    intake_.publish(now);
    block.packets_held.set(packets_ - next_packet_);
  }

  // Ordered by cache lines: first what every poll uses, then the large buffers.
  std::vector<QueueBinding<Queue>> queues_;
  Intake intake_;
  std::span<telemetry::PacketCounters> counters_;
  const control::FlowBoard& flow_;
  const runtime::Published<route::Rules>* rules_;
  RxLimits limits_;
  std::size_t burst_;
  std::size_t next_queue_ = 0;
  const QueueBinding<Queue>* binding_ = nullptr;  ///< of the current burst
  std::size_t packets_ = 0;                       ///< of it
  std::size_t next_packet_ = 0;                   ///< index of the next one to begin
  std::uint64_t packet_bytes_ = 0;                ///< not counted yet, like the next two
  std::uint64_t datagrams_read_ = 0;
  std::uint64_t plain_read_ = 0;
  std::uint64_t last_duties_ = 0;  ///< TSC of the last poll while paused
  PacketHead head_;
  std::array<rte_mbuf*, kMaxBurst> burst_packets_{};
  std::array<intake::PlainDatagram, kMaxBurst> datagrams_{};  ///< of the packet at the same place
};

}  // namespace esc::ingest

#include "ingest/rx_stage_drain.hpp"
