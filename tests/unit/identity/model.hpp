// SPDX-License-Identifier: BSD-3-Clause
// A model of the producer table that keeps every number in a set.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "identity/producer_table.hpp"

namespace esc::identity::testing {

/// The rules of docs/deduplication.md, one event at a time.
class TableModel {
 public:
  struct Known {
    std::uint32_t epoch = 0;
    std::uint64_t highest = 0;
    std::uint64_t first = 0;
    std::set<std::uint64_t> seen;  ///< of this epoch
    std::uint64_t floor = 0;
    std::uint64_t last_seen = 0;
    std::uint64_t accepted = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t stale = 0;
    std::uint64_t late = 0;
    std::uint64_t depth = 0;
    std::uint64_t lost = 0;
    std::uint64_t epochs = 0;
  };

  explicit TableModel(const ProducerTable::Settings& settings) : settings_(settings) {}

  Verdict judge(const wire::Identity& identity, std::uint64_t now) {
    const auto found = known_.find(identity.producer);
    if (found != known_.end() && now - found->second.last_seen >= settings_.expiry_cycles) {
      forget(found->second);
      known_.erase(found);
    }
    if (!known_.contains(identity.producer)) {
      if (known_.size() == settings_.producers) return Verdict::kUntracked;
      begin(known_[identity.producer], identity, now);
      return Verdict::kNew;
    }
    Known& known = known_[identity.producer];
    if (identity.epoch < known.epoch) {
      ++known.stale;
      return Verdict::kStale;
    }
    if (identity.epoch > known.epoch) {
      known.lost += missing(known);
      begin(known, identity, now);
      return Verdict::kNew;
    }
    known.last_seen = now;
    return mark(known, identity.sequence);
  }

  void sweep(std::uint64_t now) {
    std::erase_if(known_, [&](const auto& known) {
      if (now - known.second.last_seen < settings_.expiry_cycles) return false;
      forget(known.second);
      return true;
    });
  }

  [[nodiscard]] std::uint64_t missing(const Known& known) const {
    return unseen(known, lowest(known.highest), known.highest);
  }
  [[nodiscard]] const std::map<std::uint64_t, Known>& known() const { return known_; }

  /// Totals over all producers that there ever were.
  [[nodiscard]] std::uint64_t lost_ever() const {
    std::uint64_t lost = lost_with_forgotten_;
    for (const auto& [producer, known] : known_) lost += known.lost;
    return lost;
  }
  [[nodiscard]] std::uint64_t missing_now() const {
    std::uint64_t sum = 0;
    for (const auto& [producer, known] : known_) sum += missing(known);
    return sum;
  }
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

 private:
  void forget(const Known& known) {
    lost_with_forgotten_ += known.lost + missing(known);
    ++forgotten_;
  }

  static void begin(Known& known, const wire::Identity& identity, std::uint64_t now) {
    known.epoch = identity.epoch;
    known.highest = known.first = identity.sequence;
    known.seen = {identity.sequence};
    known.floor = 0;
    known.last_seen = now;
    ++known.accepted;
    ++known.epochs;
  }

  Verdict mark(Known& known, std::uint64_t sequence) {
    if (sequence > known.highest) {
      const std::uint64_t from = lowest(known.highest);
      if (lowest(sequence) > from) known.lost += unseen(known, from, lowest(sequence) - 1);
      known.highest = sequence;
      known.seen.insert(sequence);
      ++known.accepted;
      return Verdict::kNew;
    }
    if (sequence < lowest(known.highest)) return stale(known);
    if (known.seen.contains(sequence)) {
      ++known.duplicates;
      return Verdict::kDuplicate;
    }
    if (sequence < known.floor) return stale(known);
    known.seen.insert(sequence);
    ++known.accepted;
    ++known.late;
    known.depth = std::max(known.depth, known.highest - sequence);
    return Verdict::kNew;
  }
  static Verdict stale(Known& known) {
    ++known.stale;
    return Verdict::kStale;
  }

  [[nodiscard]] std::uint64_t lowest(std::uint64_t highest) const {
    return highest - std::min<std::uint64_t>(highest, settings_.window - 1);
  }
  // How many numbers in [from, to], counted from the first one that was seen, were not seen.
  static std::uint64_t unseen(const Known& known, std::uint64_t from, std::uint64_t to) {
    from = std::max(from, known.first);
    if (from > to) return 0;
    const auto here = std::distance(known.seen.lower_bound(from), known.seen.upper_bound(to));
    return to - from + 1 - static_cast<std::uint64_t>(here);
  }

  ProducerTable::Settings settings_;
  std::map<std::uint64_t, Known> known_;
  std::uint64_t lost_with_forgotten_ = 0;
  std::uint64_t forgotten_ = 0;
};

/// A table that owns its memory.
struct OwnedTable {
  explicit OwnedTable(const ProducerTable::Settings& of)
      : settings(of),
        index(ProducerTable::buckets_for(of)),
        entries(ProducerTable::entries_for(of)),
        faults(ProducerTable::entries_for(of)),
        bits(ProducerTable::words_for(of)),
        table(of, {index, entries, faults, bits}) {}

  Verdict check(const wire::Identity& identity, std::uint64_t now) {
    Verdict verdict = Verdict::kCount;
    table.check_and_mark({&identity, 1}, {&verdict, 1}, now);
    return verdict;
  }

  ProducerTable::Settings settings;
  std::vector<IndexBucket> index;
  std::vector<ProducerEntry> entries;
  std::vector<ProducerFaults> faults;
  std::vector<BitWord> bits;
  ProducerTable table;
};

}  // namespace esc::identity::testing
