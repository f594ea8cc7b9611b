// SPDX-License-Identifier: BSD-3-Clause
// The part of RxStage that runs once its lcore has stopped: what becomes of what it still holds.
#pragma once

#include "ingest/rx_stage.hpp"

namespace esc::ingest {

template <class Queue, class Sink, intake::Way kWay>
void RxStage<Queue, Sink, kWay>::discard() noexcept {
  intake_.discard(0);
  if (binding_ == nullptr) return;
  for (; next_packet_ < packets_; ++next_packet_) {
    event::free_packet(burst_packets_[next_packet_]);
    counters().packet_dropped.add(PacketDrop::kDrainedAtDeadline);
  }
  publish(0);
}

template <class Queue, class Sink, intake::Way kWay>
template <class GiveUp>
void RxStage<Queue, Sink, kWay>::give_up_all(GiveUp&& give_up) noexcept {
  intake_.begin_giving_up();
  intake_.give_up_staged(give_up);
  if (binding_ == nullptr) return;
  while (anything_left()) {
    (void)read_packets(0);
    publish(0);
    // Nothing was staged, and the datagram is still open: its frame waits for a buffer.
    if (intake_.give_up_staged(give_up) == 0 && intake_.reading()) {
      intake_.give_up_waiting_frame();
    }
  }
  publish(0);
}

}  // namespace esc::ingest
