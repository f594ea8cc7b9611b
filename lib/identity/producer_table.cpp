// SPDX-License-Identifier: BSD-3-Clause
#include "identity/producer_table.hpp"

#include <bit>

namespace esc::identity {
namespace {

// `word` holds the bits of 64 numbers, the highest bit for `last`. Returns how many of them, from
// `first` on, are not marked.
std::uint64_t missing_of(std::uint64_t word, std::uint64_t last, std::uint64_t first) noexcept {
  constexpr std::uint64_t kTop = BitRing::kWordBits - 1;
  const std::uint64_t sent = std::min(last - first, kTop);
  return ones(~word & bits_between(kTop - sent, kTop));
}

void write(std::uint64_t bits, Verdict verdict, Verdict* verdicts) noexcept {
  for (; bits != 0; bits &= bits - 1) verdicts[std::countr_zero(bits)] = verdict;
}

}  // namespace

std::size_t ProducerTable::buckets_for(const Settings& settings) noexcept {
  return ProducerIndex::buckets_for(settings.producers);
}

std::size_t ProducerTable::entries_for(const Settings& settings) noexcept {
  return settings.producers;
}

std::size_t ProducerTable::words_for(const Settings& settings) noexcept {
  return settings.producers * (settings.window / kWordBits);
}

std::size_t ProducerTable::bytes_for(const Settings& settings) noexcept {
  return buckets_for(settings) * sizeof(IndexBucket) +
         entries_for(settings) * (sizeof(ProducerEntry) + sizeof(ProducerFaults)) +
         words_for(settings) * sizeof(BitWord) + settings.producers * sizeof(std::uint32_t);
}

ProducerTable::ProducerTable(const Settings& settings, const Memory& memory)
    : index_(memory.index, settings.producers, settings.seed),
      entries_(memory.entries),
      faults_(memory.faults),
      bits_(memory.bits),
      window_(settings.window),
      expiry_cycles_(settings.expiry_cycles),
      rate_cycles_(settings.rate_cycles),
      free_(settings.producers) {
  // The first entries go first: few producers use little memory.
  for (std::size_t i = 0; i < free_.size(); ++i)
    free_[i] = static_cast<std::uint32_t>(free_.size() - 1 - i);
}

void ProducerTable::judge(ProducerEntry* entry, const Run& run, Verdict* verdicts,
                          std::uint64_t now) noexcept {
  Run rest = run;
  // The entry is a guess from the producer's hash, made before this burst; an earlier event of the
  // burst may have begun the producer since.
  if (entry == nullptr || entry->producer.get() != run.first.producer) {
    entry = find(run.first.producer);
  }
  if (entry != nullptr && expired(*entry, now)) {
    expire(*entry);
    entry = nullptr;
  }
  const bool begun = begin_if_new(entry, run.first, now);
  if (entry == nullptr) {
    totals_.untracked.add(run.count);
    std::fill_n(verdicts, run.count, Verdict::kUntracked);
    return;
  }
  if (run.first.epoch < entry->epoch.load(std::memory_order_relaxed)) {
    faults_of(*entry).stale.add(run.count);
    std::fill_n(verdicts, run.count, Verdict::kStale);
    return;
  }
  entry->last_seen_tsc.set(now);
  if (begun) {
    ++rest.first.sequence;
    --rest.count;
    ++verdicts;
  }
  if (rest.count != 0) mark(*entry, rest, verdicts);
}

// Takes an entry for a producer that has none, and begins a higher epoch. True if the identity was
// the first of its producer or of its epoch.
bool ProducerTable::begin_if_new(ProducerEntry*& entry, const wire::Identity& identity,
                                 std::uint64_t now) noexcept {
  if (entry == nullptr) {
    entry = take_entry(identity.producer);
    if (entry == nullptr) return false;
    entry->last_seen_tsc.set(now);
    faults_of(*entry).rate_since_tsc.set(now);
    begin(*entry, identity);
    entry->end_change(true);
    totals_.live.add();
    return true;
  }
  if (identity.epoch <= entry->epoch.load(std::memory_order_relaxed)) return false;
  entry->begin_change();
  lose_missing(*entry);
  begin(*entry, identity);
  entry->end_change(true);
  return true;
}

void ProducerTable::begin(ProducerEntry& entry, const wire::Identity& identity) noexcept {
  SequenceWindow window;
  window.begin(bits_of(number_of(entry)), identity.sequence);
  entry.set_window(window);
  entry.epoch.store(identity.epoch, std::memory_order_release);
  entry.accepted.add();
  ProducerFaults& faults = faults_of(entry);
  faults.epochs.add();
  faults.floor.set(0);
}

void ProducerTable::mark(ProducerEntry& entry, const Run& run, Verdict* verdicts) noexcept {
  ProducerFaults& faults = faults_of(entry);
  const SequenceWindow before = entry.window();
  SequenceWindow window = before;
  const std::uint64_t floor = run.first.sequence > window.highest ? 0 : faults.floor.get();
  entry.begin_change();
  const RunMark mark =
      window.mark_run(bits_of(number_of(entry)), run.first.sequence, run.count, floor);
  entry.set_window(window);
  entry.end_change(true);
  const std::uint64_t refused = ones(mark.duplicate | mark.stale);
  entry.accepted.add(run.count - refused);
  count(faults, run, before, window, mark);
  if (mark.late != 0) {
    faults.late.add(mark.late);
    if (mark.depth > faults.reorder_depth.get()) faults.reorder_depth.set(mark.depth);
  }
  if (refused == 0) return;
  entry.duplicates.add(ones(mark.duplicate));
  if (mark.stale != 0) faults.stale.add(ones(mark.stale));
  write(mark.duplicate, Verdict::kDuplicate, verdicts);
  write(mark.stale, Verdict::kStale, verdicts);
}

// The missing numbers are those that the window has taken in, less those that came and those that
// left it.
void ProducerTable::count(ProducerFaults& faults, const Run& run, const SequenceWindow& before,
                          const SequenceWindow& after, const RunMark& mark) noexcept {
  if (mark.lost != 0) {
    faults.lost.add(mark.lost);
    totals_.lose(mark.lost);
  }
  std::uint64_t came = ~(mark.duplicate | mark.stale) & bits_between(0, run.count - 1);
  // Nobody knows whether numbers below the first contact were ever sent.
  const std::uint64_t below =
      run.first.sequence < after.first ? after.first - run.first.sequence : 0;
  if (below >= run.count) {
    came = 0;
  } else if (below != 0) {
    came &= bits_between(below, run.count - 1);
  }
  totals_.missing.set(totals_.missing.get() + (after.highest - before.highest) - ones(came) -
                      mark.lost);
}

void ProducerTable::lose_missing(const ProducerEntry& entry) noexcept {
  const std::uint64_t missing = entry.window().missing(bits_of(number_of(entry)));
  if (missing == 0) return;
  faults_of(entry).lost.add(missing);
  totals_.lose(missing);
  totals_.missing.set(totals_.missing.get() - missing);
}

ProducerEntry* ProducerTable::find(std::uint64_t producer) const noexcept {
  const std::size_t entry =
      index_.find(index_.hash(producer), [this, producer](std::size_t candidate) {
        return entries_[candidate].producer.get() == producer;
      });
  return entry == ProducerIndex::kNowhere ? nullptr : &entries_[entry];
}

// Takes a free entry, gives it the producer's number and no figures, and begins a change of it;
// nullptr: there is no free entry.
ProducerEntry* ProducerTable::take_entry(std::uint64_t producer) noexcept {
  if (free_.empty()) return nullptr;
  if (!index_.insert(index_.hash(producer), free_.back())) return nullptr;
  ProducerEntry& entry = entries_[free_.back()];
  used_ = std::max(used_, free_.back() + std::size_t{1});
  free_.pop_back();
  entry.begin_change();
  ProducerFaults& faults = faults_of(entry);
  for (telemetry::Counter* counter :
       {&entry.accepted, &entry.duplicates, &faults.lost, &faults.stale, &faults.late,
        &faults.reorder_depth, &faults.epochs, &faults.floor}) {
    counter->set(0);
  }
  faults.rate.set(ProducerRate{0, kNoRateYet}.word());
  entry.producer.set(producer);
  return &entry;
}

void ProducerTable::forget(ProducerEntry& entry) noexcept {
  const auto number = static_cast<std::uint32_t>(number_of(entry));
  index_.erase(index_.hash(entry.producer.get()), number);
  free_.push_back(number);  // there is room: the number came from there
  entry.begin_change();
  entry.end_change(false);
  totals_.live.set(totals_.live.get() - 1);
}

void ProducerTable::expire(ProducerEntry& entry) noexcept {
  lose_missing(entry);
  forget(entry);
  totals_.expired.add();
}

void ProducerTable::housekeep(std::uint64_t now) noexcept {
  std::size_t words = 0;
  for (std::size_t i = 0; i < std::min(kSweepEntries, used_) && words < kSweepWords; ++i) {
    ProducerEntry& entry = entries_[swept_];
    if (++swept_ >= used_) swept_ = 0;
    if (!entry.live()) continue;
    if (!expired(entry, now)) {
      measure_rate(entry, now);
      continue;
    }
    expire(entry);
    words += window_ / kWordBits;
  }
}

void ProducerTable::measure_rate(const ProducerEntry& entry, std::uint64_t now) noexcept {
  ProducerFaults& faults = faults_of(entry);
  const std::uint64_t cycles = now - faults.rate_since_tsc.get();
  if (cycles < rate_cycles_) return;
  const std::uint64_t accepted = entry.accepted.get();
  const float rate = ProducerRate::of(faults.rate.get()).so_far(accepted, cycles);
  faults.rate.set(ProducerRate{static_cast<std::uint32_t>(accepted), rate}.word());
  faults.rate_since_tsc.set(now);
}

ProducerTable::Restored ProducerTable::restore(const Saved& saved) noexcept {
  if (find(saved.producer) != nullptr) return Restored::kKnown;
  ProducerEntry* entry = take_entry(saved.producer);
  if (entry == nullptr) return Restored::kNoRoom;
  const BitRing bits = bits_of(number_of(*entry));
  ProducerFaults& faults = faults_of(*entry);
  const std::uint64_t width = saved.words.size() * kWordBits;
  // Nobody knows whether numbers below the narrower saved window came.
  const std::uint64_t lowest = saved.highest - std::min(saved.highest, width - 1);
  faults.floor.set(width < window_ ? std::max(saved.floor, lowest) : saved.floor);
  SequenceWindow window;
  window.begin(bits, saved.highest);
  window.first = width < window_ ? std::max(saved.first, lowest) : saved.first;
  std::uint64_t behind = 0;
  for (const std::uint64_t word : saved.words) {
    if (behind > saved.highest) break;
    const std::uint64_t last = saved.highest - behind;
    if (behind < window_) {
      window.set_bits_up_to(bits, last, word);
    } else if (last >= saved.first) {
      const std::uint64_t lost = missing_of(word, last, saved.first);
      faults.lost.add(lost);
      totals_.lose(lost);
    }
    behind += kWordBits;
  }
  totals_.missing.add(window.missing(bits));
  entry->set_window(window);
  entry->epoch.store(saved.epoch, std::memory_order_release);
  entry->last_seen_tsc.set(saved.last_seen_tsc);
  faults.rate_since_tsc.set(saved.last_seen_tsc);
  entry->end_change(true);
  totals_.live.add();
  return Restored::kDone;
}

void ProducerTable::give_up(const Saved& saved) noexcept {
  std::uint64_t behind = 0;
  for (const std::uint64_t word : saved.words) {
    if (behind > saved.highest || saved.highest - behind < saved.first) break;
    totals_.lose(missing_of(word, saved.highest - behind, saved.first));
    behind += kWordBits;
  }
  totals_.expired.add();
}

void ProducerTable::clear() noexcept {
  for (ProducerEntry& entry : entries_) {
    if (entry.live()) forget(entry);
  }
  for (telemetry::Counter* total :
       {&totals_.untracked, &totals_.expired, &totals_.missing, &totals_.lost}) {
    total->set(0);
  }
}

}  // namespace esc::identity
