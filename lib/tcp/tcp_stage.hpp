// SPDX-License-Identifier: BSD-3-Clause
// The TCP stage: accepts connections, and gives the bytes on them to the intake.
#pragma once

#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "control/flow.hpp"
#include "control/held_board.hpp"
#include "control/pressure_table.hpp"
#include "intake/intake.hpp"
#include "intake/stream_buffer.hpp"
#include "route/rules.hpp"
#include "runtime/published.hpp"
#include "tcp/acceptor.hpp"
#include "tcp/connection_board.hpp"
#include "tcp/connection_table.hpp"
#include "tcp/credits.hpp"
#include "tcp/epoll_sockets.hpp"
#include "tcp/receive_buffers.hpp"
#include "tcp/slot_queue.hpp"
#include "telemetry/connection_counters.hpp"

namespace esc::tcp {

struct TcpLimits {
  std::size_t connections = 1024;
  std::uint32_t first_slot = 0;  ///< in event::Source, of this role's connections
  std::size_t buffers = 0;       ///< of the pool, for this role
  /// Events of one connection in one pipeline's ring and dispatcher: a burst of the intake or more.
  std::uint32_t credit_events = 256;
  /// From this ring depth on nothing is read.
  std::size_t soft_mark_cells = 512;
  /// TSC cycles from a question to the kernel that led to no bytes to the next one.
  std::uint64_t wait_cycles = 0;
  std::uint64_t accept_pause_cycles = 0;  ///< after a connection could not be accepted
};

/// Sockets: as EpollSockets. Sink: as in intake::Lane, with end() and taken() as of RingSink.
/// Thread: one lcore.
///
/// Nothing that was read is shed or lost for want of room: while a pipeline should get less, a ring
/// is full, no buffer is free or the appliance is paused, the stage does not read, the kernel's
/// buffers fill, and the senders' windows close. A connection of which too many events are on their
/// way (Credits), or whose buffers are all in use (ReceiveBuffers), pauses alone. One poll reads
/// once from one connection, or a burst of events from what was read; connections take turns.
template <class Sockets, class Sink, intake::Way kWay = intake::Way::kPlainFirst>
class TcpStage {
 public:
  using Intake = intake::Intake<Sink, kWay>;

  struct Parts {
    Sockets sockets;
    std::vector<int> listeners;  ///< listening sockets, watched from here on; not owned
    Intake intake;
    const intake::FrameSource* source = nullptr;  ///< its pool's mbufs take the longest frame
    /// By pipeline; null: it never asks for less.
    std::vector<const control::PressureBoard*> pressure;
    /// By pipeline; null: no event of a connection waits there.
    std::vector<const control::HeldBoard*> held;
    telemetry::ConnectionCounters* counters = nullptr;
    ConnectionBoard* board = nullptr;  ///< with as many slots as there may be connections
    const control::FlowBoard* flow = nullptr;
    const runtime::Published<route::Rules>* rules = nullptr;  ///< null: no route is looked for
    TcpLimits limits;
  };
  /// What `parts` refers to outlives the stage.
  explicit TcpStage(Parts parts)
      : sockets_(std::move(parts.sockets)),
        intake_(std::move(parts.intake)),
        source_(*parts.source),
        pressure_(std::move(parts.pressure)),
        counters_(*parts.counters),
        board_(*parts.board),
        flow_(*parts.flow),
        rules_(parts.rules),
        limits_(parts.limits),
        buffers_(source_.pool, {limits_.connections, limits_.buffers}),
        credits_(std::move(parts.held),
                 {limits_.credit_events, limits_.first_slot, limits_.connections}),
        staged_(intake_.lanes().size()),
        queues_(limits_.connections),
        table_(limits_.connections),
        acceptor_(sockets_, std::move(parts.listeners), table_, board_, counters_,
                  limits_.accept_pause_cycles),
        unwatched_(acceptor_.watch_all()) {}
  TcpStage(const TcpStage&) = delete;
  TcpStage& operator=(const TcpStage&) = delete;

