// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/pool.hpp"

#include <gtest/gtest.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <vector>

#include "base/start_error.hpp"
#include "dpdk/huge_array.hpp"
#include "topology/topology.hpp"

namespace esc::test {
namespace {

using dpdk::Pool;

std::vector<rte_mbuf*> take_everything(const Pool& pool) {
  std::vector<rte_mbuf*> all;
  while (rte_mbuf* mbuf = rte_pktmbuf_alloc(pool.get())) all.push_back(mbuf);
  return all;
}

void give_back(const std::vector<rte_mbuf*>& all) {
  for (rte_mbuf* mbuf : all) rte_pktmbuf_free(mbuf);
}

TEST(Pool, HasTheSizeThatWasAskedFor) {
  for (const std::size_t mbufs : {std::size_t{1}, std::size_t{1000}, std::size_t{4096}}) {
    const Pool pool("size" + std::to_string(mbufs), mbufs, 2048, SOCKET_ID_ANY);
    EXPECT_EQ(pool.size(), mbufs);
    EXPECT_EQ(pool.available(), mbufs);
    const auto all = take_everything(pool);
    EXPECT_EQ(all.size(), mbufs);
    EXPECT_EQ(pool.available(), 0U);
    give_back(all);
    EXPECT_EQ(pool.available(), mbufs);
  }
}

TEST(Pool, MbufsHaveRoomForTheData) {
  const Pool pool("room", 15, 9000, SOCKET_ID_ANY);
  rte_mbuf* mbuf = rte_pktmbuf_alloc(pool.get());
  ASSERT_NE(mbuf, nullptr);
  EXPECT_EQ(rte_pktmbuf_tailroom(mbuf), 9000);
  EXPECT_EQ(rte_pktmbuf_headroom(mbuf), RTE_PKTMBUF_HEADROOM);
  rte_pktmbuf_free(mbuf);
}

TEST(Pool, ASmallPoolHasNoCacheAndALargeOneHas) {
  const std::size_t large_mbufs = 16 * dpdk::kPoolCacheHoldsMbufs;
  const Pool small("small", large_mbufs - 1, 128, SOCKET_ID_ANY);
  const Pool large("large", large_mbufs, 128, SOCKET_ID_ANY);
  EXPECT_EQ(small.get()->cache_size, 0U);
  EXPECT_EQ(large.get()->cache_size, dpdk::kPoolCacheMbufs);
  // What its cache keeps is not lost to the count, nor to the lcore.
  const auto all = take_everything(large);
  EXPECT_EQ(all.size(), large_mbufs);
  give_back(all);
  EXPECT_EQ(large.available(), large_mbufs);
}

TEST(Pool, OrderIsTheOneAskedFor) {
  const Pool lifo("lifo", 7, 128, SOCKET_ID_ANY);
  rte_mbuf* mbuf = rte_pktmbuf_alloc(lifo.get());
  rte_pktmbuf_free(mbuf);
  rte_mbuf* again = rte_pktmbuf_alloc(lifo.get());
  EXPECT_EQ(again, mbuf);
  rte_pktmbuf_free(again);
  const Pool fifo("fifo", 7, 128, SOCKET_ID_ANY, dpdk::PoolOrder::kFifo);
  mbuf = rte_pktmbuf_alloc(fifo.get());
  rte_pktmbuf_free(mbuf);
  again = rte_pktmbuf_alloc(fifo.get());
  EXPECT_NE(again, mbuf);
  rte_pktmbuf_free(again);
}

TEST(Pool, CountTellsAnMbufThatWentBackTwiceFromOneThatNeverDid) {
  for (const std::size_t mbufs : {std::size_t{1000}, 16 * dpdk::kPoolCacheHoldsMbufs}) {
    const Pool pool("count" + std::to_string(mbufs), mbufs, 128, SOCKET_ID_ANY);
    rte_mbuf* leaked = rte_pktmbuf_alloc(pool.get());
    rte_mbuf* twice = rte_pktmbuf_alloc(pool.get());
    rte_mempool_put(pool.get(), twice);
    EXPECT_EQ(pool.count().mbufs, mbufs - 1);
    EXPECT_EQ(pool.count().repeated, 0U);
    rte_mempool_put(pool.get(), twice);
    EXPECT_EQ(pool.available(), mbufs) << "what the count is there for";
    EXPECT_EQ(pool.count().mbufs, mbufs - 1);
    EXPECT_EQ(pool.count().repeated, 1U);
    // Taken out and put back: one after the other, the count leaves the pool as it was.
    std::vector<rte_mbuf*> all;
    void* one = nullptr;
    while (rte_mempool_get(pool.get(), &one) == 0) all.push_back(static_cast<rte_mbuf*>(one));
    EXPECT_EQ(std::count(all.begin(), all.end(), twice), 2);
    EXPECT_EQ(std::count(all.begin(), all.end(), leaked), 0);
  }
}

TEST(Pool, TooLittleMemoryIsAnErrorThatSaysWhatToDo) {
  try {
    const Pool pool("giant", 10'000'000, 2048, SOCKET_ID_ANY);
    FAIL() << "20 GB in a test's memory";
  } catch (const StartError& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("\"giant\""), std::string::npos) << what;
    EXPECT_NE(what.find("10000000 mbufs"), std::string::npos) << what;
    EXPECT_NE(error.fix().find("deploy/reserve-hugepages"), std::string::npos) << error.fix();
    EXPECT_NE(error.fix().find("pool_mbufs"), std::string::npos) << error.fix();
  }
  // Nothing of it is left behind: the name is free again.
  EXPECT_EQ(Pool("giant", 7, 128, SOCKET_ID_ANY).available(), 7U);
}

TEST(Pool, EstimateIsNotBelowWhatAPoolTakes) {
  for (const std::uint32_t data_bytes : {128U, 2048U, 9000U, 65407U}) {
    const Pool pool("estimate" + std::to_string(data_bytes), 500, data_bytes, SOCKET_ID_ANY);
    std::uint64_t taken = 0;
    rte_mempool_mem_iter(
        pool.get(),
        [](rte_mempool*, void* sum, rte_mempool_memhdr* chunk, unsigned) {
          *static_cast<std::uint64_t*>(sum) += chunk->len;
        },
        &taken);
    EXPECT_GE(dpdk::pool_bytes(500, data_bytes, dpdk::kOrdinaryPageBytes), taken) << data_bytes;
  }
}

TEST(Pool, MemoryIsOnTheNodeItWasAskedFor) {
  const int node = static_cast<int>(rte_socket_id());
  const Pool pool("node", 500, 2048, node);
  EXPECT_EQ(pool.get()->socket_id, node);
  const auto all = take_everything(pool);
  for (rte_mbuf* mbuf : all) {
    *rte_pktmbuf_mtod(mbuf, char*) = 1;  // the page is there only once it was touched
    ASSERT_EQ(topology::node_of(mbuf->buf_addr), node);
    ASSERT_EQ(topology::node_of(mbuf), node);
  }
  give_back(all);
}

TEST(PoolBytes, TellHowManyMbufsFit) {
  constexpr std::uint64_t kSome = 256 * kMiB;
  for (const std::uint64_t page : {dpdk::kHugepageBytes, dpdk::kOrdinaryPageBytes}) {
    for (const std::uint32_t data : {2'048U, 65'407U}) {
      const std::size_t fit = dpdk::mbufs_in(kSome, data, page);
      EXPECT_LE(dpdk::pool_bytes(fit, data, page), kSome);
      EXPECT_GT(dpdk::pool_bytes(fit + 1, data, page), kSome);
    }
  }
  // 31 of them on a page of 2 MiB.
  EXPECT_EQ(dpdk::mbufs_in(kSome, 65'407, dpdk::kHugepageBytes), 127U * 31);
  EXPECT_EQ(dpdk::mbufs_in(1'000, 65'407, dpdk::kHugepageBytes), 0U);
}

TEST(PoolHolders, SumsEveryHolder) {
  const dpdk::PoolHolders holders{
      .descriptors = 1, .driver = 20, .rings = 300, .bursts = 4000, .caches = 50000};
  EXPECT_EQ(holders.sum(), 54321U);
}

TEST(HugeArray, IsAlignedZeroAndOnItsNode) {
  const int node = static_cast<int>(rte_socket_id());
  const dpdk::HugeArray<std::uint64_t> array("numbers", 5000, node);
  ASSERT_EQ(array.span().size(), 5000U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.span().data()) % kCacheLineBytes, 0U);
  for (const std::uint64_t value : array.span()) ASSERT_EQ(value, 0U);
  EXPECT_EQ(topology::node_of(array.span().data()), node);
}

TEST(HugeArray, TooLittleMemoryIsAnErrorThatSaysWhatToDo) {
  try {
    const dpdk::HugeArray<std::uint64_t> array("the worker ring", std::size_t{1} << 32, 0);
    FAIL() << "32 GB in a test's memory";
  } catch (const StartError& error) {
    EXPECT_NE(std::string(error.what()).find("the worker ring"), std::string::npos);
    EXPECT_NE(error.fix().find("deploy/reserve-hugepages"), std::string::npos);
  }
}

}  // namespace
}  // namespace esc::test
