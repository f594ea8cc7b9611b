// Which sequenced events of a burst were seen before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "event/event.hpp"
#include "event/peer.hpp"
#include "identity/producer_table.hpp"
#include "route/producer_bindings.hpp"

namespace esc::dispatch {

/// Bit i: event i of the burst. The sets are disjoint.
struct Refusals {
  std::uint64_t not_allowed = 0;  ///< from where their topic is not taken (see BurstRoutes)
  std::uint64_t forged = 0;       ///< from where their producer may not send
  std::uint64_t duplicate = 0;
  std::uint64_t stale = 0;
  std::uint64_t same_key = 0;  ///< see KeyJudge

  [[nodiscard]] std::uint64_t all() const noexcept {
    return not_allowed | forged | duplicate | stale | same_key;
  }
  /// The first `count` events, fewer than 64, are done with: the next one becomes the first.
  void forget(std::size_t count) noexcept {
    not_allowed >>= count;
    forged >>= count;
    duplicate >>= count;
    stale >>= count;
    same_key >>= count;
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

  /// Judges, and marks as seen, the first `count` events of input.peek(), at most kMaxBurst, and
  /// adds to `found`. What is not_allowed there already, or comes from where its producer may not
  /// send, leaves no mark: nobody makes others' numbers look repeated. Bit i of the answer: event i
  /// was judged by its number, and has no key.
  template <class Input>
  [[nodiscard]] std::uint64_t judge(const Input& input, std::size_t count,
                                    const route::ProducerBindings& bindings, std::uint64_t now,
                                    Refusals& found) noexcept {
    if (table_ == nullptr && bindings.size() == 0) return 0;
    std::size_t sequenced = 0;
    std::uint64_t judged = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const event::Event& event = input.peek(i);
      if (!event.has(event::kSequenced) || (found.not_allowed >> i & 1) != 0) continue;
      if (bindings.size() != 0 && !may_send(bindings, event)) [[unlikely]] {
        found.forged |= std::uint64_t{1} << i;
        continue;
      }
      judged |= std::uint64_t{1} << i;
      place_[sequenced++] = static_cast<std::uint8_t>(i);
    }
    if (table_ == nullptr) return 0;
    const auto event_of = [&](std::size_t k) -> const event::Event& {
      return input.peek(place_[k]);
    };
    if (!table_->check_and_mark(sequenced, event_of, verdicts_, now)) [[likely]]
      return judged;
    return judged & ~add_refusals(sequenced, found);
  }

  void housekeep(std::uint64_t now) noexcept {
    if (table_ != nullptr) table_->housekeep(now);
  }

 private:
  [[nodiscard]] static bool may_send(const route::ProducerBindings& bindings,
                                     const event::Event& event) noexcept {
    const wire::PrefixSet* sources = bindings.bound(event.producer);
    if (sources == nullptr) return true;
    const auto peer = event::peer_address(event);
    return peer && sources->contains(*peer);
  }

  /// What was found of the events gathered, whose verdicts are new again then. Returns those that
  /// were not judged.
  std::uint64_t add_refusals(std::size_t sequenced, Refusals& found) noexcept {
    std::uint64_t untracked = 0;
    for (std::size_t k = 0; k < sequenced; ++k) {
      const std::uint64_t bit = std::uint64_t{1} << place_[k];
      if (verdicts_[k] == identity::Verdict::kUntracked) untracked |= bit;
      if (verdicts_[k] == identity::Verdict::kDuplicate) found.duplicate |= bit;
      if (verdicts_[k] == identity::Verdict::kStale) found.stale |= bit;
      verdicts_[k] = identity::Verdict::kNew;
    }
    return untracked;
  }

  identity::ProducerTable* table_;
  std::array<identity::Verdict, kMaxBurst> verdicts_{};  ///< all kNew between two bursts
  std::array<std::uint8_t, kMaxBurst> place_{};
};

}  // namespace esc::dispatch
