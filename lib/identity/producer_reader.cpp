// SPDX-License-Identifier: BSD-3-Clause
#include "identity/producer_reader.hpp"

#include <immintrin.h>

#include <algorithm>

namespace esc::identity {
namespace {

// A change is over within a microsecond, unless its lcore lost the CPU to this thread.
constexpr int kAttempts = 64;

/// A producer, and where it was.
struct Candidate {
  ProducerFigures figures;
  const ProducerReader* table;
  std::size_t place;
};

// Whether `a` comes before `b`.
bool before(ProducerOrder order, const ProducerFigures& a, const ProducerFigures& b) noexcept {
  const auto by = [&](std::uint64_t of_a, std::uint64_t of_b) {
    return of_a != of_b ? of_a > of_b : a.producer < b.producer;
  };
  switch (order) {
    case ProducerOrder::kLost:
      return by(a.lost, b.lost);
    case ProducerOrder::kDuplicates:
      return by(a.duplicates, b.duplicates);
    case ProducerOrder::kAccepted:
      return by(a.accepted, b.accepted);
    case ProducerOrder::kRate:
      return a.events_per_cycle != b.events_per_cycle ? a.events_per_cycle > b.events_per_cycle
                                                      : a.producer < b.producer;
    case ProducerOrder::kLastSeen:
      return by(UINT64_MAX - a.age_cycles, UINT64_MAX - b.age_cycles);
    case ProducerOrder::kSilent:
      return by(a.age_cycles, b.age_cycles);
  }
  return false;
}

double rate_of(const ProducerEntry& entry, const ProducerFaults& faults, std::uint64_t now) {
  const ProducerRate rate = ProducerRate::of(faults.rate.get());
  if (rate.events_per_cycle >= 0) return rate.events_per_cycle;
  const std::uint64_t cycles = now - faults.rate_since_tsc.get();
  return rate.so_far(entry.accepted.get(), cycles > UINT64_MAX / 2 ? 0 : cycles);
}

}  // namespace

ProducerReader::Outcome ProducerReader::read(std::size_t place, std::uint64_t now, Missing missing,
                                             ProducerFigures& figures) const noexcept {
  const ProducerEntry& entry = entries_[place];
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    // Pairs with the release in end_change(): from here on this thread sees what was written up to
    // that version.
    const std::uint32_t version = entry.version.load(std::memory_order_acquire);
    if ((version & (ProducerEntry::kChanging | ProducerEntry::kLive)) == 0) return Outcome::kNobody;
    if ((version & ProducerEntry::kChanging) == 0) {
      figures = figures_of(place, now, missing);
      // Pairs with begin_change: all loads above acquire, so whoever saw a later change's store
      // sees its version here.
      if (entry.version.load(std::memory_order_relaxed) == version) return Outcome::kRead;
    }
    _mm_pause();
  }
  return Outcome::kBusy;
}

ProducerFigures ProducerReader::figures_of(std::size_t place, std::uint64_t now,
                                           Missing missing) const noexcept {
  const ProducerEntry& entry = entries_[place];
  const ProducerFaults& faults = faults_[place];
  const SequenceWindow window = entry.window();
  const std::uint64_t age = now - entry.last_seen_tsc.get();
  return {.producer = entry.producer.get(),
          .epoch = entry.epoch.load(std::memory_order_acquire),
          .highest = window.highest,
          .accepted = entry.accepted.get(),
          .lost = faults.lost.get(),
          .missing = missing == Missing::kCount ? window.missing(bits(place)) : 0,
          .duplicates = entry.duplicates.get(),
          .stale = faults.stale.get(),
          .late = faults.late.get(),
          .reorder_depth = faults.reorder_depth.get(),
          .epochs = faults.epochs.get(),
          // Seen after `now` was read.
          .age_cycles = age > UINT64_MAX / 2 ? 0 : age,
          .events_per_cycle = rate_of(entry, faults, now)};
}

ProducerSelection select_producers(std::span<const ProducerReader> tables, ProducerOrder order,
                                   std::size_t count, std::uint64_t now) {
  ProducerSelection selection;
  count = std::min(count, kMaxSelected);
  std::vector<Candidate> best;  // a heap; on top is the one that comes last in the order
  const auto first = [order](const Candidate& a, const Candidate& b) {
    return before(order, a.figures, b.figures);
  };
  for (const ProducerReader& table : tables) {
    for (std::size_t place = 0; place < table.places(); ++place) {
      Candidate candidate{{}, &table, place};
      const auto outcome =
          table.read(place, now, ProducerReader::Missing::kLeaveOut, candidate.figures);
      if (outcome == ProducerReader::Outcome::kNobody) continue;
      ++selection.live;
      if (outcome == ProducerReader::Outcome::kBusy) {
        ++selection.busy;
        continue;
      }
      if (best.size() == count) {
        if (count == 0 || !first(candidate, best.front())) continue;
        std::pop_heap(best.begin(), best.end(), first);
        best.pop_back();
      }
      best.push_back(candidate);
      std::push_heap(best.begin(), best.end(), first);
    }
  }
  std::sort_heap(best.begin(), best.end(), first);
  for (const Candidate& candidate : best) {
    // Reads it once more, with what is missing, if the place still belongs to that producer.
    ProducerFigures figures;
    const auto outcome =
        candidate.table->read(candidate.place, now, ProducerReader::Missing::kCount, figures);
    const bool same =
        outcome == ProducerReader::Outcome::kRead && figures.producer == candidate.figures.producer;
    selection.producers.push_back(candidate.figures);
    if (same) selection.producers.back().missing = figures.missing;
  }
  return selection;
}

std::optional<ProducerFigures> find_producer(std::span<const ProducerReader> tables,
                                             std::uint64_t producer, std::uint64_t now) noexcept {
  for (const ProducerReader& table : tables) {
    for (std::size_t place = 0; place < table.places(); ++place) {
      if (table.entry(place).producer.get() != producer) continue;
      ProducerFigures figures;
      const auto outcome = table.read(place, now, ProducerReader::Missing::kCount, figures);
      if (outcome == ProducerReader::Outcome::kRead && figures.producer == producer) return figures;
    }
  }
  return std::nullopt;
}

}  // namespace esc::identity
