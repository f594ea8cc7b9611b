// SPDX-License-Identifier: BSD-3-Clause
#include "route/route_set.hpp"

#include <algorithm>
#include <atomic>
#include <map>

#include "config/topic_pattern.hpp"

namespace esc::route {
namespace {

std::vector<TopicTrie::Pattern> patterns_of(std::span<const RouteSpec> routes) {
  std::vector<TopicTrie::Pattern> patterns;
  for (std::uint32_t route = 0; route < routes.size(); ++route) {
    if (config::is_wildcard(routes[route].topic)) patterns.push_back({routes[route].topic, route});
  }
  return patterns;
}

// Never 0, which is what memory holds that nobody has written.
std::uint32_t next_generation() {
  static std::atomic<std::uint32_t> last{0};  // only numbers, nothing is published by them
  std::uint32_t mine = 0;
  while (mine == 0) mine = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return mine;
}

}  // namespace

/// The sets of prefixes, each kept once, since most routes with publishers have the same ones.
class RouteSet::Publishers {
 public:
  explicit Publishers(std::vector<wire::PrefixSet>& sets) : sets_(sets) {}

  std::uint32_t index_of(const std::vector<wire::IpPrefix>& prefixes) {
    if (prefixes.empty()) return kAnyone;
    const auto [found, is_new] =
        known_.try_emplace(prefixes, static_cast<std::uint32_t>(sets_.size()));
    if (is_new) sets_.emplace_back(prefixes);
    return found->second;
  }

 private:
  std::vector<wire::PrefixSet>& sets_;
  std::map<std::vector<wire::IpPrefix>, std::uint32_t> known_;
};

RouteSet::RouteSet(std::span<const RouteSpec> routes, const TopicHasher& hasher,
                   const UnknownSpec& unknown)
    : patterns_(patterns_of(routes), hasher),
      hasher_(hasher),
      generation_(next_generation()),
      unknown_rule_(unknown.rule) {
  Publishers publishers(publishers_);
  targets_.reserve(routes.size() + 1);
  key_of_route_.reserve(routes.size() + 1);
  std::vector<ExactTopics::Topic> exact;
  exact.reserve(routes.size());
  for (std::uint32_t route = 0; route < routes.size(); ++route) {
    add(routes[route], publishers);
    if (!config::is_wildcard(routes[route].topic)) add_exact(route, exact);
  }
  exact_ = ExactTopics(exact);
  if (unknown.default_route) {
    default_route_ = static_cast<std::uint32_t>(routes.size());
    add(*unknown.default_route, publishers);
  }
}

const RouteSet& RouteSet::empty() {
  static const RouteSet set({}, TopicHasher(0));
  return set;
}

void RouteSet::add(const RouteSpec& spec, Publishers& publishers) {
  const auto index = static_cast<std::uint32_t>(targets_.size());
  key_of_route_.push_back(static_cast<std::uint32_t>(keys_.size()));
  keys_.push_back(static_cast<std::uint8_t>(spec.topic.size()));
  keys_.insert(keys_.end(), spec.topic.begin(), spec.topic.end());
  has_keys_ = has_keys_ || spec.dedup.kind != DedupKind::kNone;
  targets_.push_back({
      .slot = spec.slot == RouteSpec::kOwnIndex ? index : spec.slot,
      .handler = spec.handler,
      .retries = spec.retries,
      .worker = spec.worker,
      .spread = spec.spread,
      .on_full = spec.on_full,
      .has_priority = spec.priority.has_value(),
      .priority = spec.priority.value_or(0),
      .dedup = spec.dedup.kind,
      .dedup_offset = spec.dedup.offset,
      .dedup_bytes = spec.dedup.bytes,
      .publishers = publishers.index_of(spec.publishers),
  });
}

void RouteSet::add_exact(std::uint32_t route, std::vector<ExactTopics::Topic>& exact) {
  const std::uint32_t key = key_of_route_[route];
  const std::span<const std::uint8_t> topic(keys_.data() + key + 1, keys_[key]);
  targets_[route].topic_hash = hasher_(topic);
  ExactTopics::Topic& added = exact.emplace_back(
      ExactTopics::Topic{TopicHasher::digest_of(targets_[route].topic_hash), route, key, {}});
  if (topic.size() <= wire::kShortTopicBytes) added.if_short = wire::padded(topic);
}

std::string_view RouteSet::topic(std::uint32_t route) const noexcept {
  const std::uint8_t* key = keys_.data() + key_of_route_[route];
  return {reinterpret_cast<const char*>(key + 1), *key};
}

std::size_t RouteSet::memory_bytes() const noexcept {
  std::size_t bytes = exact_.memory_bytes() + keys_.capacity() +
                      targets_.capacity() * sizeof(Target) +
                      key_of_route_.capacity() * sizeof(std::uint32_t) + patterns_.memory_bytes();
  for (const wire::PrefixSet& set : publishers_) bytes += set.memory_bytes();
  return bytes;
}

}  // namespace esc::route
