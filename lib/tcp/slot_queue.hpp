// SPDX-License-Identifier: BSD-3-Clause
// Queues of connections that wait for their turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace esc::tcp {

/// Which queue each connection slot is in: none or one of kQueues, each first in, first out.
/// Nothing is allocated after construction. Thread: the TCP role's lcore.
template <class Queue, std::size_t kQueues>
class SlotQueues {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  explicit SlotQueues(std::size_t slots) : places_(slots) {}

  [[nodiscard]] std::size_t size(Queue queue) const noexcept { return of(queue).size; }
  [[nodiscard]] bool empty(Queue queue) const noexcept { return of(queue).size == 0; }
  [[nodiscard]] bool waits(std::uint32_t slot) const noexcept { return places_[slot].waits; }

  /// The slot is in no queue.
  void push(Queue queue, std::uint32_t slot) noexcept {
    Ends& ends = of(queue);
    places_[slot] = {kNone, true};
    (ends.size == 0 ? ends.first : places_[ends.last].next) = slot;
    ends.last = slot;
    ++ends.size;
  }
  /// Not empty.
  std::uint32_t pop(Queue queue) noexcept {
    Ends& ends = of(queue);
    const std::uint32_t slot = ends.first;
    ends.first = places_[slot].next;
    --ends.size;
    places_[slot].waits = false;
    return slot;
  }

 private:
  struct Place {
    std::uint32_t next = kNone;
    bool waits = false;
  };
  struct Ends {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
    std::size_t size = 0;
  };
  [[nodiscard]] Ends& of(Queue queue) noexcept { return ends_[static_cast<std::size_t>(queue)]; }
  [[nodiscard]] const Ends& of(Queue queue) const noexcept {
    return ends_[static_cast<std::size_t>(queue)];
  }

  std::vector<Place> places_;
  Ends ends_[kQueues];
};

}  // namespace esc::tcp
