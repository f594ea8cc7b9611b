// SPDX-License-Identifier: BSD-3-Clause
// The quick way through a dispatcher: events that bring their route along and that nobody has to
// judge go from the input straight to their workers, in one loop.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dispatch/worker_output.hpp"
#include "event/event.hpp"
#include "route/event_topic.hpp"
#include "route/route_set.hpp"
#include "route/worker_choice.hpp"

namespace esc::dispatch {

/// Thread: the dispatcher's lcore. Lives as long as a poll.
class PlainPass {
 public:
  /// The caller has made sure that no route has publishers, and that none has keys if the
  /// dispatcher remembers keys: so only events with a number have to be judged.
  explicit PlainPass(const route::RouteSet& routes) noexcept
      : routes_(routes), targets_(routes.targets()), generation_(routes.generation()) {}

  /// Hands over events of the input, at most `most`, from the first on: up to one that is not
  /// ready, has a number or a route of another set, or finds no room. Returns how many. Input:
  /// stretch(), as of an MpscRing. Out of line, so that the loop has the registers to itself.
  template <class Input, class Output>
  [[nodiscard, gnu::noinline]] std::size_t to_one(const Input& input, std::size_t most,
                                                  WorkerOutput<Output>& worker) const noexcept {
    std::size_t taken = 0;
    while (taken < most) {
      const auto events = input.stretch(taken);
      const std::span<event::WorkItem> room = worker.room(std::min(most - taken, events.size()));
      const std::size_t written = fill_from(events, room);
      worker.claimed(written);
      taken += written;
      if (room.empty() || written != room.size()) break;
    }
    return taken;
  }

  /// The same for several workers.
  template <class Input, class Output>
  [[nodiscard, gnu::noinline]] std::size_t to_several(const Input& input, std::size_t most,
                                                      std::span<WorkerOutput<Output>> workers,
                                                      route::WorkerChoice& choice) const noexcept {
    std::size_t taken = 0;
    while (taken < most) {
      const auto events = input.stretch(taken);
      const std::size_t here = std::min(most - taken, events.size());
      const std::size_t written = give_out(events, here, workers, choice);
      taken += written;
      if (written != here) break;
    }
    return taken;
  }

 private:
  using Target = route::RouteSet::Target;

  /// Fills `room` from its beginning, as far as the events are ready and plain; returns how many.
  template <class Stretch>
  [[nodiscard, gnu::always_inline]] std::size_t fill_from(
      const Stretch& events, std::span<event::WorkItem> room) const noexcept {
    const Target* const targets = targets_;
    const std::uint32_t generation = generation_;
    std::size_t written = 0;
    for (; written < room.size() && events.is_ready(written); ++written) {
      const event::Event& event = events.value(written);
      if (!is_plain(event, generation)) break;
      fill(room[written], targets[event.route.index], event);
    }
    return written;
  }

  /// Hands the first events, at most `most`, to the workers that `choice` names; returns how many.
  template <class Stretch, class Output>
  [[nodiscard, gnu::always_inline]] std::size_t give_out(
      const Stretch& events, std::size_t most, std::span<WorkerOutput<Output>> workers,
      route::WorkerChoice& choice) const noexcept {
    std::size_t given = 0;
    for (; given < most && events.is_ready(given); ++given) {
      const event::Event& event = events.value(given);
      if (!is_plain(event, generation_)) break;
      const Target& target = targets_[event.route.index];
      const route::WorkerChoice turn = choice;
      event::WorkItem* item =
          workers[choice.choose(target, event, route::topic_hash(routes_, target, event))].claim();
      if (item == nullptr) {
        choice = turn;  // a worker is chosen again when the event is judged
        break;
      }
      fill(*item, target, event);
    }
    return given;
  }

  [[nodiscard]] static bool is_plain(const event::Event& event, std::uint32_t generation) noexcept {
    constexpr std::uint8_t kMatters = event::kRouteFound | event::kSequenced;
    return (event.flags & kMatters) == event::kRouteFound && event.route.generation == generation;
  }

  const route::RouteSet& routes_;
  const Target* targets_;
  std::uint32_t generation_;
};

}  // namespace esc::dispatch
