// SPDX-License-Identifier: BSD-3-Clause
// Which sequenced events of a burst were seen before.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "event/event.hpp"
#include "event/peer.hpp"
#include "identity/producer_table.hpp"
#include "route/producer_bindings.hpp"

namespace esc::dispatch {

/// Bit i: event i of the burst. The sets are disjoint.
struct Refusals {
  std::uint64_t not_allowed = 0;  ///< their sender may not publish to their topic (see BurstRoutes)
  std::uint64_t forged = 0;       ///< their sender may not speak for their producer
  std::uint64_t duplicate = 0;
  std::uint64_t stale = 0;
  std::uint64_t same_key = 0;      ///< see KeyJudge
  std::uint64_t not_replayer = 0;  ///< see ReplayJudge, like the next one
  std::uint64_t same_replay = 0;

  [[nodiscard]] std::uint64_t all() const noexcept {
    return not_allowed | forged | duplicate | stale | same_key | not_replayer | same_replay;
  }
  /// The first `count` events, fewer than 64, are done with: the next one becomes the first.
  void forget(std::size_t count) noexcept {
    not_allowed >>= count;
    forged >>= count;
    duplicate >>= count;
    stale >>= count;
    same_key >>= count;
    not_replayer >>= count;
    same_replay >>= count;
  }
};

/// Which sequenced events of a burst are not judged by a key. Bit i: event i.
struct Judged {
  std::uint64_t by_number = 0;  ///< were judged by their number
  std::uint64_t replays = 0;  ///< are replayed dead letters: their window saw them before they died
};

/// Gathers the identities of a burst and has the table judge them at once, so that its cache misses
/// overlap. Thread: the dispatcher's lcore.
class SequenceJudge {
 public:
  static constexpr std::size_t kMaxBurst = identity::ProducerTable::kMaxBurst;
  static_assert(kMaxBurst <= 64, "one bit of Refusals for each event");

  /// `table`: not owned; null: no event is judged.
  explicit SequenceJudge(identity::ProducerTable* table) noexcept : table_(table) {}

  /// Judges the events of input.peek() whose bit is set in `numbered` (all of them have a number),
  /// marks them as seen, and adds the refused ones to `found`. Events from an address from which
  /// their producer may not send leave no mark, so nobody can make others' numbers look repeated.
  /// `any_replayed`: whether there may be replayed dead letters among them.
  template <class Input>
  [[nodiscard]] Judged judge(const Input& input, std::uint64_t numbered, bool any_replayed,
                             const route::ProducerBindings& bindings, std::uint64_t now,
                             Refusals& found) noexcept {
    static_assert(std::is_lvalue_reference_v<decltype(input.peek(0))>,
                  "events stay where they are");
    const bool all_up_to_one = (numbered & (numbered + 1)) == 0;
    const auto count = static_cast<std::size_t>(std::popcount(numbered));
    const auto events = input.stretch(0);
    // Events that lie side by side are found without a look at where the ring ends.
    if (all_up_to_one && !any_replayed && bindings.size() == 0 && table_ != nullptr &&
        events.size() >= count) [[likely]] {
      const auto event_of = [events](std::size_t i) -> const event::Event& {
        return events.value(i);
      };
      Judged judged{.by_number = numbered};
      if (table_->check_and_mark(count, event_of, verdicts_, now)) [[unlikely]]
        judged.by_number &= ~add_refusals(
            count, [](std::size_t i) { return i; }, found);
      return judged;
    }
    return judge_some(input, numbered, bindings, now, found);
  }

  void housekeep(std::uint64_t now) noexcept {
    if (table_ != nullptr) table_->housekeep(now);
  }

 private:
  /// The same for any events: gathers those that are to be judged.
  template <class Input>
  [[nodiscard, gnu::noinline]] Judged judge_some(const Input& input, std::uint64_t numbered,
                                                 const route::ProducerBindings& bindings,
                                                 std::uint64_t now, Refusals& found) noexcept {
    Judged judged;
    std::size_t sequenced = 0;
    for (; numbered != 0; numbered &= numbered - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(numbered));
      const event::Event& event = input.peek(i);
      if (event.replay_count != 0) [[unlikely]] {
        judged.replays |= std::uint64_t{1} << i;
        continue;
      }
      if (bindings.size() != 0 && !may_send(bindings, event)) [[unlikely]] {
        found.forged |= std::uint64_t{1} << i;
        continue;
      }
      judged.by_number |= std::uint64_t{1} << i;
      events_[sequenced] = &event;
      place_[sequenced++] = static_cast<std::uint8_t>(i);
    }
    if (table_ == nullptr) {
      judged.by_number = 0;
      return judged;
    }
    const auto event_of = [this](std::size_t k) -> const event::Event& { return *events_[k]; };
    if (table_->check_and_mark(sequenced, event_of, verdicts_, now)) [[unlikely]] {
      judged.by_number &= ~add_refusals(
          sequenced, [this](std::size_t k) { return place_[k]; }, found);
    }
    return judged;
  }

  [[nodiscard]] static bool may_send(const route::ProducerBindings& bindings,
                                     const event::Event& event) noexcept {
    const wire::PrefixSet* sources = bindings.bound(event.producer);
    return sources == nullptr || event::is_from(event, *sources);
  }

  /// Adds the verdicts of the judged events to `found` and sets the verdicts back to kNew; event k
  /// is at place_of(k) in the burst. Returns the events that were not judged.
  template <class PlaceOf>
  std::uint64_t add_refusals(std::size_t sequenced, PlaceOf&& place_of, Refusals& found) noexcept {
    std::uint64_t untracked = 0;
    for (std::size_t k = 0; k < sequenced; ++k) {
      const std::uint64_t bit = std::uint64_t{1} << place_of(k);
      if (verdicts_[k] == identity::Verdict::kUntracked) untracked |= bit;
      if (verdicts_[k] == identity::Verdict::kDuplicate) found.duplicate |= bit;
      if (verdicts_[k] == identity::Verdict::kStale) found.stale |= bit;
      verdicts_[k] = identity::Verdict::kNew;
    }
    return untracked;
  }

  identity::ProducerTable* table_;
  std::array<identity::Verdict, kMaxBurst> verdicts_{};  ///< all kNew between two bursts
  std::array<const event::Event*, kMaxBurst> events_{};  ///< gathered of the burst
  std::array<std::uint8_t, kMaxBurst> place_{};          ///< in it
};

}  // namespace esc::dispatch
