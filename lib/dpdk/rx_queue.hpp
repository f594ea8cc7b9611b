// SPDX-License-Identifier: BSD-3-Clause
// One receive queue of one port, as the RX lcore sees it.
#pragma once

#include <rte_ethdev.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace esc::dpdk {

/// Thread: the one RX lcore that polls it.
class RxQueue {
 public:
  RxQueue(std::uint16_t port_id, std::uint16_t queue_id, bool lossless, bool counts_descriptors,
          std::uint16_t descriptors) noexcept
      : port_id_(port_id),
        queue_id_(queue_id),
        lossless_(lossless),
        counts_descriptors_(counts_descriptors),
        half_full_(static_cast<std::uint16_t>(descriptors / 2)) {}

  /// Up to out.size() packets; the caller owns what it gets.
  [[nodiscard]] std::size_t receive(std::span<rte_mbuf*> out) const noexcept {
    return rte_eth_rx_burst(port_id_, queue_id_, out.data(),
                            static_cast<std::uint16_t>(out.size()));
  }

  /// Whether packets may be left where they are for now: the device cannot lose them, or its ring
  /// is under half full.
  [[nodiscard]] bool can_wait() const noexcept {
    if (lossless_) return true;
    if (!counts_descriptors_) return false;
    const int used = rte_eth_rx_queue_count(port_id_, queue_id_);
    return used >= 0 && used < half_full_;
  }

 private:
  std::uint16_t port_id_;
  std::uint16_t queue_id_;
  bool lossless_;
  bool counts_descriptors_;
  std::uint16_t half_full_;
};

}  // namespace esc::dpdk
