// SPDX-License-Identifier: BSD-3-Clause
// Which events go where: the compiled routes that the dispatcher reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/routes.hpp"
#include "route/exact_topics.hpp"
#include "route/topic_hasher.hpp"
#include "route/topic_trie.hpp"
#include "wire/ip_prefix.hpp"

namespace esc::route {

using config::DedupKind;
using config::OnFull;
using config::Spread;
using config::UnknownTopic;

struct RouteSpec {
  static constexpr std::uint32_t kOwnIndex = UINT32_MAX;

  std::string topic{};        ///< a topic or a pattern
  std::uint16_t handler = 0;  ///< index into the workers' handlers
  Spread spread = Spread::kByTopic;
  std::uint16_t worker = 0;  ///< for Spread::kWorker
  std::optional<std::uint8_t> priority{};
  OnFull on_full = OnFull::kHold;
  std::uint8_t retries = 0;
  config::DedupConfig dedup{};
  std::vector<wire::IpPrefix> publishers{};  ///< none: anyone
  std::uint32_t slot = kOwnIndex;            ///< kOwnIndex: the route's index
};

/// What becomes of a topic without a route.
struct UnknownSpec {
  UnknownTopic rule = UnknownTopic::kDeadLetter;
  /// Set if, and only if, the rule is UnknownTopic::kRoute.
  std::optional<RouteSpec> default_route{};
};

/// Immutable once built; read from any thread without synchronisation. Exact topics in a hash table
/// (ExactTopics), patterns in a tree (TopicTrie). An exact topic is more specific than any pattern,
/// so it is looked for first.
class RouteSet {
 public:
  static constexpr std::uint32_t kNone = ExactTopics::kNone;
  static constexpr std::uint32_t kAnyone = UINT32_MAX;

  /// What the dispatcher needs to know of a route. Two to a cache line.
  struct alignas(32) Target {
    // In the order of event::WorkItem, so that they are copied at once.
    /// The place of the per-topic figures; a pattern keeps it over reloads.
    std::uint32_t slot = 0;
    std::uint16_t handler = 0;  ///< index into the workers' handlers
    std::uint8_t retries = 0;
    std::uint8_t unused = 0;
    std::uint16_t worker = 0;
    Spread spread = Spread::kByTopic;
    OnFull on_full = OnFull::kHold;
    bool has_priority = false;
    std::uint8_t priority = 0;  ///< replaces the event's own, if has_priority
    DedupKind dedup = DedupKind::kNone;
    std::uint16_t dedup_offset = 0;
    std::uint16_t dedup_bytes = 0;       ///< 0: to the payload's end
    std::uint32_t publishers = kAnyone;  ///< see may_publish
    std::uint64_t topic_hash = 0;        ///< 0: of a pattern, or of the default route
  };

  /// Topics are unique and sound (the configuration's loader sees to it). Control path: allocates.
  RouteSet(std::span<const RouteSpec> routes, const TopicHasher& hasher,
           const UnknownSpec& unknown = {});

  /// A set without a route. Its first use allocates.
  [[nodiscard]] static const RouteSet& empty();

  /// Index of the route that takes `topic`, or kNone. The default route is not asked.
  [[nodiscard]] std::uint32_t find(std::uint64_t hash,
                                   std::span<const std::uint8_t> topic) const noexcept {
    const std::uint32_t exact = find_exact(hash, topic);
    return exact != kNone || patterns_.empty() ? exact : patterns_.match(topic).route;
  }

  /// The same among exact topics only, which is quicker.
  [[nodiscard]] std::uint32_t find_exact(std::uint64_t hash,
                                         std::span<const std::uint8_t> topic) const noexcept {
    return exact_.find(TopicHasher::digest_of(hash), topic, keys_.data());
  }
  /// The same for topics of up to 32 bytes.
  [[nodiscard]] ExactTopics::ShortTopics short_topics() const noexcept {
    return exact_.short_topics();
  }
  /// The topic's hash, as every stage makes it.
  [[nodiscard]] std::uint64_t hash_of(std::span<const std::uint8_t> topic) const noexcept {
    return hasher_(topic);
  }
  /// The same among patterns only. The result may be kept as long as generation() stays the same
  /// (TopicCache).
  [[nodiscard]] TopicTrie::Match match(std::span<const std::uint8_t> topic) const noexcept {
    return patterns_.match(topic);
  }
  [[nodiscard]] bool has_patterns() const noexcept { return !patterns_.empty(); }

  /// Whether any route deduplicates its events by a key.
  [[nodiscard]] bool has_keys() const noexcept { return has_keys_; }
  /// Whether any route takes events from certain senders only.
  [[nodiscard]] bool has_publishers() const noexcept { return !publishers_.empty(); }

  [[nodiscard]] UnknownTopic unknown_rule() const noexcept { return unknown_rule_; }
  /// Index of the route that takes what no other route takes; kNone unless UnknownTopic::kRoute.
  [[nodiscard]] std::uint32_t default_route() const noexcept { return default_route_; }

  [[nodiscard]] const Target& target(std::uint32_t route) const noexcept { return targets_[route]; }
  /// All of them, by the index of their route.
  [[nodiscard]] const Target* targets() const noexcept { return targets_.data(); }
  /// Whether an event of this route may come from `address`.
  [[nodiscard]] bool may_publish(const Target& target,
                                 const wire::IpAddress& address) const noexcept {
    return target.publishers == kAnyone || publishers_[target.publishers].contains(address);
  }

  /// Routes, the default route as the last among them.
  [[nodiscard]] std::size_t size() const noexcept { return targets_.size(); }
  /// As configured; of the default route: empty.
  [[nodiscard]] std::string_view topic(std::uint32_t route) const noexcept;
  /// Different for any two sets made in this process; never 0.
  [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  static_assert(sizeof(Target) == 32);

  class Publishers;

  void add(const RouteSpec& spec, Publishers& publishers);
  void add_exact(std::uint32_t route, std::vector<ExactTopics::Topic>& exact);

  ExactTopics exact_{{}};
  /// For each topic its length, then its bytes; see ExactTopics.
  std::vector<std::uint8_t> keys_{0};
  std::vector<Target> targets_;
  TopicTrie patterns_;
  TopicHasher hasher_;
  std::vector<std::uint32_t> key_of_route_;
  std::vector<wire::PrefixSet> publishers_;
  std::uint32_t default_route_ = kNone;
  std::uint32_t generation_;
  UnknownTopic unknown_rule_;
  bool has_keys_ = false;
};

}  // namespace esc::route
