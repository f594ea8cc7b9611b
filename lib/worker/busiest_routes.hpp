// SPDX-License-Identifier: BSD-3-Clause
// Finds the routes that take most of a handler's time, with bounded memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace esc::worker {

/// Space-Saving (A. Metwally et al., "Efficient computation of frequent and top-k elements in data
/// streams", ICDT 2005), weighted by time: a route that takes more than a kPlaces-th of the time is
/// among those kept. A new route that finds no place takes the place of the route with the smallest
/// weight and inherits its weight, so that no route is under-rated; its time for each event is
/// computed from its own events only. Thread: the worker's lcore.
class BusiestRoutes {
 public:
  static constexpr std::size_t kPlaces = 8;

  struct Route {
    std::uint64_t weight = 0;  ///< TSC cycles; too high by at most the weight that it inherited
    std::uint64_t cycles = 0;  ///< of its own events
    std::uint64_t events = 0;
    std::uint32_t slot = 0;
    std::uint16_t handler = 0;
  };

  void add(std::uint32_t slot, std::uint16_t handler, std::uint64_t events,
           std::uint64_t cycles) noexcept {
    Route* place = std::ranges::find_if(
        routes_, [slot](const Route& route) { return route.events != 0 && route.slot == slot; });
    if (place == routes_.end()) {
      place = std::ranges::min_element(routes_, {}, &Route::weight);
      *place = {.weight = place->weight, .slot = slot};
    }
    place->handler = handler;
    place->weight += cycles;
    place->cycles += cycles;
    place->events += events;
  }

  /// The route with the largest weight; without events: there is none.
  [[nodiscard]] const Route& first() const noexcept {
    return *std::ranges::max_element(routes_, {}, &Route::weight);
  }
  void clear() noexcept { routes_ = {}; }

 private:
  std::array<Route, kPlaces> routes_{};
};

}  // namespace esc::worker
