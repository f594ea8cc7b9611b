// SPDX-License-Identifier: BSD-3-Clause
// Topic patterns, as in MQTT 3.1.1 (section 4.7): levels apart by '/', a level '+' stands for any
// one level, a last level '#' for any number of levels, none included.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace esc::config {

/// A pattern with '+' or '#' in it, rather than one topic.
[[nodiscard]] inline bool is_wildcard(std::string_view pattern) noexcept {
  return pattern.find_first_of("+#") != std::string_view::npos;
}

struct PatternProblem {
  std::string what;  ///< goes on after "topic '...' "
  std::string fix;
};

/// Why a text is no pattern: a wildcard that is only part of a level, or a '#' before the end.
[[nodiscard]] std::optional<PatternProblem> pattern_problem(std::string_view pattern);

/// The most nodes of the patterns' tree that a search for one topic may have to look at.
///
/// From a node the search may go two ways: by the topic's own level and by '+'. A node belongs to
/// one beginning of patterns, so it is looked at once at most. The bound of a node is 1, and that
/// of the node behind '+', and the largest of those behind its words, of which a topic has only
/// one.
struct MatchCost {
  std::size_t steps = 1;
  std::size_t pattern = 0;  ///< index of one that is where the steps are
};
[[nodiscard]] MatchCost match_cost(std::span<const std::string_view> patterns);

/// What a configuration may ask for. Where one topic is matched by some dozens of patterns at once,
/// the cost is some dozens.
inline constexpr std::size_t kMaxMatchSteps = 1'024;
/// Bounds the memory of the patterns' tree: 16,384 of at most 256 levels.
inline constexpr std::size_t kMaxWildcards = 16'384;

}  // namespace esc::config
