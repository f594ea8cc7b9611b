// SPDX-License-Identifier: BSD-3-Clause
// Once it runs, the data path allocates nothing, neither from the heap nor from DPDK's heap.
#include <gtest/gtest.h>
#include <rte_malloc.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "allocation_count.hpp"
#include "folded_pipeline.hpp"
#include "port_support.hpp"
#include "trace_file.hpp"

namespace esc::test {
namespace {

/// Events of every shape, unknown topics and refusals among them: their paths count as well.
std::vector<Bytes> trace_packets() {
  std::vector<Bytes> packets;
  Bytes not_utf8 = frame_of("bad", 1);
  not_utf8[7] = 0xff;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::string topic = "topic/" + std::to_string(i);
    packets.push_back(packet_around({frame_of(topic, 64)}));
    packets.push_back(packet_around({frame_of(topic, 8), frame_of(topic, 9), frame_of("who", 1)}));
  }
  packets.push_back(packet_around({not_utf8, frame_of("topic/1", 3)}));
  packets.push_back(packet_around({}));
  packets.push_back(Bytes(60));
  return packets;
}

std::vector<config::RouteConfig> routes() {
  constexpr std::array kHandlers = {"count", "null", "fail"};
  std::vector<config::RouteConfig> specs;
  for (std::size_t i = 0; i < 64; ++i) {
    specs.push_back({.topic = "topic/" + std::to_string(i),
                     .handler = kHandlers[i % 3],
                     .spread = static_cast<config::Spread>(i % 3)});
  }
  return specs;
}

struct Calls {
  std::uint64_t heap = heap_calls();
  std::uint64_t rte_heap = rte_heap_calls();
};

TEST(Allocations, AMillionEventsTakeNone) {
  const auto packets = trace_packets();
  const TraceFile trace(packets);
  dpdk::Port port(settings_for("net_pcap", "rx_pcap=" + trace.path() + ",infinite_rx=1"));
  port.start();
  {
    FoldedPipeline path({&port}, routes(), {.ingest_cells = 128, .worker_cells = 32});
    const Calls before;
    // From the very first poll: there is no warming up.
    while (path.delivered() < 1'000'000) (void)path.poll();
    const Calls after;
    EXPECT_EQ(after.heap - before.heap, 0U);
    EXPECT_EQ(after.rte_heap - before.rte_heap, 0U);
    // Every branch was taken on the way.
    EXPECT_GT(path.handler_refused(), 0U);
    EXPECT_GT(path.dispatch().frame_dropped.get(FrameDrop::kUnknownTopic), 0U);
    EXPECT_GT(path.frames().frame_dropped.get(FrameDrop::kTopicNotUtf8), 0U);
    path.stop_receiving();
    path.run_dry();
  }
  port.close();
  EXPECT_TRUE(is_whole(port.pool()));
}

/// Keeps a copy of a payload, as a careless handler would.
class CarelessHandler final : public worker::Handler {
 public:
  [[nodiscard]] std::uint64_t handle(std::span<const event::WorkItem> events) noexcept override {
    kept_ = std::make_unique<std::vector<event::WorkItem>>(events.begin(), events.end());
    return 0;
  }

 private:
  std::unique_ptr<std::vector<event::WorkItem>> kept_;
};

// Shows that the test above would notice an allocation.
TEST(Allocations, AreSeenWhenAStageMakesThem) {
  CarelessHandler handler;
  const std::vector<event::WorkItem> items(3);
  const Calls before;
  EXPECT_EQ(handler.handle(items), 0U);
  const Calls after;
  EXPECT_EQ(after.heap - before.heap, 2U);
}

/// Keeps the compiler from leaving an allocation out that nobody uses.
void* used(void* memory) {
  asm volatile("" : "+r"(memory) : : "memory");
  return memory;
}

TEST(Allocations, EveryWayToAllocateIsSeen) {
  const Calls before;
  void* memory = used(std::malloc(8));
  memory = used(std::realloc(memory, 4096));
  std::free(memory);
  std::free(used(std::calloc(3, 5)));
  std::free(used(std::aligned_alloc(64, 64)));
  ::operator delete(used(::operator new(8)));
  EXPECT_EQ(heap_calls() - before.heap, 9U);
  rte_free(rte_malloc("test", 8, 0));
  rte_free(rte_zmalloc_socket("test", 8, 0, SOCKET_ID_ANY));
  EXPECT_GE(rte_heap_calls() - before.rte_heap, 4U);
}

}  // namespace
}  // namespace esc::test
