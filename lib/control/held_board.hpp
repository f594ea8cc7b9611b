// SPDX-License-Identifier: BSD-3-Clause
// How many events of each connection wait in a dispatcher: what the TCP roles have to know before
// they read more from a connection.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace esc::control {

/// By connection slot (event::Source::slot()); a connection that gets the slot of an earlier one
/// takes over what still waits of that. One writer, the dispatcher's lcore: add() and remove().
/// Readers: the TCP roles' lcores.
class HeldBoard {
 public:
  explicit HeldBoard(std::size_t slots) : held_(slots) {}

  [[nodiscard]] std::size_t slots() const noexcept { return held_.size(); }

  void add(std::uint32_t slot) noexcept { change(slot, 1); }
  void remove(std::uint32_t slot) noexcept { change(slot, UINT32_MAX); }

  /// Whoever has acquired that the dispatcher's input gave an event's cell back finds the event
  /// counted here if it waits.
  [[nodiscard]] std::uint32_t get(std::uint32_t slot) const noexcept {
    return held_[slot].load(std::memory_order_relaxed);
  }

 private:
  /// A load and a store are enough for one writer. Relaxed: ring::MpscRing::release() stores after
  /// it with release, and the reader loads that index with acquire before it calls get().
  void change(std::uint32_t slot, std::uint32_t by) noexcept {
    std::atomic<std::uint32_t>& held = held_[slot];
    held.store(held.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  std::vector<std::atomic<std::uint32_t>> held_;
};

}  // namespace esc::control
