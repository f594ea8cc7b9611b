// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/magazines.hpp"

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mempool.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace esc::dpdk {

// Two for each slot, as many as the objects fill, and one for each slot that is just about to give
// an empty one back: so put() always finds an empty one.
std::size_t Magazines::magazines_for(std::size_t objects) noexcept {
  return 3 * kSlots + (objects + kRounds - 1) / kRounds;
}

std::size_t Magazines::bytes_for(std::size_t objects) noexcept {
  const std::size_t magazines = magazines_for(objects);
  return sizeof(Magazines) + magazines * (sizeof(Body) + 2 * sizeof(Link));
}

Magazines* Magazines::make(void* memory, std::size_t objects) noexcept {
  auto* bytes = static_cast<std::byte*>(memory);
  return new (bytes) Magazines(bytes + sizeof(Magazines), magazines_for(objects));
}

Magazines::Magazines(std::byte* memory, std::size_t magazines) noexcept
    : bodies_(reinterpret_cast<Body*>(memory)),
      full_(links_in(memory, magazines)),
      empty_(links_in(memory, magazines) + magazines) {
  std::uninitialized_default_construct_n(bodies_, magazines);
  std::uninitialized_value_construct_n(links_in(memory, magazines), 2 * magazines);
  std::uint32_t next = 0;
  for (Slot& slot : slots_) {
    slot.loaded = next++;
    slot.previous = next++;
  }
  while (next < magazines) empty_.push(next++);
}

Magazines::Link* Magazines::links_in(std::byte* memory, std::size_t magazines) noexcept {
  return reinterpret_cast<Link*>(memory + magazines * sizeof(Body));
}

template <class Use>
bool Magazines::with_slot(unsigned lcore_id, Use&& use) noexcept {
  if (lcore_id < RTE_MAX_LCORE) [[likely]]
    return use(slots_[lcore_id]);
  rte_spinlock_lock(&others_);
  const bool done = use(slots_.back());
  rte_spinlock_unlock(&others_);
  return done;
}

bool Magazines::put(unsigned lcore_id, std::span<void* const> objects) noexcept {
  return with_slot(lcore_id, [&](Slot& slot) { return put_into(slot, objects); });
}

bool Magazines::get(unsigned lcore_id, std::span<void*> objects) noexcept {
  return with_slot(lcore_id, [&](Slot& slot) { return get_from(slot, objects); });
}

bool Magazines::put_into(Slot& slot, std::span<void* const> objects) noexcept {
  while (!objects.empty()) {
    std::uint32_t rounds = slot.loaded_rounds.load(std::memory_order_relaxed);
    if (rounds == kRounds) {
      if (!load_empty(slot)) return false;
      rounds = 0;
    }
    const std::size_t count = std::min<std::size_t>(objects.size(), kRounds - rounds);
    std::memcpy(&bodies_[slot.loaded].objects[rounds], objects.data(), count * sizeof(void*));
    slot.loaded_rounds.store(rounds + static_cast<std::uint32_t>(count), std::memory_order_relaxed);
    objects = objects.subspan(count);
  }
  return true;
}

void Magazines::change_places(Slot& slot) noexcept {
  std::swap(slot.loaded, slot.previous);
  const std::uint32_t rounds = slot.loaded_rounds.load(std::memory_order_relaxed);
  slot.loaded_rounds.store(slot.previous_rounds.load(std::memory_order_relaxed),
                           std::memory_order_relaxed);
  slot.previous_rounds.store(rounds, std::memory_order_relaxed);
}

void Magazines::note_given(Slot& slot, std::int64_t magazines) noexcept {
  slot.given.store(slot.given.load(std::memory_order_relaxed) + magazines,
                   std::memory_order_relaxed);
}

// The loaded one is full.
bool Magazines::load_empty(Slot& slot) noexcept {
  if (slot.previous_rounds.load(std::memory_order_relaxed) != 0) {
    const auto empty = empty_.pop();
    if (!empty) return false;
    full_.push(slot.previous);
    note_given(slot, 1);
    slot.previous = *empty;
    slot.previous_rounds.store(0, std::memory_order_relaxed);
  }
  change_places(slot);
  return true;
}

bool Magazines::get_from(Slot& slot, std::span<void*> objects) noexcept {
  std::size_t taken = 0;
  while (taken < objects.size()) {
    std::uint32_t rounds = slot.loaded_rounds.load(std::memory_order_relaxed);
    if (rounds == 0) {
      if (!load_full(slot)) {
        // They came from here: there is room for them.
        [[maybe_unused]] const bool back = put_into(slot, objects.first(taken));
        return false;
      }
      rounds = slot.loaded_rounds.load(std::memory_order_relaxed);
    }
    const auto count =
        static_cast<std::uint32_t>(std::min<std::size_t>(objects.size() - taken, rounds));
    std::memcpy(&objects[taken], &bodies_[slot.loaded].objects[rounds - count],
                count * sizeof(void*));
    slot.loaded_rounds.store(rounds - count, std::memory_order_relaxed);
    taken += count;
  }
  return true;
}

// The loaded one is empty.
bool Magazines::load_full(Slot& slot) noexcept {
  if (slot.previous_rounds.load(std::memory_order_relaxed) == 0) {
    const auto full = full_.pop();
    if (!full) return false;
    note_given(slot, -1);
    empty_.push(slot.previous);
    slot.previous = *full;
    slot.previous_rounds.store(kRounds, std::memory_order_relaxed);
  }
  change_places(slot);
  return true;
}

// While lcores go to the depot, the slots are read at different moments, and the sum of what they
// gave may be off by a magazine for each of them, or below 0.
std::size_t Magazines::count() const noexcept {
  std::int64_t full = 0;
  std::size_t objects = 0;
  for (const Slot& slot : slots_) {
    full += slot.given.load(std::memory_order_relaxed);
    objects += slot.loaded_rounds.load(std::memory_order_relaxed) +
               slot.previous_rounds.load(std::memory_order_relaxed);
  }
  return objects + static_cast<std::size_t>(std::max<std::int64_t>(full, 0)) * kRounds;
}

namespace {

Magazines& of(const rte_mempool* pool) {
  return *static_cast<Magazines*>(pool->pool_data);
}

int alloc(rte_mempool* pool) {
  void* memory = rte_zmalloc_socket("esc magazines", Magazines::bytes_for(pool->size),
                                    kLinePairBytes, pool->socket_id);
  if (memory == nullptr) return -ENOMEM;
  pool->pool_data = Magazines::make(memory, pool->size);
  return 0;
}
void free(rte_mempool* pool) {
  rte_free(pool->pool_data);
}
int enqueue(rte_mempool* pool, void* const* objects, unsigned count) {
  return of(pool).put(rte_lcore_id(), {objects, count}) ? 0 : -ENOBUFS;
}
int dequeue(rte_mempool* pool, void** objects, unsigned count) {
  return of(pool).get(rte_lcore_id(), {objects, count}) ? 0 : -ENOENT;
}
unsigned get_count(const rte_mempool* pool) {
  return static_cast<unsigned>(of(pool).count());
}

}  // namespace

const char* register_magazine_ops() {
  static rte_mempool_ops ops = [] {
    rte_mempool_ops made{};
    std::strncpy(made.name, kMagazineOps, sizeof(made.name) - 1);
    made.alloc = &alloc;
    made.free = &free;
    made.enqueue = &enqueue;
    made.dequeue = &dequeue;
    made.get_count = &get_count;
    return made;
  }();
  static const int registered = rte_mempool_register_ops(&ops);
  return registered >= 0 ? ops.name : "lf_stack";
}

}  // namespace esc::dpdk
