// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/restamped_queue.hpp"

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include <utility>
#include <variant>

#include "base/start_error.hpp"
#include "config/trace.hpp"
#include "dpdk/port.hpp"

namespace esc::dpdk {
namespace {

/// The ids of two queues are never equal: the upper 16 bits say which queue it is, the others
/// count.
std::uint64_t first_id(std::uint16_t port, std::uint16_t queue) {
  return std::uint64_t{port} << 56U | std::uint64_t{queue} << 48U;
}

wire::PassStamps stamps_of(const PortSettings& settings, std::uint16_t queue,
                           const std::string& trace) {
  auto made = config::trace_stamps(trace, {.what = settings.restamp,
                                           .udp_ports = settings.udp_ports,
                                           .first_id = first_id(settings.index, queue),
                                           .keep_checksums = settings.software_checksums});
  if (const auto* problem = std::get_if<std::string>(&made)) {
    throw StartError(
        "port \"" + settings.label + "\": trace '" + trace + "' cannot be restamped: " + *problem,
        "leave port.restamp out, or build another trace with esc-replay");
  }
  return std::move(std::get<wire::PassStamps>(made));
}

std::uint16_t stamp_burst(std::uint16_t /*port*/, std::uint16_t /*queue*/, rte_mbuf** packets,
                          std::uint16_t count, std::uint16_t /*most*/, void* stamps) {
  auto* const of_queue = static_cast<wire::PassStamps*>(stamps);
  for (std::uint16_t i = 0; i < count; ++i) {
    of_queue->stamp(rte_pktmbuf_mtod(packets[i], std::uint8_t*));
  }
  return count;
}

}  // namespace

RestampedQueue::RestampedQueue(const PortSettings& settings, std::uint16_t port_id,
                               std::uint16_t queue_id, const std::string& trace)
    : port_id_(port_id),
      queue_id_(queue_id),
      stamps_(std::make_unique<wire::PassStamps>(stamps_of(settings, queue_id, trace))),
      callback_(rte_eth_add_rx_callback(port_id, queue_id, stamp_burst, stamps_.get())) {
  if (callback_ == nullptr) {
    throw StartError("port \"" + settings.label +
                         "\": its packets cannot be restamped: " + rte_strerror(rte_errno),
                     "leave port.restamp out");
  }
}

RestampedQueue::~RestampedQueue() {
  if (rte_eth_remove_rx_callback(port_id_, queue_id_, callback_) == 0) {
    rte_free(const_cast<rte_eth_rxtx_callback*>(callback_));
  }
}

}  // namespace esc::dpdk
