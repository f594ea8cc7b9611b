// SPDX-License-Identifier: BSD-3-Clause
// The part of Intake that runs once its lcore has stopped: what becomes of what it still holds.
#pragma once

#include "intake/intake.hpp"

namespace esc::intake {

template <class Sink, Way kWay>
void Intake<Sink, kWay>::discard(std::uint64_t now) noexcept {
  for (Lane<Sink>& lane : lanes_) lane.publish_receipts();
  drop_staged(FrameDrop::kDrainedAtDeadline);
  if (cursor_.active()) discard_frames();
  publish(now);
}

template <class Sink, Way kWay>
void Intake<Sink, kWay>::begin_giving_up() noexcept {
  read_pressure(false);
  use(route::RouteSet::empty());  // those of the last poll may be gone
  for (Lane<Sink>& lane : lanes_) lane.publish_receipts();
  waiting_since_ = 0;  // it was taken from the clock of an earlier poll
}

template <class Sink, Way kWay>
template <class GiveUp>
std::size_t Intake<Sink, kWay>::give_up_staged(GiveUp&& give_up) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    count += lanes_[i].discard([&](const event::Event& event) { give_up(i, event); });
  }
  full_ = false;
  return count;
}

template <class Sink, Way kWay>
void Intake<Sink, kWay>::give_up_waiting_frame() noexcept {
  lose_waiting_frame(FrameDrop::kDrainedAtDeadline);
  if (cursor_.at_end()) {
    [[maybe_unused]] const bool alone = cursor_.finish();
  }
}

template <class Sink, Way kWay>
void Intake<Sink, kWay>::discard_frames() noexcept {
  CursorFrame frame;
  while (!ended()) {
    ++frames_.other;
    if (!cursor_.next(*origin_.from, frame)) {
      cursor_.skip_frame();
      refusals_.add(FrameDrop::kDrainedAtDeadline);
    } else if (frame.view.kind == wire::FrameKind::kControl) {
      ++frames_.control;
    } else if (frame.view.kind == wire::FrameKind::kRefused) {
      refusals_.add(frame.view.reason);
    } else {
      if (frame.copied) event::free_segment(frame.holder);
      refusals_.add(FrameDrop::kDrainedAtDeadline);
    }
  }
  keep_rest();
  [[maybe_unused]] const bool alone = cursor_.finish();
}

}  // namespace esc::intake