  /// Returns reads plus events moved on.
  std::size_t poll(std::uint64_t now) noexcept {
    counters_.polls.add();
    if (rules_ != nullptr) intake_.use(rules_->get()->routes);
    intake_.read_pressure(false);  // what was read is not shed
    const std::size_t moved = push();
    if (intake_.holding()) {
      counters_.ring_full.add();
      receiving_since_ = now;
      return moved;
    }
    const bool has_bytes = intake_.reading() || begin_turn(now);
    if (has_bytes) go_on(now);
    counters_.paused.set(queues_.size(Queue::kPaused));
    return has_bytes ? moved + 1 + push() : moved;
  }

  /// Looks after some connections that have no turn.
  void housekeep(std::uint64_t now) noexcept {
    const std::size_t looks = kLeastLooks + table_.places() / kSweep;
    for (std::size_t i = 0; i < looks; ++i) {
      if (++looked_at_ >= table_.places()) looked_at_ = 0;
      if (!table_.is_open(looked_at_) || queues_.waits(looked_at_) || looked_at_ == current_) {
        continue;
      }
      intake::StreamBuffer& buffer = table_[looked_at_].buffer;
      if (buffer.has_mbuf() && buffer.unread() == 0 && buffer.is_alone()) {
        buffer.release(of(looked_at_));
      }
      // In its turn it is read once more, and closed if nothing has come meanwhile.
      if (late(table_[looked_at_], now)) queues_.push(Queue::kTurn, looked_at_);
    }
  }

  /// A ring has no room, no buffer is free, or connections wait for what they sent to move on.
  [[nodiscard]] bool blocked() const noexcept {
    return flow_.read() != control::Flow::kPaused &&
           (intake_.holding() || dry_ || !queues_.empty(Queue::kPaused));
  }

  /// Counts and gives back everything held, as drained at deadline, and closes all connections; a
  /// frame of which only a part came is refused. Only once the lcore has stopped.
  void discard() noexcept;
  /// Reads everything held, and calls give_up(std::size_t lane, const event::Event&) on each event;
  /// the caller counts what becomes of it. Then as discard().
  template <class GiveUp>
  void give_up_all(GiveUp&& give_up) noexcept;

  [[nodiscard]] intake::Lane<Sink>& lane(std::size_t index) noexcept {
    return intake_.lanes()[index];
  }
  /// Listeners that the kernel does not watch, for want of memory: before the lcore runs.
  [[nodiscard]] std::size_t unwatched() const noexcept { return unwatched_; }

 private:
  static constexpr std::uint32_t kNobody = UINT32_MAX;
  /// A read is worth its system call if so much may come; and a connection that sends less at a
  /// time keeps its buffer, so that what comes next shares it.
  static constexpr std::uint32_t kLeastRoomBytes = 16'384;
  /// Connections whose turn one poll begins, if the first ones give nothing.
  static constexpr unsigned kTurns = 8;
  /// Paused connections that one poll looks at.
  static constexpr unsigned kWakes = 4;
  static constexpr unsigned kReclaims = 4;
  /// Of connections, in a housekeep(): so many, and so that all have been looked at after kSweep.
  static constexpr std::size_t kLeastLooks = 8;
  static constexpr std::size_t kSweep = 16;
  /// While connections have their turns, the kernel is asked for others after so many waits.
  static constexpr std::uint64_t kBusyWaits = 10;

  enum class Queue : std::uint8_t {
    kTurn,    ///< they may have something to read
    kPaused,  ///< they do, and wait for credit or a buffer
    kCount
  };

  /// The buffers, for one connection.
  struct OfSlot {
    ReceiveBuffers& buffers;
    std::uint32_t slot;
    [[nodiscard]] rte_mbuf* take() noexcept { return buffers.take(slot); }
    void give(rte_mbuf* mbuf) noexcept { buffers.give(slot, mbuf); }
  };
  [[nodiscard]] OfSlot of(std::uint32_t slot) noexcept { return {buffers_, slot}; }

