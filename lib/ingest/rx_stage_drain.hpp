// The part of RxStage that runs once its lcore has stopped: what becomes of what it still holds.
#pragma once

#include "ingest/rx_stage.hpp"

namespace esc::ingest {

template <class Queue, class Sink>
void RxStage<Queue, Sink>::discard() noexcept {
  for (Lane<Sink>& lane : lanes_) {
    lane.publish_receipts();
    const std::size_t count =
        lane.discard([](const event::Event& event) { event::free_segment(event.mbuf); });
    lane.counters().frame_dropped.add(FrameDrop::kDrainedAtDeadline, count);
  }
  if (cursor_.active()) discard_frames();
  for (; next_packet_ < packets_; ++next_packet_) {
    event::free_packet(burst_packets_[next_packet_]);
    counters().packet_dropped.add(PacketDrop::kDrainedAtDeadline);
  }
  publish();
}

template <class Queue, class Sink>
template <class GiveUp>
void RxStage<Queue, Sink>::give_up_all(GiveUp&& give_up) noexcept {
  for (Lane<Sink>& lane : lanes_) {
    lane.read_pressure(false);
    lane.publish_receipts();
  }
  waiting_since_ = 0;  // by the clock of another poll
  give_up_staged(give_up);
  while (cursor_.active() || next_packet_ < packets_) {
    (void)read_packets(burst_tsc_);
    publish();
    // Nothing was staged, and there is more: a frame waits for a buffer.
    if (give_up_staged(give_up) == 0 && cursor_.active()) give_up_frame_without_buffer();
  }
  publish();
}

template <class Queue, class Sink>
template <class GiveUp>
std::size_t RxStage<Queue, Sink>::give_up_staged(GiveUp&& give_up) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    count += lanes_[i].discard([&](const event::Event& event) { give_up(i, event); });
  }
  return count;
}

template <class Queue, class Sink>
void RxStage<Queue, Sink>::give_up_frame_without_buffer() noexcept {
  lose_waiting_frame(FrameDrop::kDrainedAtDeadline);
  if (cursor_.at_end()) {
    [[maybe_unused]] const bool alone = cursor_.finish();
  }
}

template <class Queue, class Sink>
void RxStage<Queue, Sink>::discard_frames() noexcept {
  CursorFrame frame;
  while (!cursor_.at_end()) {
    ++tally_.frames;
    if (!cursor_.next(*binding_->port, frame)) {
      cursor_.skip_frame();
      count_refusal(FrameDrop::kDrainedAtDeadline);
    } else if (frame.view.kind == wire::FrameKind::kControl) {
      ++tally_.control;
    } else if (frame.view.kind == wire::FrameKind::kRefused) {
      count_refusal(frame.view.reason);
    } else {
      if (frame.copied) event::free_segment(frame.holder);
      count_refusal(FrameDrop::kDrainedAtDeadline);
    }
  }
  [[maybe_unused]] const bool alone = cursor_.finish();
}

}  // namespace esc::ingest
