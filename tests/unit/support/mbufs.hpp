// SPDX-License-Identifier: BSD-3-Clause
// Pools and packets for tests: real mbufs, filled by hand, in any segmentation.
#pragma once

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "dpdk/pool_count.hpp"

namespace esc::test {

using Bytes = std::vector<std::uint8_t>;

/// A pool. When the test ends, whole() should say that every mbuf is back.
class TestPool {
 public:
  explicit TestPool(unsigned mbufs = 1023, std::uint16_t data_bytes = 2048)
      : pool_(rte_pktmbuf_pool_create(("test" + std::to_string(next_name()++)).c_str(), mbufs, 0, 0,
                                      static_cast<std::uint16_t>(data_bytes + RTE_PKTMBUF_HEADROOM),
                                      SOCKET_ID_ANY)),
        size_(mbufs) {
    if (pool_ == nullptr) throw std::runtime_error("no pool");
  }
  ~TestPool() { rte_mempool_free(pool_); }
  TestPool(const TestPool&) = delete;
  TestPool& operator=(const TestPool&) = delete;

  [[nodiscard]] rte_mempool* get() const { return pool_; }
  [[nodiscard]] unsigned in_use() const { return size_ - rte_mempool_avail_count(pool_); }
  [[nodiscard]] bool whole() const {
    const dpdk::PoolCount count = dpdk::count_mbufs(pool_);
    return count.mbufs == size_ && count.repeated == 0;
  }

  /// One packet; `cuts` are the byte positions at which a new segment begins (equal ones make an
  /// empty segment).
  [[nodiscard]] rte_mbuf* packet(std::span<const std::uint8_t> bytes,
                                 std::vector<std::size_t> cuts = {}) const {
    std::sort(cuts.begin(), cuts.end());
    cuts.push_back(bytes.size());
    rte_mbuf* head = nullptr;
    std::size_t from = 0;
    for (const std::size_t to : cuts) {
      rte_mbuf* segment = rte_pktmbuf_alloc(pool_);
      if (segment == nullptr) throw std::runtime_error("pool is dry");
      char* room = rte_pktmbuf_append(segment, static_cast<std::uint16_t>(to - from));
      if (room == nullptr) throw std::runtime_error("segment too small");
      std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                bytes.begin() + static_cast<std::ptrdiff_t>(to), room);
      if (head == nullptr) {
        head = segment;
      } else if (rte_pktmbuf_chain(head, segment) != 0) {
        throw std::runtime_error("too many segments");
      }
      from = to;
    }
    return head;
  }

 private:
  static int& next_name() {
    static int next = 0;
    return next;
  }
  rte_mempool* pool_;
  unsigned size_;
};

}  // namespace esc::test
