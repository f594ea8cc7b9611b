// SPDX-License-Identifier: BSD-3-Clause
// The end of a drain that ran out of time: what becomes of what the stages still hold.
#pragma once

#include <chrono>

#include "base/reasons.hpp"
#include "event/event.hpp"
#include "event/poison.hpp"
#include "storage/outlet.hpp"

namespace esc::appliance {

class DeadLetters;

/// Main lcore, once every lcore has stopped.
class Ending {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// `dead_letters` outlives it; null: they are not kept. The disk is waited for until `deadline`.
  Ending(DeadLetters* dead_letters, Deadline deadline) noexcept
      : dead_letters_(dead_letters), deadline_(deadline) {}

  [[nodiscard]] bool keeps_letters() const noexcept { return dead_letters_ != nullptr; }
  [[nodiscard]] Deadline deadline() const noexcept { return deadline_; }

  /// A dead letter, if those are kept and it gets there in time; else dropped as drained at
  /// deadline. Either is counted in the block of the stage that held the event.
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
