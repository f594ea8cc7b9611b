// SPDX-License-Identifier: BSD-3-Clause
// Mbuf pools: their size, their memory, and whether they are whole at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/units.hpp"
#include "dpdk/pool_count.hpp"

struct rte_mempool;

namespace esc::dpdk {

/// Who may hold mbufs of a pool at one moment. The sum is the pool's size, so that it cannot run
/// dry by design.
struct PoolHolders {
  std::size_t descriptors = 0;  ///< rx_queues x rx_descriptors: filled into the NIC's ring
  std::size_t driver =
      0;  ///< what the driver keeps besides: net_pcap with infinite_rx keeps its whole trace
  std::size_t rings = 0;   ///< every cell of the rings between the lcores
  std::size_t bursts = 0;  ///< what stages have in hand
  std::size_t caches = 0;  ///< per-lcore caches of the mempool, which may keep 1.5 times their size

  [[nodiscard]] std::size_t sum() const noexcept {
    return descriptors + driver + rings + bursts + caches;
  }
};

inline constexpr unsigned kPoolCacheMbufs = 256;
/// What one lcore's cache may hold before it flushes (RTE_MEMPOOL's flush threshold is 1.5 times
/// the size).
inline constexpr std::size_t kPoolCacheHoldsMbufs = kPoolCacheMbufs * 3 / 2;

inline constexpr std::uint64_t kHugepageBytes = 2 * kMiB;
inline constexpr std::uint64_t kOrdinaryPageBytes = 4096;

/// Bytes that a pool of `mbufs` takes on pages of that size, headers and per-object overhead
/// included. For reserving memory.
[[nodiscard]] std::uint64_t pool_bytes(std::size_t mbufs, std::uint32_t data_bytes,
                                       std::uint64_t page_bytes);

/// The most mbufs of which pool_bytes() is no more than `bytes`; 0: not even one.
[[nodiscard]] std::size_t mbufs_in(std::uint64_t bytes, std::uint32_t data_bytes,
                                   std::uint64_t page_bytes);

/// Which free mbuf is handed out next. LIFO keeps the working set in cache; FIFO is for drivers
/// that do not work with LIFO.
enum class PoolOrder : std::uint8_t { kLifo, kFifo };

/// Whether each lcore keeps free mbufs of the pool to itself. In a pool that is small beside the
/// number of lcores they could all end up with lcores that take none.
enum class PoolCaches : std::uint8_t { kIfLarge, kNone };

/// An mbuf pool. Owner: one Port. The DPDK pool is freed with it; the Port must be closed first,
/// since drivers hold mbufs.
class Pool {
 public:
  /// data_bytes: room for packet data in each mbuf, headroom not counted. socket: NUMA node,
  /// SOCKET_ID_ANY for any. Throws StartError when memory does not suffice.
  Pool(const std::string& name, std::size_t mbufs, std::uint32_t data_bytes, int socket,
       PoolOrder order = PoolOrder::kLifo, PoolCaches caches = PoolCaches::kIfLarge);
  ~Pool();
  Pool(Pool&& other) noexcept;
  Pool& operator=(Pool&&) = delete;

  [[nodiscard]] rte_mempool* get() const noexcept { return pool_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t available() const noexcept;  ///< exact when nobody uses the pool
  [[nodiscard]] PoolCount count() const { return count_mbufs(pool_); }

 private:
  rte_mempool* pool_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace esc::dpdk
