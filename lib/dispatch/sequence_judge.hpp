// Which sequenced events of a burst were seen before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "event/event.hpp"
#include "identity/producer_table.hpp"

namespace esc::dispatch {

/// Bit i: event i of the burst. The sets are disjoint.
struct Refusals {
  std::uint64_t duplicate = 0;
  std::uint64_t stale = 0;

  [[nodiscard]] std::uint64_t all() const noexcept { return duplicate | stale; }
  /// The first `count` events, fewer than 64, are done with: the next one becomes the first.
  void forget(std::size_t count) noexcept {
    duplicate >>= count;
    stale >>= count;
  }
};

/// Gathers the identities of a burst and has the table judge them at once, so that its cache misses
/// overlap. Thread: the dispatcher's lcore.
class SequenceJudge {
 public:
  static constexpr std::size_t kMaxBurst = identity::ProducerTable::kMaxBurst;
  static_assert(kMaxBurst <= 64, "one bit of Refusals for each event");

  /// `table`: not owned; null: no event is judged.
  explicit SequenceJudge(identity::ProducerTable* table) noexcept : table_(table) {}

  /// Judges, and marks as seen, the first `count` events of input.peek(), at most kMaxBurst.
  template <class Input>
  [[nodiscard]] Refusals judge(const Input& input, std::size_t count, std::uint64_t now) noexcept {
    if (table_ == nullptr) return {};
    std::size_t sequenced = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const event::Event& event = input.peek(i);
      if (!event.has(event::kSequenced)) continue;
      identities_[sequenced] = {event.producer, event.sequence, event.epoch};
      place_[sequenced++] = static_cast<std::uint8_t>(i);
    }
    if (sequenced == 0) return {};
    table_->check_and_mark(std::span(identities_).first(sequenced), verdicts_, now);
    return refusals(sequenced);
  }

  void housekeep(std::uint64_t now) noexcept {
    if (table_ != nullptr) table_->housekeep(now);
  }

 private:
  [[nodiscard]] Refusals refusals(std::size_t sequenced) const noexcept {
    Refusals found;
    for (std::size_t k = 0; k < sequenced; ++k) {
      const std::uint64_t bit = std::uint64_t{1} << place_[k];
      if (verdicts_[k] == identity::Verdict::kDuplicate) found.duplicate |= bit;
      if (verdicts_[k] == identity::Verdict::kStale) found.stale |= bit;
    }
    return found;
  }

  identity::ProducerTable* table_;
  std::array<wire::Identity, kMaxBurst> identities_{};
  std::array<identity::Verdict, kMaxBurst> verdicts_{};
  std::array<std::uint8_t, kMaxBurst> place_{};
};

}  // namespace esc::dispatch
