// SPDX-License-Identifier: BSD-3-Clause
// Where the frames of a datagram with plain headers lie.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

namespace esc::intake {

/// Its mbuf is one segment, direct, and nobody else has it. Before its frames lie the packet's
/// headers, 42 bytes or more. The frames have wire::PlainFrames::kFewestBytes or more.
struct PlainDatagram {
  rte_mbuf* mbuf = nullptr;
  std::uint16_t offset = 0;  ///< of its first byte, counted from the mbuf itself
  std::uint16_t bytes = 0;   ///< 0: the packet is not plain, and this is no datagram
  bool over_ipv4 = false;    ///< else over IPv6; for whoever checks its checksums

  explicit operator bool() const noexcept { return bytes != 0; }
  [[nodiscard]] const std::uint8_t* frames() const noexcept {
    return reinterpret_cast<const std::uint8_t*>(mbuf) + offset;
  }
  /// The same offset, counted from the packet's first byte.
  [[nodiscard]] std::uint32_t packet_offset() const noexcept {
    return static_cast<std::uint32_t>(frames() - rte_pktmbuf_mtod(mbuf, const std::uint8_t*));
  }
};
static_assert(sizeof(PlainDatagram) == 16);

}  // namespace esc::intake
