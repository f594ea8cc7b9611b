// Who sent an event. Most events lie behind the packet's own headers; for the others the address is
// kept in their mbuf's headroom.
#pragma once

#include <rte_mbuf.h>

#include <cstring>
#include <optional>

#include "event/event.hpp"
#include "wire/source_address.hpp"

namespace esc::event {

/// For an event whose mbuf does not begin with its packet's headers: keeps the address with it.
/// Where there is no room for it the event's peer is unknown. Thread: the RX lcore.
inline void note_peer(Event& event, const std::optional<wire::IpAddress>& address) noexcept {
  event.flags |= kPeerNoted;
  if (!address || rte_pktmbuf_headroom(event.mbuf) < sizeof address->bytes) {
    event.flags |= kPeerUnknown;
    return;
  }
  std::memcpy(event.mbuf->buf_addr, address->bytes.data(), sizeof address->bytes);
}

/// None: it is not known. Whoever holds the event.
[[nodiscard]] inline std::optional<wire::IpAddress> peer_address(const Event& event) noexcept {
  if (event.has(kPeerUnknown)) return std::nullopt;
  if (event.has(kPeerNoted)) {
    wire::IpAddress address;
    std::memcpy(address.bytes.data(), event.mbuf->buf_addr, sizeof address.bytes);
    return address;
  }
  return wire::source_address(
      {rte_pktmbuf_mtod(event.mbuf, const std::uint8_t*), event.mbuf->data_len});
}

}  // namespace esc::event
