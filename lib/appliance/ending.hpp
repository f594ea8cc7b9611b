// SPDX-License-Identifier: BSD-3-Clause
// The end of a drain that ran out of time: decides what becomes of the events that the stages still
// hold.
#pragma once

#include <chrono>

#include "base/reasons.hpp"
#include "event/event.hpp"
#include "event/poison.hpp"
#include "storage/outlet.hpp"

namespace esc::appliance {

class DeadLetters;

/// Used on the main lcore once every other lcore has stopped.
class Ending {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// `dead_letters` outlives the Ending; null: dead letters are not kept. The Ending waits for the
  /// disk until `deadline`.
  Ending(DeadLetters* dead_letters, Deadline deadline) noexcept
      : dead_letters_(dead_letters), deadline_(deadline) {}

  [[nodiscard]] bool keeps_letters() const noexcept { return dead_letters_ != nullptr; }
  [[nodiscard]] Deadline deadline() const noexcept { return deadline_; }

  /// Makes the event a dead letter, if dead letters are kept and this one is taken in time;
  /// otherwise drops it as drained at deadline. Counts either in `counters`, which belong to the
  /// stage that held the event.
  template <class Counters>
  void give_up(const event::Event& event, DeadReason reason, storage::Outlet& outlet,
               Counters& counters) const {
    if (outlet.keeps() && keep(event, reason, outlet)) {
      counters.dead_lettered.add();
      return;
    }
    event::free_segment(event.mbuf);
    counters.frame_dropped.add(FrameDrop::kDrainedAtDeadline);
  }

 private:
  [[nodiscard]] bool keep(const event::Event& event, DeadReason reason,
                          storage::Outlet& outlet) const;

  DeadLetters* dead_letters_;
  Deadline deadline_;
};

}  // namespace esc::appliance
