#include "identity/producer_table.hpp"

#include <algorithm>
#include <bit>

namespace esc::identity {
namespace {

constexpr std::size_t kWordBits = BitRing::kWordBits;

// A second secret from the first: the finaliser of SplitMix64 (G. Steele et al., 2014).
std::uint64_t spread(std::uint64_t seed) noexcept {
  seed = (seed ^ (seed >> 30U)) * 0xBF58476D1CE4E5B9U;
  seed = (seed ^ (seed >> 27U)) * 0x94D049BB133111EBU;
  return seed ^ (seed >> 31U);
}

}  // namespace

std::size_t ProducerTable::entries_for(const Settings& settings) noexcept {
  return std::max(std::bit_ceil(settings.producers * 2), 2 * kMaxProbe);
}

std::size_t ProducerTable::words_for(const Settings& settings) noexcept {
  return settings.producers * (settings.window / kWordBits);
}

std::size_t ProducerTable::bytes_for(const Settings& settings) noexcept {
  return entries_for(settings) * (sizeof(ProducerEntry) + sizeof(ProducerFaults)) +
         words_for(settings) * sizeof(std::uint64_t) + settings.producers * sizeof(std::uint32_t);
}

ProducerTable::ProducerTable(const Settings& settings, const Memory& memory)
    : entries_(memory.entries),
      faults_(memory.faults),
      bits_(memory.bits),
      mask_(memory.entries.size() - 1),
      words_(settings.window / kWordBits),
      expiry_cycles_(settings.expiry_cycles),
      seed_(settings.seed),
      multiplier_(spread(settings.seed) | 1),
      free_bits_(settings.producers) {
  // The first bitmaps go first: few producers use little memory.
  for (std::size_t i = 0; i < free_bits_.size(); ++i)
    free_bits_[i] = static_cast<std::uint32_t>(free_bits_.size() - i);
}

Verdict ProducerTable::first_contact(const wire::Identity& identity, std::uint64_t now) noexcept {
  // An event before it in this burst may have been the first.
  if (ProducerEntry* known = find(identity.producer); known != nullptr) {
    if (!expired(*known, now)) return judge(known, identity, now);
    forget(*known);
  }
  ProducerEntry* entry = take_place(identity.producer);
  if (entry == nullptr) {
    totals_.untracked.add();
    return Verdict::kUntracked;
  }
  begin(*entry, identity, now);
  return Verdict::kNew;
}

Verdict ProducerTable::other_epoch(ProducerEntry& entry, const wire::Identity& identity,
                                   std::uint64_t now) noexcept {
  if (identity.epoch < entry.epoch) {
    faults_of(entry).stale.add();
    return Verdict::kStale;
  }
  entry.lost.add(entry.window.missing(bits_of(entry)));
  begin(entry, identity, now);
  return Verdict::kNew;
}

Verdict ProducerTable::refuse(ProducerEntry& entry, SequenceVerdict verdict) noexcept {
  if (verdict == SequenceVerdict::kDuplicate) {
    entry.duplicates.add();
    return Verdict::kDuplicate;
  }
  faults_of(entry).stale.add();
  return Verdict::kStale;
}

void ProducerTable::count_late(ProducerEntry& entry, std::uint64_t behind) noexcept {
  ProducerFaults& faults = faults_of(entry);
  faults.late.add();
  if (behind > faults.reorder_depth.get()) faults.reorder_depth.set(behind);
}

void ProducerTable::begin(ProducerEntry& entry, const wire::Identity& identity,
                          std::uint64_t now) noexcept {
  entry.epoch = identity.epoch;
  entry.window.begin(bits_of(entry), identity.sequence);
  entry.last_seen_tsc.set(now);
  entry.accepted.add();
  faults_of(entry).epochs.add();
}

// The first place within reach that is nobody's, with a bitmap; nullptr: there is none.
ProducerEntry* ProducerTable::take_place(std::uint64_t producer) noexcept {
  if (free_bits_.empty()) return nullptr;
  std::size_t at = place_of(producer);
  for (std::size_t i = 0; i < kMaxProbe; ++i, at = (at + 1) & mask_) {
    ProducerEntry& entry = entries_[at];
    if (entry.bits != 0) continue;
    // A reader may see the new name beside old figures for a moment; the figures are reset first so
    // that it does not see old ones under it afterwards.
    ProducerFaults& faults = faults_of(entry);
    for (telemetry::Counter* counter :
         {&entry.accepted, &entry.lost, &entry.duplicates, &faults.stale, &faults.late,
          &faults.reorder_depth, &faults.epochs}) {
      counter->set(0);
    }
    entry.producer.set(producer);
    entry.bits = free_bits_.back();
    free_bits_.pop_back();
    totals_.live.add();
    return &entry;
  }
  return nullptr;
}

void ProducerTable::forget(ProducerEntry& entry) noexcept {
  free_bits_.push_back(entry.bits);  // it had come from there: there is room
  entry.bits = 0;
  totals_.live.set(totals_.live.get() - 1);
  totals_.expired.add();
}

void ProducerTable::housekeep(std::uint64_t now) noexcept {
  for (std::size_t i = 0; i < kSweepPlaces; ++i) {
    ProducerEntry& entry = entries_[swept_];
    swept_ = (swept_ + 1) & mask_;
    if (entry.bits != 0 && expired(entry, now)) forget(entry);
  }
}

}  // namespace esc::identity
