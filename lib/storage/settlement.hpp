// SPDX-License-Identifier: BSD-3-Clause
// Counts the events that a store took out of its rings, and later what became of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/commit_pipe.hpp"
#include "storage/store_kind.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::storage {

/// An event that a store took is in flight until its commit is durable or has failed. Then it is
/// settled: counted once, with the outcome that its StoreKind gave it. Until then its record is in
/// a commit, and the number of commits is fixed. Threads: took() is called by the storage lcore,
/// settle() by the writing thread, the rest by any.
template <StoreKind Kind>
class Settlement {
 public:
  using Settled = typename Kind::Settled;

  explicit Settlement(std::size_t pipelines) : taken_(pipelines), settled_(pipelines) {}

  /// From now on this many more events of the pipeline are in flight.
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

  [[nodiscard]] std::size_t pipelines() const noexcept { return taken_.size(); }
  /// How many events of one pipeline were taken.
  [[nodiscard]] const telemetry::GatherCounters& taken(std::size_t pipeline) const noexcept {
    return taken_[pipeline];
  }
  [[nodiscard]] const Settled& settled(std::size_t pipeline) const noexcept {
    return settled_[pipeline];
  }
  /// Whether nothing is in flight. Exact once no more events are taken.
  [[nodiscard]] bool complete() const noexcept {
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      if (Kind::settled(settled_[i]) != taken_[i].taken.get()) return false;
    }
    return true;
  }

 private:
  std::vector<telemetry::GatherCounters> taken_;  ///< by pipeline
  std::vector<Settled> settled_;                  ///< by pipeline
};

}  // namespace esc::storage
