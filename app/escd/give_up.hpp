// What a drain has no time for.
#pragma once

#include <chrono>

#include "app/escd/dead_letters.hpp"
#include "event/poison.hpp"
#include "storage/outlet.hpp"

namespace esc::app {

/// Nothing is kept of it. Main lcore, once the stage's lcore has stopped, like the next two.
template <class Counters>
void drop_drained(const event::Event& event, Counters& counters) {
  event::free_segment(event.mbuf);
  counters.frame_dropped.add(FrameDrop::kDrainedAtDeadline);
}

/// A dead letter, if those are kept and it gets there in time; else dropped. Either is counted in
/// the block of the stage that held it.
template <class Counters>
void give_up(DeadLetters* dead_letters, const event::Event& event, storage::Outlet& outlet,
             Counters& counters, std::chrono::steady_clock::time_point deadline) {
  if (outlet.keeps() &&
      dead_letters->take(outlet, event, DeadReason::kDrainedAtDeadline, deadline)) {
    counters.dead_lettered.add();
    return;
  }
  drop_drained(event, counters);
}

/// The same of an event that no dispatcher has judged. A replayed letter among them is still where
/// it came from, and is sent again because nobody counted it: kept here as well it would be two.
template <class Counters>
void give_up_unjudged(DeadLetters* dead_letters, const event::Event& event, storage::Outlet& outlet,
                      Counters& counters, std::chrono::steady_clock::time_point deadline) {
  if (event.replay_count != 0) return drop_drained(event, counters);
  give_up(dead_letters, event, outlet, counters, deadline);
}

}  // namespace esc::app
