// SPDX-License-Identifier: BSD-3-Clause
// Where the mbufs of a pool are.
#pragma once

#include <cstdint>
#include <string>

#include "telemetry/fill.hpp"

namespace esc::appliance {

/// Whether every mbuf of a pool was given back.
struct PoolReport {
  std::string name;
  telemetry::PoolFill mbufs;
  std::uint64_t repeated = 0;  ///< given back twice; known once the pools are counted

  /// Mbufs that somebody still holds, the driver apart.
  [[nodiscard]] std::uint64_t missing() const noexcept {
    return mbufs.size - mbufs.available - mbufs.kept_by_driver;
  }
  [[nodiscard]] bool whole() const noexcept { return missing() == 0 && repeated == 0; }
};

}  // namespace esc::appliance
