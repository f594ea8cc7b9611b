#include "dpdk/pool.hpp"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <utility>

#include "dpdk/error.hpp"

namespace esc::dpdk {
namespace {

// Last in, first out: the mbufs that were freed last are the ones in cache. Lock-free, so that a
// preempted lcore stalls nobody.
constexpr const char* kPoolOps = "lf_stack";

}  // namespace

std::uint64_t pool_bytes(std::size_t mbufs, std::uint32_t data_bytes) {
  const std::uint64_t element = sizeof(rte_mbuf) + RTE_PKTMBUF_HEADROOM + data_bytes +
                                sizeof(rte_mempool_objhdr) + 2 * RTE_CACHE_LINE_SIZE;
  // 16 bytes an element for the stack's list; page ends that no element fits into: 1/16.
  return mbufs * (element + 16) * 17 / 16;
}

Pool::Pool(const std::string& name, std::size_t mbufs, std::uint32_t data_bytes, int socket)
    : size_(mbufs) {
  const auto room = static_cast<std::uint16_t>(data_bytes + RTE_PKTMBUF_HEADROOM);
  pool_ = rte_pktmbuf_pool_create_by_ops(name.c_str(), static_cast<unsigned>(mbufs),
                                         kPoolCacheMbufs, 0, room, socket, kPoolOps);
  if (pool_ != nullptr) return;
  throw StartError("cannot make the mbuf pool \"" + name + "\" of " + std::to_string(mbufs) +
                       " mbufs (" + std::to_string(pool_bytes(mbufs, data_bytes) >> 20) +
                       " MiB) on NUMA node " + std::to_string(socket) + ": " +
                       rte_strerror(rte_errno),
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
