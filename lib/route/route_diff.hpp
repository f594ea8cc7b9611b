// SPDX-License-Identifier: BSD-3-Clause
// What a reload would change of the routes, without doing it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace esc::route {

struct RouteChange {
  std::string topic;
  std::vector<std::string> options;  ///< the keys that differ, in the order of the key table
};

struct ProducerDiff {
  std::vector<std::uint64_t> added;
  std::vector<std::uint64_t> removed;
  std::vector<std::uint64_t> changed;  ///< bound to other sources
  std::size_t unchanged = 0;
};

/// The lists have the order of the newer file; the list of what was removed has the order of the
/// older one.
struct RouteDiff {
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<RouteChange> changed;
  std::size_t unchanged = 0;
  /// Of [routing] and [default_route]: "unknown_topic", "default_route" if it came or went, else
  /// its keys that differ, as "default_route.handler".
  std::vector<std::string> routing;
  ProducerDiff producers;

  /// Nothing would change.
  [[nodiscard]] bool empty() const noexcept;
};

[[nodiscard]] RouteDiff diff(const config::Config& before, const config::Config& after);

/// Each list as {"count": n, "first": [...]}, with `most_listed` entries at most.
[[nodiscard]] nlohmann::ordered_json to_json(const RouteDiff& diff, std::size_t most_listed = 1000);

}  // namespace esc::route
