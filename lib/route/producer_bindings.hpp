// SPDX-License-Identifier: BSD-3-Clause
// From which addresses a producer's events may come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/mix.hpp"
#include "config/routes.hpp"
#include "wire/ip_prefix.hpp"

namespace esc::route {

/// Producers that are bound to sources. Immutable once built; any thread. Open addressing, at most
/// half full.
class ProducerBindings {
 public:
  /// No two producers have the same id. `seed`: a secret, so that no sender can choose producers
  /// that fall into one slot. Allocates.
  ProducerBindings(std::span<const config::ProducerConfig> producers, std::uint64_t seed);

  /// The addresses from which this producer must send; nullptr: it is not bound to any.
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

  [[nodiscard]] std::uint64_t place_of(std::uint64_t producer) const noexcept {
    return mixed(producer ^ seed_) & mask_;
  }

  std::uint64_t seed_;
  std::uint64_t mask_;
  std::size_t size_;
  std::vector<Slot> slots_;
  std::vector<wire::PrefixSet> sets_;  ///< each kept once
};

}  // namespace esc::route
