// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/pool.hpp"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <utility>

#include "base/start_error.hpp"

namespace esc::dpdk {
namespace {

// With both, nobody waits for an lcore that was preempted in the middle of an operation, as with
// the default ring (docs/decisions.md).
const char* pool_ops(PoolOrder order) {
  return order == PoolOrder::kLifo ? "lf_stack" : "ring_mt_hts";
}

// A small pool has no caches: mbufs in one lcore's cache would be missing for the others.
unsigned cache_mbufs(std::size_t mbufs, PoolCaches caches) {
  const bool large = mbufs >= 16 * kPoolCacheHoldsMbufs;
  return large && caches == PoolCaches::kIfLarge ? kPoolCacheMbufs : 0;
}

}  // namespace

std::uint64_t pool_bytes(std::size_t mbufs, std::uint32_t data_bytes, std::uint64_t page_bytes) {
  const std::uint64_t element = sizeof(rte_mbuf) + RTE_PKTMBUF_HEADROOM + data_bytes +
                                sizeof(rte_mempool_objhdr) + 2 * RTE_CACHE_LINE_SIZE;
  // An element never lies across two pages, unless it is larger than a page.
  const std::uint64_t per_page = page_bytes / element;
  const std::uint64_t pages = per_page != 0 ? (mbufs + per_page - 1) / per_page
                                            : mbufs * ((element + page_bytes - 1) / page_bytes);
  constexpr std::uint64_t kStackElementBytes = 16;
  return pages * page_bytes + mbufs * kStackElementBytes;
}

std::size_t mbufs_in(std::uint64_t bytes, std::uint32_t data_bytes, std::uint64_t page_bytes) {
  // More mbufs never take fewer bytes, so the largest number is found by halving.
  std::size_t fit = 0;
  std::size_t too_many = bytes / data_bytes + 1;
  while (too_many - fit > 1) {
    const std::size_t middle = fit + (too_many - fit) / 2;
    (pool_bytes(middle, data_bytes, page_bytes) <= bytes ? fit : too_many) = middle;
  }
  return fit;
}

Pool::Pool(const std::string& name, std::size_t mbufs, std::uint32_t data_bytes, int socket,
           PoolOrder order, PoolCaches caches)
    : size_(mbufs) {
  const auto room = static_cast<std::uint16_t>(data_bytes + RTE_PKTMBUF_HEADROOM);
  pool_ =
      rte_pktmbuf_pool_create_by_ops(name.c_str(), static_cast<unsigned>(mbufs),
                                     cache_mbufs(mbufs, caches), 0, room, socket, pool_ops(order));
  if (pool_ != nullptr) return;
  throw StartError(
      "cannot make the mbuf pool \"" + name + "\" of " + std::to_string(mbufs) + " mbufs (" +
          std::to_string(pool_bytes(mbufs, data_bytes, kHugepageBytes) >> 20) +
          " MiB) on NUMA node " + std::to_string(socket) + ": " + rte_strerror(rte_errno),
      "reserve more hugepages on that node (deploy/reserve-hugepages), or lower "
      "port.pool_mbufs or the ring sizes");
}

Pool::Pool(Pool&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), size_(other.size_) {}

Pool::~Pool() {
  rte_mempool_free(pool_);
}

std::size_t Pool::available() const noexcept {
  return rte_mempool_avail_count(pool_);
}

}  // namespace esc::dpdk
