// SPDX-License-Identifier: BSD-3-Clause
// Rules as a dispatcher finds them, published once.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "route/rules.hpp"
#include "route/topic_cache.hpp"
#include "runtime/published.hpp"

namespace esc::test {

[[nodiscard]] inline std::unique_ptr<const route::Rules> make_rules(
    std::span<const route::RouteSpec> routes, const route::TopicHasher& hasher,
    const route::UnknownSpec& unknown = {}, std::span<const config::ProducerConfig> producers = {},
    std::span<const wire::IpPrefix> replay_sources = {}) {
  return std::make_unique<const route::Rules>(route::Rules{route::RouteSet(routes, hasher, unknown),
                                                           route::ProducerBindings(producers, 11),
                                                           wire::PrefixSet(replay_sources)});
}

/// Rules, published without readers, and a topic cache's memory.
struct PublishedRules {
  explicit PublishedRules(std::unique_ptr<const route::Rules> first)
      : published(quiescence, std::move(first)) {}

  static constexpr std::size_t kTopics = 64;
  runtime::Quiescence quiescence{1};
  runtime::Published<route::Rules> published;
  std::vector<route::TopicCache::Set> sets{route::TopicCache::sets_for(kTopics)};
  std::vector<route::TopicCache::TopicBytes> topics{sets.size() * route::TopicCache::kWays};
  [[nodiscard]] route::TopicCache::Memory cache() noexcept { return {sets, topics}; }
};

}  // namespace esc::test
