// SPDX-License-Identifier: BSD-3-Clause
// Checks on the memory a ring is built in. Start-up only: these throw.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>

#include "base/align.hpp"

namespace esc::ring::detail {

/// `slots` as given, if its size is a power of two and it begins at a cache line; else throws
/// std::invalid_argument.
template <class Slot>
[[nodiscard]] std::span<Slot> checked_slots(std::span<Slot> slots) {
  if (!is_power_of_two(slots.size())) {
    throw std::invalid_argument("ring capacity must be a power of two");
  }
  if (std::bit_cast<std::uintptr_t>(slots.data()) % kCacheLineBytes != 0) {
    throw std::invalid_argument("ring memory must begin at a cache line");
  }
  return slots;
}

/// Begins the lifetime of as many slots as fit into `memory`, which the caller keeps owning and
/// keeps alive. Throws std::invalid_argument if `memory` is misaligned for a slot.
template <class Slot>
[[nodiscard]] std::span<Slot> make_slots(std::span<std::byte> memory) {
  if (std::bit_cast<std::uintptr_t>(memory.data()) % alignof(Slot) != 0) {
    throw std::invalid_argument("ring memory is not aligned for its slots");
  }
  const std::size_t count = memory.size() / sizeof(Slot);
  auto* first = reinterpret_cast<Slot*>(memory.data());
  std::uninitialized_value_construct_n(first, count);
  return {std::launder(first), count};
}

}  // namespace esc::ring::detail
