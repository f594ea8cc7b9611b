// SPDX-License-Identifier: BSD-3-Clause
// An RX stage on one thread and a reader of its events on another: nobody may read what the stage
// still writes while a datagram is open. For the thread sanitizer.
#include <atomic>
#include <thread>

#include "ingest/rx_fixture.hpp"
#include "ring/mpsc_ring.hpp"
#include "support/rings.hpp"

namespace esc::test {
namespace {

using Ring = ring::MpscRing<event::Event>;

struct Sink {
  Ring::Producer producer;
  Ring* ring;
  [[nodiscard]] std::size_t push_burst(std::span<const event::Event> events) noexcept {
    return producer.push_burst(events);
  }
  [[nodiscard]] std::size_t size() const noexcept { return ring->size(); }
};

// Datagrams of many frames over several segments, in bursts so small that each is handed over piece
// by piece.
TEST(RxThreaded, WhoReadsAnEventsSenderMeetsNoWrite) {
  constexpr std::size_t kDatagrams = 50;
  constexpr std::size_t kFrames = 120;
  TestPool pool;
  ingest::PortContext port;
  port.udp_ports.insert(9001);
  port.pool = pool.get();
  ScriptedQueue queue;
  Bytes payload;
  for (std::size_t i = 0; i < kFrames; ++i) {
    const Bytes one = frame("topic", 3);
    payload.insert(payload.end(), one.begin(), one.end());
  }
  const Bytes packet = packet_of(payload);
  for (std::size_t i = 0; i < kDatagrams; ++i) {
    queue.state->packets.push_back(pool.packet(packet, {60, 300, 301, 900}));
  }
  OwnedRing<Ring> ring(64);
  control::FlowBoard flow;
  RxCounters counters;
  std::optional<ingest::RxStage<ScriptedQueue, Sink>> stage;
  make_stage(stage, {{queue, &port, event::Source::of_port(0, 0)}},
             Sink{Ring::Producer(*ring), ring.get()}, route::TopicHasher(1), flow, counters,
             {.burst = 8});

  std::vector<event::Event> events;
  std::size_t known = 0;
  std::thread reader([&] {
    while (events.size() < kDatagrams * kFrames) {
      const std::size_t count = ring->consume_burst(64, [&](const event::Event& event) {
        const auto peer = event::peer_address(event);
        known += peer && peer->is_v4() && event::peer_port(event) == 40000 ? 1U : 0U;
        events.push_back(event);
      });
      if (count == 0) std::this_thread::yield();
    }
  });
  for (std::uint64_t now = 1; counters.events_pushed.get() < kDatagrams * kFrames; ++now) {
    if (stage->poll(now) == 0) std::this_thread::yield();
  }
  reader.join();
  EXPECT_EQ(known, kDatagrams * kFrames);
  // Freed here and not in the reader, since the pool is not part of the test.
  for (const event::Event& event : events) event::free_segment(event.mbuf);
  EXPECT_TRUE(pool.whole());
}

}  // namespace
}  // namespace esc::test
