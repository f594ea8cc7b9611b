// SPDX-License-Identifier: BSD-3-Clause
// What a drain has no time for.
#pragma once

#include <chrono>

#include "appliance/dead_letters.hpp"
#include "event/poison.hpp"
#include "storage/outlet.hpp"

namespace esc::appliance {

/// A dead letter, if those are kept and it gets there in time; else dropped. Either is counted in
/// the block of the stage that held it. Main lcore, once every lcore has stopped.
template <class Counters>
void give_up(DeadLetters* dead_letters, const event::Event& event, DeadReason reason,
             storage::Outlet& outlet, Counters& counters,
             std::chrono::steady_clock::time_point deadline) {
  if (outlet.keeps() && dead_letters->take(outlet, event, reason, deadline)) {
    counters.dead_lettered.add();
    return;
  }
  event::free_segment(event.mbuf);
  counters.frame_dropped.add(FrameDrop::kDrainedAtDeadline);
}

}  // namespace esc::appliance
