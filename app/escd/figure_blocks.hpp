// SPDX-License-Identifier: BSD-3-Clause
// Figures of the appliance as a whole that no stage counts: what the program finds out at a look.
#pragma once

#include <cstdint>

#include "telemetry/figure.hpp"

namespace esc::app {

struct ApplianceFigures {
  std::uint64_t uptime_ns = 0;
};

[[nodiscard]] constexpr auto figures_of(const ApplianceFigures* /*block*/) {
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "", Figure{"uptime", "Time since escd began to start", &ApplianceFigures::uptime_ns,
                 Kind::kGauge, Unit::kNanoseconds, "uptime_s"});
}
static_assert(telemetry::well_described<ApplianceFigures>());

struct HealthFigures {
  std::uint64_t healthy = 0;
};

[[nodiscard]] constexpr auto figures_of(const HealthFigures* /*block*/) {
  using telemetry::Figure, telemetry::Kind;
  return telemetry::describe("", Figure{"healthy", "1: every check of escctl health is ok",
                                        &HealthFigures::healthy, Kind::kFlag});
}
static_assert(telemetry::well_described<HealthFigures>());

struct LedgerFigures {
  std::uint64_t balanced = 0;
};

[[nodiscard]] constexpr auto figures_of(const LedgerFigures* /*block*/) {
  using telemetry::Figure, telemetry::Kind;
  return telemetry::describe("ledger",
                             Figure{"balanced", "1: every frame and packet is accounted for",
                                    &LedgerFigures::balanced, Kind::kFlag});
}
static_assert(telemetry::well_described<LedgerFigures>());

struct RouteFigures {
  std::uint64_t routes = 0;
  std::uint64_t topics_left_out = 0;
};

[[nodiscard]] constexpr auto figures_of(const RouteFigures* /*block*/) {
  using B = RouteFigures;
  using telemetry::Figure, telemetry::Kind;
  return telemetry::describe(
      "", Figure{"routes", "Routes in force", &B::routes, Kind::kGauge},
      Figure{"topics_left_out", "Routes without series of their own: see escctl metrics --topics",
             &B::topics_left_out, Kind::kGauge});
}
static_assert(telemetry::well_described<RouteFigures>());

/// Of one lcore.
struct StallFigures {
  std::uint64_t stalled = 0;
};

[[nodiscard]] constexpr auto figures_of(const StallFigures* /*block*/) {
  using telemetry::Figure, telemetry::Kind;
  return telemetry::describe(
      "lcore", Figure{"stalled", "1: the lcore has begun no new round for lcores.stall_ms",
                      &StallFigures::stalled, Kind::kFlag});
}
static_assert(telemetry::well_described<StallFigures>());

/// How one worker spent the last second.
struct HandlerShares {
  std::uint64_t busy_permille = 0;
  std::uint64_t route_permille = 0;
  std::uint64_t event_ns = 0;
};

[[nodiscard]] constexpr auto figures_of(const HandlerShares* /*block*/) {
  using B = HandlerShares;
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "worker_handler",
      Figure{"busy", "Share of the worker's time that its handlers take", &B::busy_permille,
             Kind::kGauge, Unit::kPermille, "busy_percent"},
      Figure{"route", "Share of the handlers' time that the worker's busiest route takes",
             &B::route_permille, Kind::kGauge, Unit::kPermille, "route_percent"},
      Figure{"event", "Time of one event of the worker's busiest route", &B::event_ns, Kind::kGauge,
             Unit::kNanoseconds, "us_per_event"});
}
static_assert(telemetry::well_described<HandlerShares>());

/// Of the folder of dead letters.
struct FoundLetters {
  std::uint64_t found = 0;
};

[[nodiscard]] constexpr auto figures_of(const FoundLetters* /*block*/) {
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "dead_letters", Figure{"found", "Dead letters that were there at the start",
                             &FoundLetters::found, Kind::kGauge, Unit::kNone, "found_at_start"});
}
static_assert(telemetry::well_described<FoundLetters>());

}  // namespace esc::app
