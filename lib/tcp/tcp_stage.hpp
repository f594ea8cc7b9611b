// SPDX-License-Identifier: BSD-3-Clause
// The TCP stage: accepts connections, and gives the bytes on them to the intake.
#pragma once

#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "control/flow.hpp"
#include "control/pressure_table.hpp"
#include "intake/intake.hpp"
#include "intake/stream_buffer.hpp"
#include "route/rules.hpp"
#include "runtime/published.hpp"
#include "tcp/connection_table.hpp"
#include "tcp/epoll_sockets.hpp"
#include "telemetry/connection_counters.hpp"

namespace esc::tcp {

struct TcpLimits {
  std::size_t connections = 1024;
  /// From this ring depth on nothing is read.
  std::size_t soft_mark_cells = 512;
  /// TSC cycles from a question to the kernel that led to no bytes to the next one.
  std::uint64_t wait_cycles = 0;
  std::uint64_t accept_pause_cycles = 0;  ///< after a connection could not be accepted
};

/// Sockets: as EpollSockets. Sink: as in intake::Lane. Thread: one lcore.
///
/// Nothing that was read is shed or lost for want of room: while a pipeline should get less, a ring
/// is full, no buffer is free or the appliance is paused, the stage does not read, the kernel's
/// buffers fill, and the senders' windows close. One poll reads once from one connection, those
/// that have something in turn.
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
    telemetry::ConnectionCounters* counters = nullptr;
    const control::FlowBoard* flow = nullptr;
    const runtime::Published<route::Rules>* rules = nullptr;  ///< null: no route is looked for
    TcpLimits limits;
  };
  /// What `parts` refers to outlives the stage.
  explicit TcpStage(Parts parts)
      : sockets_(std::move(parts.sockets)),
        listeners_(std::move(parts.listeners)),
        intake_(std::move(parts.intake)),
        source_(*parts.source),
        pressure_(std::move(parts.pressure)),
        counters_(*parts.counters),
        flow_(*parts.flow),
        rules_(parts.rules),
        limits_(parts.limits),
        table_(parts.limits.connections) {
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (!sockets_.watch(listeners_[i], kListenerBit | i)) ++unwatched_;
    }
  }

  /// Returns reads plus events moved on.
  std::size_t poll(std::uint64_t now) noexcept {
    counters_.polls.add();
    if (rules_ != nullptr) intake_.use(rules_->get()->routes);
    intake_.read_pressure(false);  // what was read is not shed
    const std::size_t moved = intake_.push();
    if (intake_.holding()) {
      counters_.ring_full.add();
      return moved;
    }
    if (!intake_.reading() && !begin_read(now)) return moved;
    if (intake_.reading()) (void)intake_.read(now);
    intake_.publish(now);
    if (!intake_.reading()) end_read(now);
    return moved + 1 + intake_.push();
  }

  void housekeep(std::uint64_t /*now*/) noexcept {}

  /// A ring has no room, or no buffer is free.
  [[nodiscard]] bool blocked() const noexcept {
    return flow_.read() != control::Flow::kPaused && (intake_.holding() || dry_);
  }

  /// Counts and gives back everything held, as drained at deadline, and closes all connections; a
  /// frame of which only a part came is refused. Only once the lcore has stopped.
  void discard() noexcept {
    intake_.discard(0);
    close_all();
  }
  /// Reads everything held, and calls give_up(std::size_t lane, const event::Event&) on each event;
  /// the caller counts what becomes of it. Then as discard().
  template <class GiveUp>
  void give_up_all(GiveUp&& give_up) noexcept {
    intake_.begin_giving_up();
    intake_.give_up_staged(give_up);
    while (intake_.reading()) {
      (void)intake_.read(0);
      intake_.publish(0);
      intake_.give_up_staged(give_up);
    }
    close_all();
  }

  [[nodiscard]] intake::Lane<Sink>& lane(std::size_t index) noexcept {
    return intake_.lanes()[index];
  }
  /// Listeners that the kernel does not watch, for want of memory: before the lcore runs.
  [[nodiscard]] std::size_t unwatched() const noexcept { return unwatched_; }

 private:
  static constexpr SocketKey kListenerBit = SocketKey{1} << 63U;
  static constexpr std::uint32_t kNobody = UINT32_MAX;
  /// A read is worth its system call if so much may come.
  static constexpr std::uint32_t kLeastRoomBytes = 16'384;
  /// Sockets that one poll turns to, if the first ones give no bytes.
  static constexpr unsigned kTurns = 8;
  static constexpr unsigned kAcceptsInATurn = 4;

  [[nodiscard]] static SocketKey key_of(std::uint32_t slot, std::uint32_t generation) noexcept {
    return SocketKey{generation} << 32U | slot;
  }

  /// Whether every pipeline can take more. From `critical` on ports are polled again, to shed what
  /// comes; a sender that can wait is not read then either.
  [[nodiscard]] bool may_read() const noexcept {
    if (flow_.read() != control::Flow::kOpen) return false;
    for (const control::PressureBoard* board : pressure_) {
      if (board == nullptr) continue;
      const control::PressureWord word = board->read();
      if (word.has(control::PressureWord::kDeferLossless) ||
          word.level() >= PressureLevel::kCritical) {
        return false;
      }
    }
    return std::ranges::all_of(intake_.lanes(), [this](const auto& lane) {
      return lane.depth() <= limits_.soft_mark_cells;
    });
  }

  /// Receives from the next connection that has something. True: the intake has its bytes.
  [[nodiscard]] bool begin_read(std::uint64_t now) noexcept {
    dry_ = false;
    if (!may_read()) {
      counters_.put_off.add();
      return false;
    }
    if (ready_.empty() && !ask(now)) return false;
    for (unsigned turn = 0; turn < kTurns && !ready_.empty(); ++turn) {
      const SocketKey key = ready_.front();
      ready_ = ready_.subspan(1);
      if ((key & kListenerBit) != 0) {
        accept_some(listeners_[key & ~kListenerBit], now);
      } else if (read_from(key, now)) {
        return true;
      }
    }
    // Sockets that cannot be served now (no buffer or no descriptor is free) would be named again
    // at once.
    if (ready_.empty()) last_empty_ = now;
    return false;
  }

  /// Asks the kernel, but after a question that led to no bytes not again at once.
  [[nodiscard]] bool ask(std::uint64_t now) noexcept {
    if (now - last_empty_ < limits_.wait_cycles) return false;
    counters_.waits.add();
    ready_ = sockets_.ready();
    if (ready_.empty()) last_empty_ = now;
    return !ready_.empty();
  }

  void accept_some(int listener, std::uint64_t now) noexcept {
    if (now - last_failed_accept_ < limits_.accept_pause_cycles) return;
    for (unsigned i = 0; i < kAcceptsInATurn; ++i) {
      Accepted accepted = Sockets::accept(listener);
      if (accepted.error != 0) {  // no descriptor is left, say: others are served meanwhile
        counters_.accepts_failed.add();
        last_failed_accept_ = now;
      }
      if (!accepted.socket.valid()) return;
      if (table_.full()) {
        counters_.turned_away.add();
        continue;
      }
      const int fd = accepted.socket.get();
      const std::uint32_t slot = table_.add(std::move(accepted.socket), accepted.peer);
      counters_.accepted.add();
      if (!sockets_.watch(fd, key_of(slot, table_.generation(slot)))) {
        counters_.failed.add();
        table_.close(slot);
      }
      counters_.open.set(table_.size());
    }
  }

  /// True: the intake has bytes of it.
  [[nodiscard]] bool read_from(SocketKey key, std::uint64_t now) noexcept {
    const auto slot = static_cast<std::uint32_t>(key);
    // A connection that was closed since, perhaps with another one in its place.
    if (!table_.is_open(slot) || key_of(slot, table_.generation(slot)) != key) return false;
    Connection& connection = table_[slot];
    const auto room = connection.buffer.make_room(source_.pool, kLeastRoomBytes);
    counters_.bytes_copied.add(room.copied_bytes);
    if (!room.made) {
      counters_.pool_dry.add();
      dry_ = true;
      return false;
    }
    const Received received = Sockets::receive(connection.socket.get(), connection.buffer.room());
    connection.buffer.filled(received.bytes);
    switch (received.kind) {
      case Received::Kind::kBytes:
        counters_.reads.add();
        counters_.bytes.add(received.bytes);
        begin_stream(slot, now);
        return true;
      case Received::Kind::kNothing:
        give_back_unused(connection);
        return false;
      case Received::Kind::kEnd:
        close(slot, counters_.closed_by_peer, now);
        return false;
      case Received::Kind::kFailed:
        close(slot, counters_.failed, now);
        return false;
    }
    return false;
  }

  void begin_stream(std::uint32_t slot, std::uint64_t now) noexcept {
    current_ = slot;
    use_origin(slot, now);
    table_[slot].buffer.hand_over(intake_);
  }
  void use_origin(std::uint32_t slot, std::uint64_t now) noexcept {
    const auto lanes = static_cast<std::uint32_t>(intake_.lanes().size());
    intake_.from(
        {&source_, event::Source::of_connection(slot, table_.generation(slot)), slot % lanes}, now);
  }

  /// The intake has read all that can be read.
  void end_read(std::uint64_t now) noexcept {
    if (current_ == kNobody) return;
    const std::uint32_t slot = std::exchange(current_, kNobody);
    Connection& connection = table_[slot];
    connection.buffer.took(intake_.stream_rest());
    if (intake_.stream_rest().broken) {
      close(slot, counters_.broken, now);
    } else {
      give_back_unused(connection);
    }
  }

  /// A connection without a begun frame keeps no mbuf: idle senders take no memory, and the mbuf
  /// that comes next was used last.
  static void give_back_unused(Connection& connection) noexcept {
    if (connection.buffer.unread() == 0) connection.buffer.release();
  }

  void close(std::uint32_t slot, telemetry::Counter& why, std::uint64_t now) noexcept {
    if (table_[slot].buffer.unread() != 0) {
      use_origin(slot, now);
      intake_.lose_partial_frame();
      intake_.publish(now);
    }
    why.add();
    table_.close(slot);
    counters_.open.set(table_.size());
  }

  void close_all() noexcept {
    if (current_ != kNobody) {
      table_[current_].buffer.took(intake_.stream_rest());
      current_ = kNobody;
    }
    for (std::uint32_t slot = 0; slot < table_.places(); ++slot) {
      if (table_.is_open(slot)) close(slot, counters_.closed_at_drain, 0);
    }
  }

  Sockets sockets_;
  std::vector<int> listeners_;
  Intake intake_;
  const intake::FrameSource& source_;
  std::vector<const control::PressureBoard*> pressure_;
  telemetry::ConnectionCounters& counters_;
  const control::FlowBoard& flow_;
  const runtime::Published<route::Rules>* rules_;
  TcpLimits limits_;
  ConnectionTable table_;
  std::span<const SocketKey> ready_;  ///< of the last question, those whose turn is to come
  std::uint32_t current_ = kNobody;   ///< whose bytes the intake reads
  std::uint64_t last_empty_ = 0;      ///< TSC of the last question that led to no bytes
  std::uint64_t last_failed_accept_ = 0;
  std::size_t unwatched_ = 0;
  bool dry_ = false;
};

}  // namespace esc::tcp
