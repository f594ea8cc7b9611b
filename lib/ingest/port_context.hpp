// What the RX stage knows about a port.
#pragma once

#include <cstdint>

#include "config/config.hpp"
#include "event/event.hpp"
#include "wire/frame.hpp"
#include "wire/packet.hpp"

struct rte_mempool;

namespace esc::ingest {

/// Constant once traffic flows; shared by the queues of a port.
struct PortContext {
  wire::PortSet udp_ports;
  config::Checksum checksum = config::Checksum::kVerify;
  wire::FrameLimits limits;
  std::uint16_t index = 0;  ///< in the configuration
  bool lossless = false;    ///< keeps its packets while it is not polled, however long
  bool own_mbufs = true;    ///< received mbufs come from `pool`: they may go back to it as they are
  rte_mempool* pool = nullptr;        ///< for frames that span segments and fit one of its mbufs
  rte_mempool* jumbo_pool = nullptr;  ///< for those that do not; may be null
};

}  // namespace esc::ingest
