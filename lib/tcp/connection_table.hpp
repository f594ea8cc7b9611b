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
  bool ending = false;          ///< its sender has sent all, or it failed: reads tell which
  bool sends_much = false;      ///< the last read filled a good part of a buffer
  bool has_frames = false;      ///< its buffer has whole frames that are not read
};

/// A place is used again by a later connection, which then has another generation: who still holds
/// the number of an earlier one is told apart. Nothing is allocated after construction. Thread: the
/// TCP role's lcore.
class ConnectionTable {
 public:
  /// `places`: at most event::Source::kConnectionSlots.
  explicit ConnectionTable(std::size_t places) : places_(places) {
    free_.reserve(places);
    for (std::size_t i = places; i-- > 0;) free_.push_back(static_cast<std::uint32_t>(i));
  }

  [[nodiscard]] std::size_t size() const noexcept { return places_.size() - free_.size(); }
  [[nodiscard]] bool full() const noexcept { return free_.empty(); }

  /// Which place it gets; not full().
  std::uint32_t add(FileDescriptor socket, const intake::StreamPeer& peer,
                    std::uint64_t now) noexcept {
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    Place& place = places_[slot];
    place.connection.emplace(Connection{
        .socket = std::move(socket), .buffer = intake::StreamBuffer(peer), .heard_tsc = now});
    return slot;
  }
  /// Closes the socket; the buffer has been released.
  void close(std::uint32_t slot) noexcept {
    Place& place = places_[slot];
    place.connection.reset();
    place.generation = (place.generation + 1) % event::Source::kGenerations;
    free_.push_back(slot);
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
    return static_cast<std::size_t>(std::ranges::count_if(places_, [&](const Place& place) {
      return place.connection && place.connection->buffer.peer().address == address;
    }));
  }
  [[nodiscard]] std::size_t places() const noexcept { return places_.size(); }

 private:
  struct Place {
    std::optional<Connection> connection;
    std::uint32_t generation = 0;
  };
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
};

}  // namespace esc::tcp
