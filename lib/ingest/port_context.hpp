// SPDX-License-Identifier: BSD-3-Clause
// What the RX stage knows about a port.
#pragma once

#include <cstdint>

#include "config/config.hpp"
#include "intake/frame_source.hpp"
#include "wire/packet.hpp"

namespace esc::ingest {

/// Constant once traffic flows; shared by the queues of a port.
struct PortContext : intake::FrameSource {
  wire::PortSet udp_ports;
  config::Checksum checksum = config::Checksum::kVerify;
  bool lossless = false;  ///< keeps its packets while it is not polled, however long
};

}  // namespace esc::ingest
