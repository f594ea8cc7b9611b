// SPDX-License-Identifier: BSD-3-Clause
// A lock-free stack of small numbers, for things that go round between lcores.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/align.hpp"
#include "ring/atomics.hpp"

namespace esc::ring {

/// Holds numbers from 0 to below the count of its links, each at most once. What stands for a
/// number (a buffer with that index, say) belongs to whoever popped it, until they push it again;
/// what was written to it before the push is seen after the pop.
///
/// Algorithm: R. K. Treiber's stack ("Coping with parallelism", 1986) with a tag beside the head,
/// as in IBM's System/370 Principles of Operation: the head changes with every operation, so that
/// a pop that was interrupted does not take a head for the one it has seen. The tag has 32 bits: a
/// pop would have to sleep through exactly four billion operations.
///
/// Threads: any. Nobody waits for a thread that was interrupted in an operation; a loop goes round
/// again only because another thread's operation succeeded.
template <class Atomics = StdAtomics>
class IndexStack {
 public:
  using Link = typename Atomics::template atomic<std::uint64_t>;

  /// `links`: as many as there are numbers; they outlive it, and any values will do.
  explicit IndexStack(Link* links) noexcept : links_(links), head_(0) {}

  void push(std::uint32_t index) noexcept {
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    do {
      // Relaxed: the release below makes it visible with the head that leads to it.
      links_[index].store(place(head), std::memory_order_relaxed);
      // Release: pairs with the acquires in pop(), also through the heads that others put there
      // meanwhile, which continue its release sequence.
    } while (!head_.compare_exchange_weak(head, after(head, index + 1), std::memory_order_release,
                                          std::memory_order_relaxed));
  }

  /// nullopt: it is empty.
  [[nodiscard]] std::optional<std::uint32_t> pop() noexcept {
    std::uint64_t head = head_.load(std::memory_order_acquire);
    while (place(head) != 0) {
      // Relaxed: if somebody has popped that number meanwhile, and perhaps writes this link anew,
      // the head's tag has changed, and what is read here is thrown away.
      const std::uint64_t below = links_[place(head) - 1].load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(head, after(head, static_cast<std::uint32_t>(below)),
                                      std::memory_order_acquire, std::memory_order_acquire)) {
        return place(head) - 1;
      }
    }
    return std::nullopt;
  }

  /// Calls f(std::uint32_t number) on each, from the top on. While nobody uses the stack.
  template <class F>
  void for_each(F&& f) const {
    std::uint64_t above = head_.load(std::memory_order_relaxed);
    for (std::uint32_t at = place(above); at != 0; at = place(above)) {
      f(at - 1);
      above = links_[at - 1].load(std::memory_order_relaxed);
    }
  }

 private:
  // Low half: the number on top, plus 1; 0: none. High half: the tag.
  [[nodiscard]] static std::uint32_t place(std::uint64_t head) noexcept {
    return static_cast<std::uint32_t>(head);
  }
  [[nodiscard]] static std::uint64_t after(std::uint64_t head, std::uint32_t place) noexcept {
    return ((head >> 32U) + 1) << 32U | place;
  }

  Link* links_;
  alignas(kLinePairBytes) Link head_;
};

}  // namespace esc::ring
