// SPDX-License-Identifier: BSD-3-Clause
// The stage of the storage lcore: takes items from the other stages' rings, writes them as records
// into commits, and hands the commits to the thread that waits for the disk.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/units.hpp"
#include "event/event.hpp"
#include "event/releaser.hpp"
#include "ring/spsc_ring.hpp"
#include "storage/commit_pipe.hpp"
#include "storage/settlement.hpp"
#include "storage/store_kind.hpp"
#include "storage/wall_clock.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::storage {

/// A stage's ring, and the pipeline whose events are in it.
template <StoreKind Kind>
struct StoreInput {
  ring::SpscRing<typename Kind::Item>* ring = nullptr;
  std::uint16_t pipeline = 0;
};

struct StoreLimits {
  std::size_t burst = 64;
  /// A poll ends after the record with which it has written this much.
  std::size_t poll_bytes = 256 * kKiB;
  /// A commit is handed over after this time even if it is not full.
  std::uint64_t commit_cycles = 0;
};

/// What the stage works on. The stage owns none of it, and all of it outlives the stage.
template <StoreKind Kind>
struct StoreParts {
  std::vector<StoreInput<Kind>> inputs;
  CommitPipe& pipe;
  Settlement<Kind>& settlement;
  telemetry::StorageCounters& counters;
  std::span<rte_mempool* const> pools;  ///< by port index
  std::uint64_t (*unix_ns)();           ///< the wall clock; no system call
  double cycles_per_second = 0;
  StoreLimits limits;
};

/// Thread: one lcore. Copies frames, so that mbufs go back to their pools at once. Never waits:
/// while the writing thread has every commit buffer, the rings fill up, and the other stages count
/// the events that find no room there.
template <StoreKind Kind>
class StoreStage {
 public:
  using Item = typename Kind::Item;
  using Input = StoreInput<Kind>;
  static constexpr std::size_t kMaxBurst = 64;

  explicit StoreStage(const StoreParts<Kind>& parts)
      : inputs_(parts.inputs),
        pipe_(parts.pipe),
        settlement_(parts.settlement),
        counters_(parts.counters),
        unix_ns_(parts.unix_ns),
        clock_(parts.cycles_per_second),
        limits_(parts.limits),
        releaser_(parts.pools) {
    limits_.burst = std::min(limits_.burst, kMaxBurst);
  }

  /// Takes one burst from one ring; each poll goes on with the next ring. Returns how many items it
  /// took or wrote.
  std::size_t poll(std::uint64_t now) noexcept {
    counters_.polls.add();
    std::size_t work = 0;
    if (next_ == staged_) work = fill();
    work += gather(now);
    if (is_due(now)) hand_over();
    return work;
  }

  void housekeep(std::uint64_t /*now*/) noexcept {}

  /// Whether items that were taken wait for a commit buffer.
  [[nodiscard]] bool blocked() const noexcept { return next_ != staged_; }

  /// Hands the current commit over even if it is not full. Thread: the stage's lcore, or any once
  /// that has stopped.
  void flush() noexcept {
    if (commit_ != nullptr && commit_->buffer.records() != 0) hand_over();
  }
  /// Whether the rings are empty and every item that was taken is in a commit. Thread: the stage's
  /// lcore, or any once that has stopped.
  [[nodiscard]] bool idle() const noexcept {
    return next_ == staged_ &&
           std::ranges::all_of(inputs_, [](const Input& in) { return in.ring->size() == 0; });
  }

 private:
  /// Takes the next burst out of a ring into `staging_`.
  std::size_t fill() noexcept {
    next_ = staged_ = 0;
    for (std::size_t i = 0; i < inputs_.size() && staged_ == 0; ++i) {
      const Input& input = inputs_[next_input_];
      next_input_ = next_input_ + 1 == inputs_.size() ? 0 : next_input_ + 1;
      staged_ = input.ring->pop_burst(std::span(staging_).first(limits_.burst));
      pipeline_ = input.pipeline;
    }
    if (staged_ == 0) return 0;
    counters_.bursts.add();
    settlement_.took(pipeline_, staged_);
    return staged_;
  }

  /// Writes the staged items into commits; returns how many.
  std::size_t gather(std::uint64_t now) noexcept {
    const std::size_t before = next_;
    for (std::size_t bytes = 0; next_ < staged_ && bytes < limits_.poll_bytes;) {
      if (!has_commit(now)) {
        counters_.polls_blocked.add();
        break;
      }
      const Item& item = staging_[next_];
      const std::size_t used = commit_->buffer.used();
      if (!Kind::append(commit_->buffer, next_id_, item, clock_)) {
        hand_over();  // never an empty one: an item of any size fits into an empty commit
        continue;
      }
      ++next_id_;
      ++next_;
      commit_->count(pipeline_, Kind::outcome(item));
      bytes += commit_->buffer.used() - used;
      releaser_.release(item.event);
    }
    releaser_.flush();
    return next_ - before;
  }

  [[nodiscard]] bool has_commit(std::uint64_t now) noexcept {
    if (commit_ != nullptr) return true;
    commit_ = pipe_.empty();
    if (commit_ == nullptr) return false;
    began_ = now;
    clock_.set(now, unix_ns_());
    return true;
  }

  [[nodiscard]] bool is_due(std::uint64_t now) const noexcept {
    return commit_ != nullptr && commit_->buffer.records() != 0 &&
           now - began_ >= limits_.commit_cycles;
  }

  void hand_over() noexcept {
    counters_.commits.add();
    counters_.bytes.add(commit_->buffer.used());
    pipe_.hand_over(*std::exchange(commit_, nullptr));
  }

  std::vector<Input> inputs_;
  CommitPipe& pipe_;
  Settlement<Kind>& settlement_;
  telemetry::StorageCounters& counters_;
  std::uint64_t (*unix_ns_)();
  WallClock clock_;  ///< set when the current commit was begun
  StoreLimits limits_;
  event::Releaser releaser_;
  Commit* commit_ = nullptr;  ///< the current commit; null: none
  std::uint64_t began_ = 0;   ///< TSC when the current commit was begun
  std::uint64_t next_id_ = 1;
  std::size_t next_input_ = 0;
  std::size_t next_ = 0;  ///< index of the first staged item that is in no commit yet
  std::size_t staged_ = 0;
  std::uint16_t pipeline_ = 0;  ///< pipeline of the staged items
  std::array<Item, kMaxBurst> staging_{};
};

}  // namespace esc::storage
