// SPDX-License-Identifier: BSD-3-Clause
// The part of TcpStage that runs once its lcore has stopped: what becomes of what it still holds.
#pragma once

#include "tcp/tcp_stage.hpp"

namespace esc::tcp {

template <class Sockets, class Sink, intake::Way kWay>
void TcpStage<Sockets, Sink, kWay>::discard() noexcept {
  intake_.discard(0);
  end_read(0);
  while (begin_rest()) {
    intake_.discard(0);
    end_read(0);
  }
  close_all();
}

template <class Sockets, class Sink, intake::Way kWay>
template <class GiveUp>
void TcpStage<Sockets, Sink, kWay>::give_up_all(GiveUp&& give_up) noexcept {
  intake_.begin_giving_up();
  intake_.give_up_staged(give_up);
  while (begin_rest()) {
    while (intake_.reading()) {
      (void)intake_.read(0);
      intake_.publish(0);
      intake_.give_up_staged(give_up);
    }
    end_read(0);
  }
  close_all();
}

/// Goes on with the current connection, or with one that has whole frames. False: there is none.
template <class Sockets, class Sink, intake::Way kWay>
bool TcpStage<Sockets, Sink, kWay>::begin_rest() noexcept {
  if (current_ != kNobody) return true;
  for (std::uint32_t slot = 0; slot < table_.places(); ++slot) {
    if (!table_.is_open(slot) || !table_[slot].has_frames) continue;
    begin_stream(slot, 0);
    return true;
  }
  return false;
}

template <class Sockets, class Sink, intake::Way kWay>
void TcpStage<Sockets, Sink, kWay>::close_all() noexcept {
  queues_ = SlotQueues<Queue, kQueues>(table_.places());
  for (std::uint32_t slot = 0; slot < table_.places(); ++slot) {
    if (table_.is_open(slot)) close(slot, StreamEnd::kDrained, 0);
  }
  counters_.paused.set(0);
  counters_.unread.set(0);
}

}  // namespace esc::tcp
