// SPDX-License-Identifier: BSD-3-Clause
// What is in an mbuf pool, by taking all of it out: an mbuf that went back twice does not stand in
// for one that never did, as it does in rte_mempool_avail_count().
#pragma once

#include <rte_lcore.h>
#include <rte_mempool.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace esc::dpdk {

struct PoolCount {
  std::size_t mbufs = 0;     ///< different ones
  std::size_t repeated = 0;  ///< found once more: given back twice
};

/// Everything goes back as it was found. Only while no lcore uses the pool. Allocates.
[[nodiscard]] inline PoolCount count_mbufs(rte_mempool* pool) {
  for (unsigned lcore = 0; lcore < RTE_MAX_LCORE; ++lcore) {
    rte_mempool_cache* cache = rte_mempool_default_cache(pool, lcore);
    if (cache != nullptr) rte_mempool_cache_flush(cache, pool);
  }
  std::vector<void*> found;
  found.reserve(pool->size);
  // One at a time, and not by way of a cache: a bulk is all or nothing.
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
