// SPDX-License-Identifier: BSD-3-Clause
// A port's pool, for the measure of how full it is.
#pragma once

#include <cstddef>

struct rte_mempool;

namespace esc::dispatch {

/// Not owned. How many of its mbufs are in use for as long as the port is open.
struct PoolShare {
  rte_mempool* pool = nullptr;
  std::size_t resident_mbufs = 0;  ///< in descriptors, and kept by the driver
};

}  // namespace esc::dispatch
