// SPDX-License-Identifier: BSD-3-Clause
// A queue that plays a trace without end and gives its packets new numbers on each pass.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "wire/pass_stamps.hpp"

struct rte_eth_rxtx_callback;

namespace esc::dpdk {

struct PortSettings;

/// A receive callback of ethdev, so that queues without one pay nothing for it. net_pcap with
/// infinite_rx=1 hands out copies of its trace's packets, always in the trace's order: when its
/// pool is empty it hands out nothing and skips nothing. So counting the packets tells which packet
/// of the trace each one is.
///
/// Thread: main lcore, while nobody polls the queue; it stamps on the lcore that polls.
class RestampedQueue {
 public:
  /// Reads the trace. Throws StartError: it cannot be read, or cannot go on for ever.
  RestampedQueue(const PortSettings& settings, std::uint16_t port_id, std::uint16_t queue_id,
                 const std::string& trace);
  /// The port must still be open.
  ~RestampedQueue();
  RestampedQueue(const RestampedQueue&) = delete;
  RestampedQueue& operator=(const RestampedQueue&) = delete;

 private:
  std::uint16_t port_id_;
  std::uint16_t queue_id_;
  std::unique_ptr<wire::PassStamps> stamps_;
  const rte_eth_rxtx_callback* callback_ = nullptr;
};

}  // namespace esc::dpdk
