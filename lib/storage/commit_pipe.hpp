// SPDX-License-Identifier: BSD-3-Clause
// Carries commits from the storage lcore to the thread that writes them, and back.
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

/// A buffer of records that will be written to the disk together, and how many events of each
/// pipeline and outcome are in it.
class Commit {
 public:
  /// `outcomes`: how many outcomes there are (StoreKind).
  Commit(std::size_t bytes, std::uint64_t run, std::size_t pipelines, std::size_t outcomes)
      : buffer(bytes, run), outcomes_(outcomes), tallies_(pipelines * outcomes) {}

  void count(std::size_t pipeline, std::size_t outcome) noexcept {
    ++tallies_[pipeline * outcomes_ + outcome];
  }
  /// The number of one pipeline's events in this commit, by outcome.
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

/// A fixed number of buffers that are used again and again: the storage lcore fills an empty one
/// and hands it over, the writing thread writes it and gives it back. While the disk is slow there
/// is no empty buffer, and the lcore has to wait; no memory is allocated. Threads: the storage
/// lcore (empty, hand_over) and the writing thread (full, give_back).
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

  /// The largest number of records that one commit can hold.
  [[nodiscard]] std::size_t records_in_a_commit() const noexcept { return records_; }

  /// Storage lcore. Returns an empty commit; null if none is empty.
  [[nodiscard]] Commit* empty() noexcept { return take(empty_); }
  /// Storage lcore.
  void hand_over(Commit& commit) noexcept { put(full_, commit); }
  /// Writing thread. Returns the oldest commit that was handed over; null if there is none.
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
  // This always succeeds: there are never more commits than slots.
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
