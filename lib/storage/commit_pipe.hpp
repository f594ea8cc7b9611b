// SPDX-License-Identifier: BSD-3-Clause
// Commits on their way from the storage lcore to the thread that writes them, and back.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/align.hpp"
#include "dlq/commit_buffer.hpp"
#include "ring/spsc_ring.hpp"

namespace esc::storage {

/// A commit in the making, and whose events are in it.
class Commit {
 public:
  /// `outcomes`: how many there are (StoreKind).
  Commit(std::size_t bytes, std::uint64_t run, std::size_t pipelines, std::size_t outcomes)
      : buffer(bytes, run), outcomes_(outcomes), tallies_(pipelines * outcomes) {}

  void count(std::size_t pipeline, std::size_t outcome) noexcept {
    ++tallies_[pipeline * outcomes_ + outcome];
  }
  /// Of one pipeline's events in it, by outcome.
  [[nodiscard]] std::span<const std::uint32_t> tally(std::size_t pipeline) const noexcept {
    return std::span(tallies_).subspan(pipeline * outcomes_, outcomes_);
  }
  void clear() noexcept {
    buffer.clear();
    std::ranges::fill(tallies_, 0U);
  }

  dlq::CommitBuffer buffer;

 private:
  std::size_t outcomes_;
  std::vector<std::uint32_t> tallies_;  ///< by pipeline, then by outcome
};

/// A few buffers that go round: the lcore fills an empty one and hands it over, the thread writes
/// it and gives it back. While the disk is slow the lcore has none, and waits; nobody allocates.
/// Threads: one lcore (empty, hand_over), one other (full, give_back).
class CommitPipe {
 public:
  /// Throws std::bad_alloc.
  CommitPipe(std::size_t count, std::size_t bytes, std::uint64_t run, std::size_t pipelines,
             std::size_t outcomes)
      : full_slots_(std::make_unique<Slots>()),
        empty_slots_(std::make_unique<Slots>()),
        full_(full_slots_->pointers),
        empty_(empty_slots_->pointers),
        records_(bytes / dlq::record_bytes(0)) {
    for (std::size_t i = 0; i < std::min(count, kMost); ++i) {
      commits_.push_back(std::make_unique<Commit>(bytes, run, pipelines, outcomes));
      give_back(*commits_.back());
    }
  }

  static constexpr std::size_t kMost = 16;

  /// The most that one holds.
  [[nodiscard]] std::size_t records_in_a_commit() const noexcept { return records_; }

  /// Storage lcore. An empty commit, or null: all are on their way.
  [[nodiscard]] Commit* empty() noexcept { return take(empty_); }
  /// Storage lcore.
  void hand_over(Commit& commit) noexcept { put(full_, commit); }
  /// Writing thread. The oldest that waits, or null.
  [[nodiscard]] Commit* full() noexcept { return take(full_); }
  /// Writing thread.
  void give_back(Commit& commit) noexcept {
    commit.clear();
    put(empty_, commit);
  }

 private:
  using Ring = ring::SpscRing<Commit*>;
  struct alignas(kCacheLineBytes) Slots {
    std::array<Commit*, kMost> pointers{};
  };

  [[nodiscard]] static Commit* take(Ring& ring) noexcept {
    Commit* commit = nullptr;
    return ring.pop_burst({&commit, 1}) == 1 ? commit : nullptr;
  }
  // There are never more commits than slots.
  static void put(Ring& ring, Commit& commit) noexcept {
    Commit* pointer = &commit;
    [[maybe_unused]] const std::size_t pushed = ring.push_burst({&pointer, 1});
  }

  std::unique_ptr<Slots> full_slots_;
  std::unique_ptr<Slots> empty_slots_;
  Ring full_;
  Ring empty_;
  std::size_t records_;
  std::vector<std::unique_ptr<Commit>> commits_;
};

}  // namespace esc::storage
