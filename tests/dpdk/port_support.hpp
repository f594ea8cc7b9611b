// SPDX-License-Identifier: BSD-3-Clause
// Ports over virtual devices, under names that no other test has used: EAL keeps a device's name
// once it was probed.
#pragma once

#include <gtest/gtest.h>
#include <rte_ring.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/device.hpp"
#include "dpdk/port.hpp"
#include "event/poison.hpp"
#include "support/mbufs.hpp"

namespace esc::test {

[[nodiscard]] inline dpdk::PortSettings settings_for(const std::string& driver,
                                                     const std::string& arguments = {}) {
  static std::uint16_t next = 100;
  dpdk::PortSettings settings;
  settings.index = next++;
  settings.label = "test" + std::to_string(settings.index);
  settings.device_name = driver + std::to_string(settings.index);
  settings.device = settings.device_name + (arguments.empty() ? "" : "," + arguments);
  const auto parsed = config::parse_device(settings.device);
  if (const auto* device = std::get_if<config::Device>(&parsed)) {
    settings.interfaces = config::interfaces(*device);
    settings.traces = config::traces(*device);
  }
  settings.pool_mbufs = 4095;
  settings.lossless = true;
  return settings;
}

[[nodiscard]] inline bool is_whole(const dpdk::Pool& pool) {
  const dpdk::PoolCount count = pool.count();
  return count.mbufs == pool.size() && count.repeated == 0;
}

/// The ring behind the first queue of a net_ring device, which makes it when it is probed and, for
/// want of a name of our own, calls it after itself.
[[nodiscard]] inline rte_ring* ring_behind(const dpdk::Port& port) {
  return rte_ring_lookup(("ETH_RXTX0_" + port.settings().device_name).c_str());
}

/// Puts the packet into the ring twice: in one piece, and in segments of 7 bytes.
inline void enqueue_whole_and_cut(rte_ring* ring, const TestPool& pool, const Bytes& packet) {
  std::vector<std::size_t> cuts;
  for (std::size_t cut = 7; cut < packet.size(); cut += 7) cuts.push_back(cut);
  EXPECT_EQ(rte_ring_enqueue(ring, pool.packet(packet)), 0);
  EXPECT_EQ(rte_ring_enqueue(ring, pool.packet(packet, cuts)), 0);
}

/// Receives until nothing came `idle_rounds` times in a row, or `most` packets are there.
[[nodiscard]] inline std::vector<rte_mbuf*> receive_all(const dpdk::RxQueue& queue,
                                                        std::size_t most = SIZE_MAX,
                                                        unsigned idle_rounds = 10) {
  std::vector<rte_mbuf*> all;
  for (unsigned idle = 0; idle < idle_rounds && all.size() < most;) {
    std::array<rte_mbuf*, 32> burst{};
    const std::size_t count = queue.receive(burst);
    idle = count == 0 ? idle + 1 : 0;
    all.insert(all.end(), burst.begin(), burst.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return all;
}

inline void free_all(std::vector<rte_mbuf*> packets) {
  for (rte_mbuf* packet : packets) event::free_packet(packet);
}

}  // namespace esc::test
