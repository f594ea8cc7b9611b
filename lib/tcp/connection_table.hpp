// SPDX-License-Identifier: BSD-3-Clause
// The open connections of a TCP role: a bounded number of places.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/file_descriptor.hpp"
#include "event/event.hpp"
#include "intake/stream_buffer.hpp"

namespace esc::tcp {

struct Connection {
  FileDescriptor socket;
  intake::StreamBuffer buffer;
  std::uint64_t heard_tsc = 0;  ///< when bytes came last, or when it was accepted
  std::uint64_t begun_tsc = 0;  ///< when the frame began that has not ended; 0: none
  bool readable = true;         ///< the kernel may have bytes of it
  bool more = false;            ///< only a read that finds nothing says that there is no more
  bool sends_much = false;      ///< the last read filled a good part of a buffer
  bool has_frames = false;      ///< its buffer has whole frames that are not read
};

/// A place is used again by a later connection, which then has another generation: who still holds
/// the number of an earlier one is told apart. Nothing is allocated after construction. Thread: the
/// TCP role's lcore.
class ConnectionTable {
 public:
  /// `places`: at most event::Source::kConnectionSlots.
  explicit ConnectionTable(std::size_t places)
      : places_(places), peers_(places), free_(places), free_count_(places) {
    for (std::size_t i = 0; i < places; ++i) free_[i] = static_cast<std::uint32_t>(i);
  }

  [[nodiscard]] std::size_t size() const noexcept { return places_.size() - free_count_; }
  [[nodiscard]] bool full() const noexcept { return free_count_ == 0; }

  /// Which place it gets; not full().
  std::uint32_t add(FileDescriptor socket, const intake::StreamPeer& peer,
                    std::uint64_t now) noexcept {
    const std::uint32_t slot = free_[first_free_];
    first_free_ = first_free_ + 1 == free_.size() ? 0 : first_free_ + 1;
    --free_count_;
    peers_[slot] = peer.address.value_or(wire::IpAddress{});
    Place& place = places_[slot];
    place.connection.emplace(Connection{
        .socket = std::move(socket), .buffer = intake::StreamBuffer(peer), .heard_tsc = now});
    return slot;
  }
  /// Closes the socket; the buffer has been released.
  void close(std::uint32_t slot) noexcept {
    Place& place = places_[slot];
    place.connection.reset();
    peers_[slot] = {};
    place.generation = (place.generation + 1) % event::Source::kGenerations;
    free_[(first_free_ + free_count_++) % free_.size()] = slot;
  }

  /// Of an open connection.
  [[nodiscard]] Connection& operator[](std::uint32_t slot) noexcept {
    return *places_[slot].connection;
  }
  [[nodiscard]] std::uint32_t generation(std::uint32_t slot) const noexcept {
    return places_[slot].generation;
  }
  [[nodiscard]] bool is_open(std::uint32_t slot) const noexcept {
    return places_[slot].connection.has_value();
  }
  /// How many are open from this address.
  [[nodiscard]] std::size_t count_from(const wire::IpAddress& address) const noexcept {
    return static_cast<std::size_t>(std::ranges::count(peers_, address));
  }
  [[nodiscard]] std::size_t places() const noexcept { return places_.size(); }

 private:
  struct Place {
    std::optional<Connection> connection;
    std::uint32_t generation = 0;
  };
  std::vector<Place> places_;
  /// Side by side, since somebody who connects over and over makes the role look through them each
  /// time. Unspecified: nobody is there, or its address is not known.
  std::vector<wire::IpAddress> peers_;
  /// A ring: the place that was free for longest comes first. What an earlier connection left in
  /// flight counts against its place, and most likely has ended by then.
  std::vector<std::uint32_t> free_;
  std::size_t first_free_ = 0;
  std::size_t free_count_;
};

}  // namespace esc::tcp
