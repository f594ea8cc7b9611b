// SPDX-License-Identifier: BSD-3-Clause
// Measures how much of a worker's time its handlers take, and for which route, by timing some
// bursts.
#pragma once

#include <cstdint>
#include <optional>

#include "ring/record_log.hpp"
#include "worker/busiest_routes.hpp"

namespace esc::worker {

/// A worker's figures for a complete period, in which some of its events were timed.
struct HandlerPeriod {
  std::uint64_t ended_tsc = 0;
  std::uint64_t cycles = 0;  ///< its length
  std::uint64_t events = 0;  ///< events that the worker took
  std::uint64_t timed_events = 0;
  std::uint64_t timed_cycles = 0;
  // These belong to the route that took most of the measured time. No events: no event was timed.
  std::uint64_t route_events = 0;
  std::uint64_t route_cycles = 0;
  std::uint32_t route_slot = 0;
  std::uint32_t route_handler = 0;

  /// The share of the period that handlers took, estimated from the timed events.
  [[nodiscard]] double busy_share() const noexcept;
  [[nodiscard]] double cycles_per_route_event() const noexcept {
    return route_events == 0
               ? 0.0
               : static_cast<double>(route_cycles) / static_cast<double>(route_events);
  }
};

/// Writer: the worker's lcore. last(): any thread.
class HandlerTimes {
 public:
  /// At most so many bursts are timed each second. The clock is read twice for each route in such a
  /// burst, up to 128 times: 3 us, so 0.3 ms of each second.
  static constexpr std::uint64_t kTimedHz = 100;

  explicit HandlerTimes(std::uint64_t tsc_hz) noexcept
      : timed_every_(tsc_hz / kTimedHz), period_(tsc_hz) {}

  /// Whether this burst has to be timed.
  [[nodiscard]] bool begin_burst(std::uint64_t now) noexcept {
    if (now - last_timed_ < timed_every_) [[likely]]
      return false;
    last_timed_ = now;
    return true;
  }
  /// Adds events of one route that took `cycles`.
  void add(std::uint32_t slot, std::uint16_t handler, std::uint64_t events,
           std::uint64_t cycles) noexcept {
    timed_events_ += events;
    timed_cycles_ += cycles;
    routes_.add(slot, handler, events, cycles);
  }
  /// Called at every poll. `events`: how many events the worker has taken since the start.
  void tick(std::uint64_t now, std::uint64_t events) noexcept {
    if (now - began_ >= period_) [[unlikely]]
      end_period(now, events);
  }

  /// The last complete period; nullopt: there is none, or it ended more than `max_age` cycles ago.
  [[nodiscard]] std::optional<HandlerPeriod> last(std::uint64_t now,
                                                  std::uint64_t max_age) const noexcept {
    HandlerPeriod period;
    auto cursor = log_.from_oldest();
    bool any = false;
    for (std::size_t i = 0; i < kKept && log_.next(cursor, period); ++i) any = true;
    // The period may have ended since `now` was read.
    if (!any || (now > period.ended_tsc && now - period.ended_tsc > max_age)) return std::nullopt;
    return period;
  }

 private:
  static constexpr std::size_t kKept = 2;

  [[gnu::noinline]] void end_period(std::uint64_t now, std::uint64_t events) noexcept {
    const BusiestRoutes::Route& route = routes_.first();
    if (began_ != 0) {
      log_.append({.ended_tsc = now,
                   .cycles = now - began_,
                   .events = events - events_before_,
                   .timed_events = timed_events_,
                   .timed_cycles = timed_cycles_,
                   .route_events = route.events,
                   .route_cycles = route.cycles,
                   .route_slot = route.slot,
                   .route_handler = route.handler});
    }
    routes_.clear();
    timed_events_ = timed_cycles_ = 0;
    events_before_ = events;
    began_ = now;
  }

  std::uint64_t timed_every_;
  std::uint64_t period_;
  std::uint64_t last_timed_ = 0;
  std::uint64_t began_ = 0;
  std::uint64_t events_before_ = 0;
  std::uint64_t timed_events_ = 0;
  std::uint64_t timed_cycles_ = 0;
  BusiestRoutes routes_;
  ring::RecordLog<HandlerPeriod, kKept> log_;
};

inline double HandlerPeriod::busy_share() const noexcept {
  if (timed_events == 0 || cycles == 0) return 0.0;
  const double per_event = static_cast<double>(timed_cycles) / static_cast<double>(timed_events);
  return std::min(1.0, per_event * static_cast<double>(events) / static_cast<double>(cycles));
}

}  // namespace esc::worker