  /// Hands over what the rings take, and notes for how many events of the current connection that
  /// were staged before.
  std::size_t push() noexcept {
    const std::size_t moved = intake_.push();
    if (pushing_ == kNobody || intake_.holding()) return moved;
    for (std::size_t i = 0; i < staged_.size(); ++i) {
      if (staged_[i] == 0) continue;
      credits_.note(pushing_, i, std::exchange(staged_[i], 0), lane(i).sink().end());
    }
    pushing_ = kNobody;
    return moved;
  }

  /// Whether every pipeline can take more. From `critical` on ports are polled again, to shed what
  /// comes; a sender that can wait is not read then either. At a drain only what was received is
  /// read.
  [[nodiscard]] bool may_read() const noexcept {
    if (flow_.read() == control::Flow::kPaused) return false;
    if (flow_.read() == control::Flow::kOpen &&
        std::ranges::any_of(pressure_, &TcpStage::asks_for_less)) {
      return false;
    }
    return std::ranges::all_of(intake_.lanes(), [this](const auto& lane) {
      return lane.depth() <= limits_.soft_mark_cells;
    });
  }
  [[nodiscard]] static bool asks_for_less(const control::PressureBoard* board) noexcept {
    if (board == nullptr) return false;
    const control::PressureWord word = board->read();
    return word.has(control::PressureWord::kDeferLossless) ||
           word.level() >= PressureLevel::kCritical;
  }

  /// A burst of events of the current connection, or its pause. If only the beginning of a frame
  /// came, the intake is done with it already.
  void go_on(std::uint64_t now) noexcept {
    const bool pauses = intake_.reading() && !has_credit(current_);
    if (pauses) {
      intake_.put_off();
      table_[current_].has_frames = true;
      // Before it shows that no stream is open any more, so that a drain finds one or the other.
      counters_.unread.set(++unread_);
    } else if (intake_.reading()) {
      (void)intake_.read(now);
    }
    show_refusals(current_);
    intake_.publish(now);
    if (!pauses) counters_.unread.set(unread_);
    std::size_t events = 0;
    for (std::size_t i = 0; i < staged_.size(); ++i) events += staged_[i] = lane(i).staged();
    board_.took(current_, events);
    pushing_ = current_;
    if (!intake_.reading()) end_read(now);
  }

  void show_refusals(std::uint32_t slot) noexcept {
    intake_.refusals().for_each([this, slot](FrameDrop reason, std::uint64_t frames) {
      board_.refused(slot, reason, frames);
    });
  }

  [[nodiscard]] bool has_credit(std::uint32_t slot) noexcept {
    for (std::size_t i = 0; i < staged_.size(); ++i) {
      if (!credits_.has(slot, i, Intake::kMaxBurst, lane(i).sink().taken())) return false;
    }
    return true;
  }

  [[nodiscard]] const route::ConnectionRules& connection_rules() const noexcept {
    return rules_ != nullptr ? rules_->get()->connections : no_rules_;
  }

  /// Begins the turn of the next connection that has something. True: the intake has its bytes.
  [[nodiscard]] bool begin_turn(std::uint64_t now) noexcept {
    dry_ = false;
    buffers_.reclaim(kReclaims);
    wake_some();
    if (!may_read()) {
      counters_.put_off.add();
      receiving_since_ = now;
      return false;
    }
    if (flow_.read() == control::Flow::kOpen) look_for_more(now);
    for (unsigned turn = 0; turn < kTurns && !queues_.empty(Queue::kTurn); ++turn) {
      if (serve(queues_.pop(Queue::kTurn), now)) return true;
    }
    return false;
  }

  /// Gives connections that paused their turn, if what they waited for is there.
  void wake_some() noexcept {
    const std::size_t paused = std::min<std::size_t>(queues_.size(Queue::kPaused), kWakes);
    for (std::size_t i = 0; i < paused; ++i) {
      const std::uint32_t slot = queues_.pop(Queue::kPaused);
      queues_.push(has_credit(slot) ? Queue::kTurn : Queue::kPaused, slot);
    }
  }

