// SPDX-License-Identifier: BSD-3-Clause
// What the stages of one role need, as the configuration says, before any is made.
#pragma once

#include <cstddef>
#include <cstdint>

namespace esc::appliance {

/// Of all stages of one role together. Any of the mbufs may be one port's, so each port's pool has
/// room for all of them.
struct StageNeeds {
  std::size_t lcores = 0;      ///< lcores that poll such stages, if no two share one
  std::size_t ring_mbufs = 0;  ///< cells of their input rings, and of queues in which they hold
  std::size_t hand_mbufs = 0;  ///< what the stages have in hand
  std::uint64_t bytes = 0;     ///< memory of rings, queues and tables

  StageNeeds& operator+=(const StageNeeds& other) noexcept {
    lcores += other.lcores;
    ring_mbufs += other.ring_mbufs;
    hand_mbufs += other.hand_mbufs;
    bytes += other.bytes;
    return *this;
  }
};

}  // namespace esc::appliance
