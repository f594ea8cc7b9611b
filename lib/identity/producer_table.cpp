#include "identity/producer_table.hpp"

#include <bit>

namespace esc::identity {
namespace {

std::uint64_t ones(std::uint64_t bits) noexcept {
  return static_cast<std::uint64_t>(std::popcount(bits));
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
  // The entry is what the producer's hash suggested before this burst; an event of it may have
  // begun the producer since.
  if (entry == nullptr || entry->producer.get() != run.first.producer) {
    entry = find(run.first.producer);
  }
  if (entry != nullptr && expired(*entry, now)) {
    forget(*entry);
    totals_.expired.add();
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

// Takes an entry for a producer that has none, and begins a higher epoch: true if the identity
// was the first of either.
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
  faults_of(*entry).lost.add(entry->window().missing(bits_of(number_of(*entry))));
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
  SequenceWindow window = entry.window();
  const std::uint64_t floor = run.first.sequence > window.highest ? 0 : faults.floor.get();
  entry.begin_change();
  const RunMark mark =
      window.mark_run(bits_of(number_of(entry)), run.first.sequence, run.count, floor);
  entry.set_window(window);
  entry.end_change(true);
  const std::uint64_t refused = ones(mark.duplicate | mark.stale);
  entry.accepted.add(run.count - refused);
  if (mark.lost != 0) faults.lost.add(mark.lost);
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

ProducerEntry* ProducerTable::find(std::uint64_t producer) const noexcept {
  const std::size_t entry =
      index_.find(index_.hash(producer), [this, producer](std::size_t candidate) {
        return entries_[candidate].producer.get() == producer;
      });
  return entry == ProducerIndex::kNowhere ? nullptr : &entries_[entry];
}

// An entry with a name and no figures, its change begun; nullptr: there is none.
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
  free_.push_back(number);  // it had come from there: there is room
  entry.begin_change();
  entry.end_change(false);
  totals_.live.set(totals_.live.get() - 1);
}

void ProducerTable::housekeep(std::uint64_t now) noexcept {
  for (std::size_t i = 0; i < std::min(kSweepEntries, used_); ++i) {
    ProducerEntry& entry = entries_[swept_];
    if (++swept_ >= used_) swept_ = 0;
    if (!entry.live()) continue;
    if (!expired(entry, now)) {
      measure_rate(entry, now);
      continue;
    }
    forget(entry);
    totals_.expired.add();
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
  // Of what lay below a narrower window nobody knows whether it came.
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
      const std::uint64_t sent = std::min(last - saved.first, kWordBits - 1);
      faults.lost.add(ones(~word & bits_between(kWordBits - 1 - sent, kWordBits - 1)));
    }
    behind += kWordBits;
  }
  entry->set_window(window);
  entry->epoch.store(saved.epoch, std::memory_order_release);
  entry->last_seen_tsc.set(saved.last_seen_tsc);
  faults.rate_since_tsc.set(saved.last_seen_tsc);
  entry->end_change(true);
  totals_.live.add();
  return Restored::kDone;
}

void ProducerTable::clear() noexcept {
  for (ProducerEntry& entry : entries_) {
    if (entry.live()) forget(entry);
  }
}

}  // namespace esc::identity
