// SPDX-License-Identifier: BSD-3-Clause
// Counts the mbufs of a pool by taking all of them out. Unlike with rte_mempool_avail_count(), an
// mbuf that was given back twice does not make up for one that was never given back.
#pragma once

#include <rte_lcore.h>
#include <rte_mempool.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace esc::dpdk {

struct PoolCount {
  std::size_t mbufs = 0;     ///< different ones
  std::size_t repeated = 0;  ///< mbufs found more than once: they were given back twice
};

/// Puts everything back as it was found. Only while no lcore uses the pool. Allocates.
[[nodiscard]] inline PoolCount count_mbufs(rte_mempool* pool) {
  for (unsigned lcore = 0; lcore < RTE_MAX_LCORE; ++lcore) {
    rte_mempool_cache* cache = rte_mempool_default_cache(pool, lcore);
    if (cache != nullptr) rte_mempool_cache_flush(cache, pool);
  }
  std::vector<void*> found;
  found.reserve(pool->size);
  // Takes one at a time, past the caches: a bulk request would return all or nothing.
  for (void* mbuf = nullptr; rte_mempool_generic_get(pool, &mbuf, 1, nullptr) == 0;) {
    found.push_back(mbuf);
  }
  for (void* const mbuf : found) rte_mempool_generic_put(pool, &mbuf, 1, nullptr);
  std::sort(found.begin(), found.end());
  const auto end = std::unique(found.begin(), found.end());
  return {static_cast<std::size_t>(end - found.begin()),
          static_cast<std::size_t>(found.end() - end)};
}

}  // namespace esc::dpdk
