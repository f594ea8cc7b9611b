// SPDX-License-Identifier: BSD-3-Clause
// What operators see of producers: figures read by any thread while the table's lcore writes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "identity/producer_entry.hpp"

namespace esc::identity {

/// Figures of one producer. All belong to the same producer and epoch, but they may have been read
/// a few events apart.
struct ProducerFigures {
  std::uint64_t producer = 0;
  std::uint32_t epoch = 0;
  std::uint64_t highest = 0;
  std::uint64_t accepted = 0;
  std::uint64_t lost = 0;     ///< numbers that left the window and never came
  std::uint64_t missing = 0;  ///< in the window, and not come yet; 0 where it was not asked for
  std::uint64_t duplicates = 0;
  std::uint64_t stale = 0;
  std::uint64_t late = 0;
  std::uint64_t reorder_depth = 0;
  std::uint64_t epochs = 0;
  std::uint64_t age_cycles = 0;  ///< since it was last seen
  double events_per_cycle = 0;   ///< accepted ones, over the last measurement
};

/// Reads the entries of one table, which outlives it. Copyable; any thread.
class ProducerReader {
 public:
  enum class Missing : std::uint8_t { kCount, kLeaveOut };
  enum class Outcome : std::uint8_t {
    kRead,
    kNobody,
    kBusy  ///< it changed under every attempt
  };

  ProducerReader(std::span<const ProducerEntry> entries, std::span<const ProducerFaults> faults,
                 std::span<BitWord> bits, std::size_t window) noexcept
      : entries_(entries), faults_(faults), bits_(bits), words_(window / BitRing::kWordBits) {}

  [[nodiscard]] std::size_t places() const noexcept { return entries_.size(); }
  [[nodiscard]] std::uint64_t window() const noexcept { return words_ * BitRing::kWordBits; }

  /// `now`: TSC. Counting what is missing reads the whole bitmap.
  Outcome read(std::size_t place, std::uint64_t now, Missing missing,
               ProducerFigures& figures) const noexcept;

  // The parts from which read() makes its figures; only for a table that stands still.
  [[nodiscard]] const ProducerEntry& entry(std::size_t place) const noexcept {
    return entries_[place];
  }
  [[nodiscard]] const ProducerFaults& faults(std::size_t place) const noexcept {
    return faults_[place];
  }
  [[nodiscard]] BitRing bits(std::size_t place) const noexcept {
    return ring_of(bits_, place, words_);
  }

 private:
  [[nodiscard]] ProducerFigures figures_of(std::size_t place, std::uint64_t now,
                                           Missing missing) const noexcept;

  std::span<const ProducerEntry> entries_;
  std::span<const ProducerFaults> faults_;
  std::span<BitWord> bits_;  ///< only read
  std::size_t words_;
};

enum class ProducerOrder : std::uint8_t {
  kLost,        ///< the most first, as in the next three
  kDuplicates,  //
  kAccepted,    //
  kRate,        //
  kLastSeen,    ///< the one seen last first
  kSilent       ///< the one silent for longest first
};

struct ProducerSelection {
  std::vector<ProducerFigures> producers;  ///< in order, ties by number
  std::size_t live = 0;                    ///< among all entries that were read
  std::size_t busy = 0;  ///< live ones that could not be read and are not in the answer
};

/// Sorts the producers of all tables in that order and returns the first `count` of them (at most
/// kMaxSelected), with their missing numbers counted. Reads every entry's line once. Control side:
/// allocates in proportion to `count`.
inline constexpr std::size_t kMaxSelected = 10'000;
[[nodiscard]] ProducerSelection select_producers(std::span<const ProducerReader> tables,
                                                 ProducerOrder order, std::size_t count,
                                                 std::uint64_t now);

/// One producer. Reads every entry's line until it is found.
[[nodiscard]] std::optional<ProducerFigures> find_producer(std::span<const ProducerReader> tables,
                                                           std::uint64_t producer,
                                                           std::uint64_t now) noexcept;

}  // namespace esc::identity
