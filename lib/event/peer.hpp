// SPDX-License-Identifier: BSD-3-Clause
// Who sent an event. Most events lie behind the packet's own headers; for the others the address is
// kept in their mbuf's headroom.
#pragma once

#include <rte_mbuf.h>

#include <cstring>
#include <optional>

#include "event/event.hpp"
#include "wire/source_address.hpp"

namespace esc::event {

/// What the note takes of an mbuf's headroom: the address, then the port.
inline constexpr std::size_t kPeerNoteBytes =
    sizeof(wire::IpAddress::bytes) + sizeof(std::uint16_t);

/// For an mbuf that does not begin with its packet's headers: keeps the sender's address and UDP
/// port in it, and returns the flags that every event in it has to have. Where there is no room for
/// them the peer is unknown. Thread: the RX lcore. Called once for each mbuf, before its first
/// event is handed over: from then on other lcores read the note.
[[nodiscard]] inline std::uint8_t note_peer(rte_mbuf& mbuf,
                                            const std::optional<wire::IpAddress>& address,
                                            std::uint16_t port = 0) noexcept {
  if (!address || rte_pktmbuf_headroom(&mbuf) < kPeerNoteBytes) return kPeerNoted | kPeerUnknown;
  auto* note = static_cast<std::uint8_t*>(mbuf.buf_addr);
  std::memcpy(note, address->bytes.data(), sizeof address->bytes);
  std::memcpy(note + sizeof address->bytes, &port, sizeof port);
  return kPeerNoted;
}

/// The sender's address; nullopt: it is not known. Called by whoever holds the event.
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

/// The sender's UDP port; 0: it is not known. Called by whoever holds the event. It reads all the
/// headers of the packet, more than peer_address() does: only for what is rare.
[[nodiscard]] inline std::uint16_t peer_port(const Event& event) noexcept {
  if (event.has(kPeerUnknown)) return 0;
  if (event.has(kPeerNoted)) {
    std::uint16_t port = 0;
    const auto* note = static_cast<const std::uint8_t*>(event.mbuf->buf_addr);
    std::memcpy(&port, note + sizeof(wire::IpAddress::bytes), sizeof port);
    return port;
  }
  return wire::source_port(
             {rte_pktmbuf_mtod(event.mbuf, const std::uint8_t*), event.mbuf->data_len})
      .value_or(0);
}

/// Whether its sender is one of `sources`. Called by whoever holds the event.
[[nodiscard]] inline bool is_from(const Event& event, const wire::PrefixSet& sources) noexcept {
  const auto peer = peer_address(event);
  return peer && sources.contains(*peer);
}

}  // namespace esc::event
