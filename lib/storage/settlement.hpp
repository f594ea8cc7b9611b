// SPDX-License-Identifier: BSD-3-Clause
// Outcomes that come later: what a store took out of its rings, and what became of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/commit_pipe.hpp"
#include "storage/store_kind.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::storage {

/// An event that a store took is in flight until the commit that it is in is durable, or has
/// failed: then it is settled, once, with the outcome that its kind gives it. Its place until then
/// is its record in a commit, of which there are a bounded number.
/// Threads: took() the storage lcore, settle() the thread that writes commits, the rest any.
template <StoreKind Kind>
class Settlement {
 public:
  using Settled = typename Kind::Settled;

  explicit Settlement(std::size_t pipelines) : taken_(pipelines), settled_(pipelines) {}

  /// So many events of that pipeline are in flight from now on.
  void took(std::size_t pipeline, std::uint64_t events) noexcept {
    taken_[pipeline].taken.add(events);
  }
  void settle(const Commit& commit, bool durable) noexcept {
    for (std::size_t pipeline = 0; pipeline < settled_.size(); ++pipeline) {
      const std::span<const std::uint32_t> tally = commit.tally(pipeline);
      for (std::size_t outcome = 0; outcome < tally.size(); ++outcome) {
        if (tally[outcome] == 0) continue;
        Kind::settle(settled_[pipeline], outcome, tally[outcome], durable);
      }
    }
  }

  /// Of one pipeline, like the next one: how many were taken.
  [[nodiscard]] const telemetry::GatherCounters& taken(std::size_t pipeline) const noexcept {
    return taken_[pipeline];
  }
  [[nodiscard]] const Settled& settled(std::size_t pipeline) const noexcept {
    return settled_[pipeline];
  }
  /// Nothing is in flight. Exact once nobody takes any more.
  [[nodiscard]] bool complete() const noexcept {
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      if (Kind::settled(settled_[i]) != taken_[i].taken.get()) return false;
    }
    return true;
  }

 private:
  std::vector<telemetry::GatherCounters> taken_;  ///< by pipeline
  std::vector<Settled> settled_;                  ///< likewise
};

}  // namespace esc::storage
