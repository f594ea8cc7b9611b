// SPDX-License-Identifier: BSD-3-Clause
// How full something is that has a bound: gauges that are read where they are, not counted.
#pragma once

#include <cstdint>

#include "telemetry/figure.hpp"

namespace esc::telemetry {

struct RingFill {
  std::uint64_t depth = 0;
  std::uint64_t capacity = 0;
};

[[nodiscard]] constexpr auto figures_of(const RingFill* /*block*/) {
  using B = RingFill;
  return describe(
      "ring", Figure{"depth", "Events in the ring", &B::depth, Kind::kGauge},
      Figure{"capacity", "Events that the ring has room for", &B::capacity, Kind::kGauge});
}
static_assert(well_described<RingFill>());

/// Of a ring with size() and capacity().
template <class Ring>
[[nodiscard]] RingFill fill_of(const Ring& ring) noexcept {
  return {.depth = ring.size(), .capacity = ring.capacity()};
}

/// What a ring with several producers counts besides.
struct RingHoles {
  std::uint64_t hole_waits = 0;
};

[[nodiscard]] constexpr auto figures_of(const RingHoles* /*block*/) {
  return describe("ring",
                  Figure{"hole_waits", "Waits for a producer of the ring that was interrupted",
                         &RingHoles::hole_waits});
}
static_assert(well_described<RingHoles>());

struct PoolFill {
  std::uint64_t size = 0;
  std::uint64_t available = 0;
  std::uint64_t kept_by_driver = 0;  ///< mbufs that the driver never gives back: see dpdk::Port
};

[[nodiscard]] constexpr auto figures_of(const PoolFill* /*block*/) {
  using B = PoolFill;
  constexpr auto kNoUnit = Unit::kNone;
  return describe(
      "pool", Figure{"mbufs", "Mbufs that the pool has", &B::size, Kind::kGauge, kNoUnit, "size"},
      Figure{"mbufs_available", "Mbufs that nobody holds", &B::available, Kind::kGauge, kNoUnit,
             "available"},
      Figure{"mbufs_kept_by_driver", "Mbufs that the driver keeps for as long as the port is open",
             &B::kept_by_driver, Kind::kGauge, kNoUnit, "kept_by_driver"});
}
static_assert(well_described<PoolFill>());

}  // namespace esc::telemetry