  /// Asks the kernel, but not again at once, and accepts who waits.
  void look_for_more(std::uint64_t now) noexcept {
    const std::uint64_t since = now - last_asked_;
    const bool busy = !queues_.empty(Queue::kTurn);
    if (since >= (busy ? kBusyWaits * limits_.wait_cycles : limits_.wait_cycles)) {
      counters_.waits.add();
      const auto news = sockets_.news();
      for (const Ready& ready : news) note(ready);
      // Whatever is new is worth the next question at once.
      if (news.empty() || busy) last_asked_ = now;
    }
    acceptor_.poll(connection_rules(), now);
  }
  void note(const Ready& ready) noexcept {
    if (acceptor_.note(ready.key)) return;
    const auto slot = static_cast<std::uint32_t>(ready.key);
    // A connection that was closed since, perhaps with another one in its place.
    if (!table_.is_open(slot) || acceptor_.key_of(slot, table_.generation(slot)) != ready.key) {
      return;
    }
    table_[slot].readable = true;
    table_[slot].more |= ready.more;
    if (!queues_.waits(slot)) queues_.push(Queue::kTurn, slot);
  }

  /// Until its credit or a buffer is there.
  void pause(std::uint32_t slot, std::uint64_t now) noexcept {
    board_.pause(slot, now);
    table_[slot].begun_tsc = 0;  // a frame that has begun gets its time anew
    queues_.push(Queue::kPaused, slot);
  }

  /// True: the intake has bytes of it.
  [[nodiscard]] bool serve(std::uint32_t slot, std::uint64_t now) noexcept {
    Connection& connection = table_[slot];
    if (!has_credit(slot)) {
      pause(slot, now);
      return false;
    }
    if (connection.has_frames) {
      begin_stream(slot, now);
      return true;
    }
    // At a drain nothing more is received.
    return flow_.read() == control::Flow::kOpen && receive(slot, now);
  }

  /// The same with bytes from the kernel.
  [[nodiscard]] bool receive(std::uint32_t slot, std::uint64_t now) noexcept {
    Connection& connection = table_[slot];
    const auto made = connection.buffer.make_room(of(slot), kLeastRoomBytes);
    counters_.bytes_copied.add(made.copied_bytes);
    if (!made.made) {
      counters_.pool_dry.add();
      dry_ = true;
      pause(slot, now);
      return false;
    }
    const std::span<std::uint8_t> room = connection.buffer.room();
    const Received received = Sockets::receive(connection.socket.get(), room);
    connection.buffer.filled(received.bytes);
    switch (received.kind) {
      case Received::Kind::kBytes:
        counters_.reads.add();
        counters_.bytes.add(received.bytes);
        connection.heard_tsc = now;
        board_.heard(slot, received.bytes, now);
        connection.readable = received.bytes == room.size() || connection.more;
        connection.sends_much = received.bytes >= kLeastRoomBytes;
        begin_stream(slot, now);
        return true;
      case Received::Kind::kNothing:
        connection.readable = false;
        if (const auto why = late(connection, now)) close(slot, *why, now);
        return false;
      case Received::Kind::kEnd:
        close(slot, StreamEnd::kPeer, now);
        return false;
      case Received::Kind::kFailed:
        close(slot, StreamEnd::kFailed, now);
        return false;
    }
    return false;
  }

  void begin_stream(std::uint32_t slot, std::uint64_t now) noexcept {
    current_ = slot;
    board_.go_on(slot, now);
    if (std::exchange(table_[slot].has_frames, false)) --unread_;
    use_origin(slot, now);
    table_[slot].buffer.hand_over(intake_);
  }
  void use_origin(std::uint32_t slot, std::uint64_t now) noexcept {
    const auto lanes = static_cast<std::uint32_t>(intake_.lanes().size());
    const auto source =
        event::Source::of_connection(limits_.first_slot + slot, table_.generation(slot));
    intake_.from({&source_, source, slot % lanes}, now);
  }

