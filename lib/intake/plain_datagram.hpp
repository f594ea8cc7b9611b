// SPDX-License-Identifier: BSD-3-Clause
// A datagram that is plain by its headers: where its frames lie.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

namespace esc::intake {

/// Its mbuf is one segment, direct and nobody else's too; its frames lie behind the headers of its
/// packet, of which there are 42 bytes or more, and have wire::PlainFrames::kFewestBytes or more.
struct PlainDatagram {
  rte_mbuf* mbuf = nullptr;
  std::uint16_t offset = 0;  ///< of its first byte, counted from the mbuf itself
  std::uint16_t bytes = 0;   ///< 0: there is none, but a packet that is not plain

  explicit operator bool() const noexcept { return bytes != 0; }
  [[nodiscard]] const std::uint8_t* frames() const noexcept {
    return reinterpret_cast<const std::uint8_t*>(mbuf) + offset;
  }
  /// The same offset, counted from the packet's first byte.
  [[nodiscard]] std::uint32_t packet_offset() const noexcept {
    return static_cast<std::uint32_t>(frames() - rte_pktmbuf_mtod(mbuf, const std::uint8_t*));
  }
};

}  // namespace esc::intake
