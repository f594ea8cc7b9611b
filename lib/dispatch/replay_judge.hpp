// SPDX-License-Identifier: BSD-3-Clause
// Judges the replayed dead letters of a burst: whether their sender may replay, and which came
// before.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dispatch/key_judge.hpp"
#include "dispatch/sequence_judge.hpp"
#include "event/event.hpp"
#include "event/peer.hpp"
#include "wire/ip_prefix.hpp"

namespace esc::dispatch {

/// A replayed event has the number that it had when it died, which its producer's window has seen
/// already. So the table of keys remembers it, by its number and how often it was replayed. Thread:
/// the dispatcher's lcore.
class ReplayJudge {
 public:
  /// Judges the events of input.peek() whose bit is set in `replays`, marks them as seen, and adds
  /// the refused ones to `found`. Events from an address outside `sources` are refused and leave no
  /// mark. `keys` null: there is no memory to remember them in, and all are refused. Returns how
  /// many are new.
  template <class Input>
  std::size_t judge(const Input& input, std::uint64_t replays, const wire::PrefixSet& sources,
                    KeyJudge* keys, std::uint64_t now, Refusals& found) noexcept {
    std::size_t count = 0;
    for (std::uint64_t rest = replays; rest != 0; rest &= rest - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(rest));
      const event::Event& event = input.peek(i);
      if (keys == nullptr || !event::is_from(event, sources)) {
        found.not_replayer |= std::uint64_t{1} << i;
        continue;
      }
      keys_[count] = keys->hasher().replayed(
          {.producer = event.producer, .sequence = event.sequence, .epoch = event.epoch},
          event.replay_count);
      place_[count++] = static_cast<std::uint8_t>(i);
    }
    if (count == 0) return 0;
    const std::uint64_t seen = keys->mark(std::span(keys_).first(count), place_, now);
    found.same_replay |= seen;
    return count - static_cast<std::size_t>(std::popcount(seen));
  }

 private:
  std::array<identity::KeyHash, KeyJudge::kMaxBurst> keys_{};
  std::array<std::uint8_t, KeyJudge::kMaxBurst> place_{};
};

}  // namespace esc::dispatch
