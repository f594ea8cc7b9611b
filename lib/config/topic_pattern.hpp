// SPDX-License-Identifier: BSD-3-Clause
// Topic patterns, as in MQTT 3.1.1 (section 4.7): '/' separates levels, a level '+' stands for any
// one level, and '#' as the last level stands for any number of levels, including none.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace esc::config {

/// Whether a pattern contains '+' or '#'; otherwise it is a single topic.
[[nodiscard]] inline bool is_wildcard(std::string_view pattern) noexcept {
  return pattern.find_first_of("+#") != std::string_view::npos;
}

struct PatternProblem {
  std::string what;  ///< continues a sentence that begins with "topic '...' "
  std::string fix;
};

/// The reason why a text is no pattern: a wildcard that is only part of a level, or a '#' before
/// the end.
[[nodiscard]] std::optional<PatternProblem> pattern_problem(std::string_view pattern);

/// The most nodes of the patterns' tree that a search for one topic may have to look at.
///
/// From a node the search may go two ways: by the topic's own level and by '+'. Each node stands
/// for one beginning of patterns, so the search looks at it once at most. A node's bound is the sum
/// of 1 for the node itself, the bound of the node behind '+', and the largest bound of the nodes
/// behind its words: a topic follows only one of the words.
struct MatchCost {
  std::size_t steps = 1;
  std::size_t pattern = 0;  ///< index of a pattern that contributes to this cost
};
[[nodiscard]] MatchCost match_cost(std::span<const std::string_view> patterns);

/// The largest cost that a configuration may have. Where some dozens of patterns match one topic,
/// the cost is some dozens.
inline constexpr std::size_t kMaxMatchSteps = 1'024;
/// The most patterns, each of at most 256 levels: bounds the memory of their tree.
inline constexpr std::size_t kMaxWildcards = 16'384;

}  // namespace esc::config
