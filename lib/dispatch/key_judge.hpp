// Which events of a burst were seen before by their key: by what their routes say tells them apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dispatch/may_publish.hpp"
#include "event/event.hpp"
#include "event/frame_bytes.hpp"
#include "identity/key_hasher.hpp"
#include "identity/keyed_table.hpp"
#include "route/route_set.hpp"
#include "route/topic_cache.hpp"
#include "telemetry/stage_counters.hpp"

namespace esc::dispatch {

/// Where a dispatcher keeps keys: shared by all pipelines, not owned, outliving them. Without a
/// table no event has a key.
struct KeyStore {
  identity::KeyedTable* table = nullptr;
  const identity::KeyHasher* hasher = nullptr;
};

/// The bytes of a payload that are its key by its route; none: it is too short for that.
[[nodiscard]] inline const std::uint8_t* find_key(const route::RouteSet::Target& target,
                                                  std::span<const std::uint8_t> payload,
                                                  std::size_t& bytes) noexcept {
  if (payload.size() < std::size_t{target.dedup_offset} + target.dedup_bytes) return nullptr;
  bytes = target.dedup_bytes != 0 ? target.dedup_bytes : payload.size() - target.dedup_offset;
  return payload.data() + target.dedup_offset;
}

/// Gathers the keys of a burst and has the table judge them at once, so that its cache misses
/// overlap. Thread: the dispatcher's lcore; counters() from any.
class KeyJudge {
 public:
  static constexpr std::size_t kMaxBurst = identity::KeyedTable::kMaxBurst;
  static_assert(kMaxBurst <= 64, "one bit of the answer for each event");

  /// `numbers_judged`: events with a number are judged by that, and by no key.
  KeyJudge(const KeyStore& store, bool numbers_judged) noexcept
      : caller_(*store.table), hasher_(*store.hasher), numbers_judged_(numbers_judged) {}

  /// Judges, and marks as seen, those of the first `count` events of input.peek() whose route has a
  /// key; bit i: event i was seen before. Passed over: what is in `done`, what has no route, and
  /// what its sender may not publish; such a sender must not make others' events look repeated.
  /// `count`: at most kMaxBurst.
  template <class Input>
  [[nodiscard]] std::uint64_t judge(const Input& input, std::size_t count, std::uint64_t done,
                                    const route::RouteSet& routes, route::TopicCache& cache,
                                    std::uint64_t now,
                                    telemetry::DispatchCounters& counters) noexcept {
    std::size_t keyed = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const event::Event& event = input.peek(i);
      if ((done >> i & 1) != 0 || (numbers_judged_ && event.has(event::kSequenced))) continue;
      const route::RouteSet::Target* target = target_of(event, routes, cache);
      if (target == nullptr || target->dedup == route::DedupKind::kNone) continue;
      std::size_t bytes = 0;
      const std::uint8_t* key = find_key(*target, event::payload(event), bytes);
      if (key == nullptr) {
        counters.unkeyed.add();
        continue;
      }
      keys_[keyed] = hasher_({key, bytes}, event.topic_hash);
      place_[keyed++] = static_cast<std::uint8_t>(i);
    }
    if (keyed == 0) return 0;
    caller_.check_and_mark(std::span(keys_).first(keyed), verdicts_, now);
    return duplicates(keyed);
  }

  [[nodiscard]] const identity::KeyedCounters& counters() const noexcept {
    return caller_.counters();
  }

 private:
  [[nodiscard]] static const route::RouteSet::Target* target_of(const event::Event& event,
                                                                const route::RouteSet& routes,
                                                                route::TopicCache& cache) noexcept {
    std::uint32_t route = cache.find(routes, event.topic_hash, event::topic(event));
    if (route == route::RouteSet::kNone) route = routes.default_route();
    if (route == route::RouteSet::kNone) return nullptr;
    const route::RouteSet::Target& target = routes.target(route);
    return may_publish(routes, target, event) ? &target : nullptr;
  }

  [[nodiscard]] std::uint64_t duplicates(std::size_t keyed) const noexcept {
    std::uint64_t found = 0;
    for (std::size_t k = 0; k < keyed; ++k) {
      // Contended keys pass as new ones: twice is better than never.
      found |= static_cast<std::uint64_t>(verdicts_[k] == identity::KeyVerdict::kDuplicate)
               << place_[k];
    }
    return found;
  }

  identity::KeyedTable::Caller caller_;
  identity::KeyHasher hasher_;  ///< a copy: on this lcore's node
  bool numbers_judged_;
  std::array<identity::KeyHash, kMaxBurst> keys_{};
  std::array<identity::KeyVerdict, kMaxBurst> verdicts_{};
  std::array<std::uint8_t, kMaxBurst> place_{};
};

}  // namespace esc::dispatch
