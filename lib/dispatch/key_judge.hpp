// SPDX-License-Identifier: BSD-3-Clause
// Finds the events of a burst whose key was seen before. A route says which bytes of the payload
// are the key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dispatch/burst_routes.hpp"
#include "dispatch/key_store.hpp"
#include "event/event.hpp"
#include "event/frame_bytes.hpp"
#include "identity/key_hasher.hpp"
#include "identity/keyed_table.hpp"
#include "route/event_topic.hpp"
#include "route/route_set.hpp"
#include "telemetry/stage_counters.hpp"

namespace esc::dispatch {

/// The bytes of a payload that its route makes its key; nullptr: the payload is too short.
[[nodiscard]] inline const std::uint8_t* find_key(const route::RouteSet::Target& target,
                                                  std::span<const std::uint8_t> payload,
                                                  std::size_t& bytes) noexcept {
  if (payload.size() < std::size_t{target.dedup_offset} + target.dedup_bytes) return nullptr;
  bytes = target.dedup_bytes != 0 ? target.dedup_bytes : payload.size() - target.dedup_offset;
  return payload.data() + target.dedup_offset;
}

/// A key is unique within its topic and the rule that cut it out of the payload. After a reload
/// that corrects a rule, new keys must not be taken for those that the old rule left behind.
[[nodiscard]] inline std::uint64_t key_scope(const route::RouteSet::Target& target,
                                             std::uint64_t topic_hash) noexcept {
  const std::uint64_t rule = static_cast<std::uint64_t>(target.dedup) |
                             std::uint64_t{target.dedup_offset} << 8 |
                             std::uint64_t{target.dedup_bytes} << 24;
  return topic_hash ^ rule * 0x9E3779B97F4A7C15U;  // spread over all bits (Fibonacci hashing)
}

/// Gathers the keys of a burst and has the table judge them at once, so that its cache misses
/// overlap. Thread: the dispatcher's lcore; counters() from any.
class KeyJudge {
 public:
  static constexpr std::size_t kMaxBurst = identity::KeyedTable::kMaxBurst;
  static_assert(kMaxBurst <= 64, "one bit of the answer for each event");

  explicit KeyJudge(const KeyStore& store) noexcept
      : caller_(*store.table), hasher_(*store.hasher) {}

  /// Judges those of the first `count` events of input.peek() whose route (`found` in `routes`) has
  /// a key, and marks their keys as seen; bit i of the answer: event i was seen before. Events in
  /// `skip` are passed over. `count`: at most kMaxBurst.
  template <class Input>
  [[nodiscard]] std::uint64_t judge(const Input& input, std::size_t count, std::uint64_t skip,
                                    const route::RouteSet& routes, const BurstRoutes& found,
                                    std::uint64_t now,
                                    telemetry::DispatchCounters& counters) noexcept {
    std::size_t keyed = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if ((skip >> i & 1) != 0 || found[i] == route::RouteSet::kNone) continue;
      const route::RouteSet::Target& target = routes.target(found[i]);
      if (target.dedup == route::DedupKind::kNone) continue;
      const event::Event& event = input.peek(i);
      std::size_t bytes = 0;
      const std::uint8_t* key = find_key(target, event::payload(event), bytes);
      if (key == nullptr) {
        counters.unkeyed.add();
        continue;
      }
      keys_[keyed] =
          hasher_({key, bytes}, key_scope(target, route::topic_hash(routes, target, event)));
      place_[keyed++] = static_cast<std::uint8_t>(i);
    }
    if (keyed == 0) return 0;
    return mark(std::span(keys_).first(keyed), place_, now);
  }

  /// Has the table judge the keys of other events: `place` says which bit of the answer belongs to
  /// which key. At most kMaxBurst.
  [[nodiscard]] std::uint64_t mark(std::span<const identity::KeyHash> keys,
                                   std::span<const std::uint8_t> place,
                                   std::uint64_t now) noexcept {
    caller_.check_and_mark(keys, verdicts_, now);
    std::uint64_t found = 0;
    for (std::size_t k = 0; k < keys.size(); ++k) {
      // Contended keys pass as new: delivering an event twice is better than losing it.
      found |= static_cast<std::uint64_t>(verdicts_[k] == identity::KeyVerdict::kDuplicate)
               << place[k];
    }
    return found;
  }

  [[nodiscard]] const identity::KeyHasher& hasher() const noexcept { return hasher_; }

  [[nodiscard]] const identity::KeyedCounters& counters() const noexcept {
    return caller_.counters();
  }

 private:
  identity::KeyedTable::Caller caller_;
  identity::KeyHasher hasher_;  ///< a copy: on this lcore's node
  std::array<identity::KeyHash, kMaxBurst> keys_{};
  std::array<identity::KeyVerdict, kMaxBurst> verdicts_{};
  std::array<std::uint8_t, kMaxBurst> place_{};
};

}  // namespace esc::dispatch