  /// The intake has read what it can or may read now of the current connection.
  void end_read(std::uint64_t now) noexcept {
    if (current_ == kNobody) return;
    const std::uint32_t slot = std::exchange(current_, kNobody);
    Connection& connection = table_[slot];
    const bool any_read = connection.buffer.took(intake_.stream_rest());
    board_.numbered(slot, connection.buffer.session());
    if (intake_.stream_rest().broken) {
      close(slot, StreamEnd::kBroken, now);
      return;
    }
    if (connection.has_frames || connection.buffer.unread() == 0) {
      connection.begun_tsc = 0;
    } else if (any_read || connection.begun_tsc == 0) {
      connection.begun_tsc = now;
    }
    if (late(connection, now) == StreamEnd::kSlow) {
      close(slot, StreamEnd::kSlow, now);
      return;
    }
    // A connection that sends much gives its buffer on: the next one gets what is in the cache.
    if (connection.buffer.unread() == 0 && connection.sends_much) {
      connection.buffer.release(of(slot));
    }
    if (connection.has_frames) {
      pause(slot, now);
    } else if (connection.readable) {
      queues_.push(Queue::kTurn, slot);
    }
  }

  /// Why a connection of which nothing more has come is to be closed; nullopt: it is not.
  [[nodiscard]] std::optional<StreamEnd> late(const Connection& connection,
                                              std::uint64_t now) const noexcept {
    const route::ConnectionRules& rules = connection_rules();
    const auto passed = [&](std::uint64_t since, std::uint64_t most) {
      const std::uint64_t from = std::max(since, receiving_since_);
      return most != 0 && now > from && now - from >= most;
    };
    if (connection.begun_tsc != 0 && passed(connection.begun_tsc, rules.frame_cycles)) {
      return StreamEnd::kSlow;
    }
    if (passed(connection.heard_tsc, rules.idle_cycles)) return StreamEnd::kIdle;
    return std::nullopt;
  }

  /// The connection is in no queue, and no other one is being read.
  void close(std::uint32_t slot, StreamEnd why, std::uint64_t now) noexcept {
    intake::StreamBuffer& buffer = table_[slot].buffer;
    if (buffer.unread() != 0) {
      use_origin(slot, now);
      intake_.lose_partial_frame();
      show_refusals(slot);
      intake_.publish(now);
    }
    buffer.release(of(slot));
    counters_.closed.add(why);
    board_.close(slot);
    table_.close(slot);
    counters_.open.set(table_.size());
  }

  [[nodiscard]] bool begin_rest() noexcept;
  void close_all() noexcept;

  static constexpr auto kQueues = static_cast<std::size_t>(Queue::kCount);

  Sockets sockets_;
  Intake intake_;
  const intake::FrameSource& source_;
  std::vector<const control::PressureBoard*> pressure_;
  telemetry::ConnectionCounters& counters_;
  ConnectionBoard& board_;
  const control::FlowBoard& flow_;
  const runtime::Published<route::Rules>* rules_;
  route::ConnectionRules no_rules_;
  TcpLimits limits_;
  ReceiveBuffers buffers_;
  Credits credits_;
  std::vector<std::size_t> staged_;  ///< by lane: events of `pushing_` that are not in the ring yet
  std::uint32_t pushing_ = kNobody;
  SlotQueues<Queue, kQueues> queues_;
  ConnectionTable table_;
  Acceptor<Sockets> acceptor_;
  std::size_t unwatched_;
  std::uint32_t current_ = kNobody;    ///< whose bytes the intake reads
  std::size_t unread_ = 0;             ///< connections whose buffer has whole frames
  std::uint32_t looked_at_ = 0;        ///< by housekeep()
  std::uint64_t receiving_since_ = 0;  ///< TSC of the last poll that read nothing on purpose
  std::uint64_t last_asked_ = 0;       ///< TSC of the last question to the kernel
  bool dry_ = false;
};

}  // namespace esc::tcp

#include "tcp/tcp_stage_drain.hpp"
