// From where a producer's events may come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "config/routes.hpp"
#include "wire/ip_prefix.hpp"

namespace esc::route {

/// Producers that are bound to sources. Immutable once built; any thread. Open addressing, at most
/// half full.
class ProducerBindings {
 public:
  /// No two producers of one id. `seed`: so that no sender can aim at one slot. Allocates.
  ProducerBindings(std::span<const config::ProducerConfig> producers, std::uint64_t seed);

  /// Where it must send from; nullptr: it is not bound.
  [[nodiscard]] const wire::PrefixSet* bound(std::uint64_t producer) const noexcept {
    // An empty slot ends every probe.
    for (std::uint64_t at = place_of(producer);; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.set == kNone) return nullptr;
      if (slot.producer == producer) return &sets_[slot.set];
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Slot {
    std::uint64_t producer = 0;
    std::uint32_t set = kNone;
  };

  /// Multiplied and folded twice: the finalizer of D. Stafford's mix 13, as in SplitMix64.
  [[nodiscard]] std::uint64_t place_of(std::uint64_t producer) const noexcept {
    std::uint64_t hash = producer ^ seed_;
    hash = (hash ^ hash >> 30) * 0xBF58476D1CE4E5B9U;
    hash = (hash ^ hash >> 27) * 0x94D049BB133111EBU;
    return (hash ^ hash >> 31) & mask_;
  }

  std::uint64_t seed_;
  std::uint64_t mask_;
  std::size_t size_;
  std::vector<Slot> slots_;
  std::vector<wire::PrefixSet> sets_;  ///< each kept once
};

}  // namespace esc::route
