// SPDX-License-Identifier: BSD-3-Clause
// Free mbufs in magazines: what one lcore takes and another gives back goes between them a magazine
// at a time.
#pragma once

#include <rte_lcore.h>
#include <rte_spinlock.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/align.hpp"
#include "ring/index_stack.hpp"

namespace esc::dpdk {

/// The free objects of a pool. Each lcore has two magazines, full, empty or in between; a depot has
/// the rest, which are full or empty. An lcore goes to the depot once in 64 objects at most, and
/// moves no object there, only a magazine. Last in, first out, as far as an lcore can tell.
///
/// Algorithm: J. Bonwick and J. Adams, "Magazines and vmem", USENIX 2001, with a depot of two
/// lock-free stacks.
///
/// Why not DPDK's lf_stack: it is a list of single objects, which both lcores walk element by
/// element, and each element comes from the other's cache (docs/measurements.md).
///
/// Threads: put() and get() any, each with its own lcore id; threads without one share a slot,
/// under a lock, and are no data path. count() any; for_each() while nobody uses the pool.
class Magazines {
 public:
  static constexpr std::uint32_t kRounds = 64;  ///< objects in a full magazine

  /// Bytes for a pool of that many objects.
  [[nodiscard]] static std::size_t bytes_for(std::size_t objects) noexcept;
  /// In `memory`, which is aligned to a pair of cache lines and has bytes_for(objects).
  /// Nothing is in it yet.
  [[nodiscard]] static Magazines* make(void* memory, std::size_t objects) noexcept;

  /// False: there are more objects than it was made for, and some of `objects` were not taken.
  [[nodiscard]] bool put(unsigned lcore_id, std::span<void* const> objects) noexcept;
  /// All of `objects`, or none: false.
  [[nodiscard]] bool get(unsigned lcore_id, std::span<void*> objects) noexcept;

  /// How many objects are in it. Exact while nobody uses the pool.
  [[nodiscard]] std::size_t count() const noexcept;
  /// Calls f(void* object) on each.
  template <class F>
  void for_each(F&& f) const {
    const auto in_one = [&](std::uint32_t magazine, std::uint32_t rounds) {
      for (std::uint32_t k = 0; k < rounds; ++k) f(bodies_[magazine].objects[k]);
    };
    full_.for_each([&](std::uint32_t magazine) { in_one(magazine, kRounds); });
    for (const Slot& slot : slots_) {
      in_one(slot.loaded, slot.loaded_rounds.load(std::memory_order_relaxed));
      in_one(slot.previous, slot.previous_rounds.load(std::memory_order_relaxed));
    }
  }

 private:
  struct alignas(kCacheLineBytes) Body {
    std::array<void*, kRounds> objects;
  };
  /// How many objects a magazine has. Relaxed: count() wants a number, and nothing that goes with
  /// it.
  using Rounds = std::atomic<std::uint32_t>;
  /// What one lcore has. Writer: that lcore. Reader of the atomics: count(). The previous magazine
  /// is full or empty, since the two change places only when the loaded one is.
  struct alignas(kLinePairBytes) Slot {
    std::uint32_t loaded = 0;
    std::uint32_t previous = 0;
    Rounds loaded_rounds{0};
    Rounds previous_rounds{0};
    /// Full magazines that it gave to the depot, less those that it took from there.
    std::atomic<std::int64_t> given{0};
  };
  using Link = ring::IndexStack<>::Link;

  static constexpr std::size_t kSlots = RTE_MAX_LCORE + 1;

  Magazines(std::byte* memory, std::size_t magazines) noexcept;
  [[nodiscard]] static std::size_t magazines_for(std::size_t objects) noexcept;
  [[nodiscard]] static Link* links_in(std::byte* memory, std::size_t magazines) noexcept;

  /// Calls use(Slot&) with the slot of that lcore, or with the others' under its lock.
  template <class Use>
  [[nodiscard]] bool with_slot(unsigned lcore_id, Use&& use) noexcept;
  bool put_into(Slot& slot, std::span<void* const> objects) noexcept;
  bool get_from(Slot& slot, std::span<void*> objects) noexcept;
  [[nodiscard]] bool load_empty(Slot& slot) noexcept;
  [[nodiscard]] bool load_full(Slot& slot) noexcept;
  static void change_places(Slot& slot) noexcept;
  static void note_given(Slot& slot, std::int64_t magazines) noexcept;

  Body* bodies_;
  ring::IndexStack<> full_;
  ring::IndexStack<> empty_;
  rte_spinlock_t others_ = RTE_SPINLOCK_INITIALIZER;  ///< for threads without an lcore id
  std::array<Slot, kSlots> slots_;
};

/// What the mempool operations are called.
inline constexpr const char* kMagazineOps = "esc_magazines";

/// Makes Magazines known to DPDK as a way in which a mempool keeps its free objects; the name of
/// the operations. Main lcore, before the first pool; again is no harm.
[[nodiscard]] const char* register_magazine_ops();

}  // namespace esc::dpdk
