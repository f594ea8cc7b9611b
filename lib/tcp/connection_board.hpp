// SPDX-License-Identifier: BSD-3-Clause
// What anybody may see of each open connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/align.hpp"
#include "base/reasons.hpp"
#include "intake/stream_buffer.hpp"
#include "telemetry/counter.hpp"
#include "wire/byte_order.hpp"

namespace esc::tcp {

/// A connection at one moment.
struct ConnectionView {
  std::uint32_t slot = 0;  ///< among its role's
  intake::StreamPeer peer;
  std::uint64_t accepted_tsc = 0;
  std::uint64_t heard_tsc = 0;  ///< when bytes came last, or when it was accepted
  std::uint64_t bytes = 0;
  std::uint64_t events = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(FrameDrop::kCount)> refused{};
  std::uint64_t paused_cycles = 0;  ///< waiting until what it sent had moved on; this time included
  bool paused = false;
  std::optional<std::uint64_t> producer{};  ///< of the session that numbers its frames
};

/// By slot. Writer: the TCP role's lcore. read(): any thread.
class ConnectionBoard {
 public:
  explicit ConnectionBoard(std::size_t slots) : places_(slots) {}

  void open(std::uint32_t slot, const intake::StreamPeer& peer, std::uint64_t now) noexcept {
    Place& place = places_[slot];
    place.peer_known.set(peer.address ? 1 : 0);
    place.peer_high.set(peer.address ? peer.address->high() : 0);
    place.peer_low.set(peer.address ? peer.address->low() : 0);
    place.peer_port.set(peer.port);
    place.accepted_tsc.set(now);
    place.heard_tsc.set(now);
    place.bytes.set(0);
    place.events.set(0);
    for (telemetry::Counter& count : place.refused) count.set(0);
    place.paused_cycles.set(0);
    place.paused_since.set(0);
    place.numbered.set(0);
    place.turn.add();  // odd: open
  }
  void close(std::uint32_t slot) noexcept { places_[slot].turn.add(); }

  void heard(std::uint32_t slot, std::size_t bytes, std::uint64_t now) noexcept {
    places_[slot].bytes.add(bytes);
    places_[slot].heard_tsc.set(now);
  }
  void took(std::uint32_t slot, std::size_t events) noexcept { places_[slot].events.add(events); }
  void refused(std::uint32_t slot, FrameDrop reason, std::uint64_t frames) noexcept {
    places_[slot].refused[static_cast<std::size_t>(reason)].add(frames);
  }
  void numbered(std::uint32_t slot, const wire::SessionCursor& session) noexcept {
    places_[slot].numbered.set(session.active() ? 1 : 0);
    if (session.active()) places_[slot].producer.set(session.producer());
  }
  /// The time from pause() to go_on() is paused; both may come again.
  void pause(std::uint32_t slot, std::uint64_t now) noexcept {
    if (places_[slot].paused_since.get() == 0) places_[slot].paused_since.set(now);
  }
  void go_on(std::uint32_t slot, std::uint64_t now) noexcept {
    Place& place = places_[slot];
    const std::uint64_t since = place.paused_since.get();
    if (since == 0) return;
    place.paused_cycles.add(now - since);
    place.paused_since.set(0);
  }

  [[nodiscard]] std::size_t slots() const noexcept { return places_.size(); }
  /// nullopt: no connection is open there, or it changes while it is looked at.
  [[nodiscard]] std::optional<ConnectionView> read(std::uint32_t slot,
                                                   std::uint64_t now) const noexcept {
    const Place& place = places_[slot];
    const std::uint64_t turn = place.turn.get();
    if (turn % 2 == 0) return std::nullopt;
    ConnectionView view{.slot = slot, .peer = peer_of(place)};
    view.accepted_tsc = place.accepted_tsc.get();
    view.heard_tsc = place.heard_tsc.get();
    view.bytes = place.bytes.get();
    view.events = place.events.get();
    for (std::size_t i = 0; i < view.refused.size(); ++i) view.refused[i] = place.refused[i].get();
    const std::uint64_t since = place.paused_since.get();
    view.paused = since != 0;
    view.paused_cycles = place.paused_cycles.get() + (since != 0 && now > since ? now - since : 0);
    if (place.numbered.get() != 0) view.producer = place.producer.get();
    // All of these loads acquire, so none of them is later than this one.
    return place.turn.get() == turn ? std::optional(view) : std::nullopt;
  }

 private:
  struct alignas(kCacheLineBytes) Place {
    telemetry::Counter turn;  ///< odd: a connection is open. Its other fields are of that one
    telemetry::Counter bytes;
    telemetry::Counter events;
    telemetry::Counter heard_tsc;
    telemetry::Counter paused_since;  ///< 0: it is not paused
    telemetry::Counter paused_cycles;
    telemetry::Counter numbered;  ///< 1: `producer` is of the session in force
    telemetry::Counter producer;
    telemetry::Counter accepted_tsc;
    telemetry::Counter peer_known;
    telemetry::Counter peer_high;
    telemetry::Counter peer_low;
    telemetry::Counter peer_port;
    std::array<telemetry::Counter, static_cast<std::size_t>(FrameDrop::kCount)> refused;
  };

  [[nodiscard]] static intake::StreamPeer peer_of(const Place& place) noexcept {
    intake::StreamPeer peer{.address = {},
                            .port = static_cast<std::uint16_t>(place.peer_port.get())};
    if (place.peer_known.get() == 0) return peer;
    peer.address.emplace();
    wire::store_be64(peer.address->bytes.data(), place.peer_high.get());
    wire::store_be64(peer.address->bytes.data() + 8, place.peer_low.get());
    return peer;
  }

  std::vector<Place> places_;
};

}  // namespace esc::tcp
