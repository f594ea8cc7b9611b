// SPDX-License-Identifier: BSD-3-Clause
#include "config/topic_pattern.hpp"

#include <algorithm>
#include <vector>

namespace esc::config {
namespace {

// Topics contain no control characters. This one sorts before all characters of a topic, so sorted
// texts that begin with the same levels are neighbours.
constexpr char kBetweenLevels = '\0';

struct Text {
  std::string levels;
  std::size_t pattern = 0;
};

std::string_view level_at(const Text& text, std::size_t at) {
  const std::string_view rest = std::string_view(text.levels).substr(at);
  return rest.substr(0, rest.find(kBetweenLevels));
}

// `texts` are sorted and have the same bytes before `at`. For texts that end here, `at` is behind
// their end.
MatchCost cost_of(std::span<const Text> texts, std::size_t at) {
  MatchCost behind_word{0, 0};
  MatchCost behind_plus{0, 0};
  while (!texts.empty() && texts.front().levels.size() < at) texts = texts.subspan(1);
  const std::size_t first = texts.empty() ? 0 : texts.front().pattern;
  while (!texts.empty()) {
    const std::string_view level = level_at(texts.front(), at);
    const auto same = [&](const Text& text) { return level_at(text, at) == level; };
    const auto group = texts.first(
        static_cast<std::size_t>(std::ranges::find_if_not(texts, same) - texts.begin()));
    texts = texts.subspan(group.size());
    if (level == "#") continue;  // part of this node: it has no node of its own
    const MatchCost cost = cost_of(group, at + level.size() + 1);
    if (level == "+") {
      behind_plus = cost;
    } else if (cost.steps > behind_word.steps) {
      behind_word = cost;
    }
  }
  const MatchCost& heavier = behind_plus.steps > behind_word.steps ? behind_plus : behind_word;
  return {1 + behind_plus.steps + behind_word.steps, heavier.steps > 1 ? heavier.pattern : first};
}

}  // namespace

std::optional<PatternProblem> pattern_problem(std::string_view pattern) {
  while (true) {
    const std::size_t slash = pattern.find('/');
    const std::string_view level = pattern.substr(0, slash);
    const std::size_t wildcard = level.find_first_of("+#");
    if (wildcard != std::string_view::npos && level.size() > 1) {
      return PatternProblem{
          std::string("has '") + level[wildcard] + "' inside a level",
          "a wildcard is a whole level: it stands alone between two '/', or at an end"};
    }
    if (slash == std::string_view::npos) return std::nullopt;
    if (level == "#") {
      return PatternProblem{"has levels behind its '#'", "'#' takes all the rest: end with it"};
    }
    pattern.remove_prefix(slash + 1);
  }
}

MatchCost match_cost(std::span<const std::string_view> patterns) {
  std::vector<Text> texts;
  texts.reserve(patterns.size());
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    texts.push_back({std::string(patterns[i]), i});
    std::ranges::replace(texts.back().levels, '/', kBetweenLevels);
  }
  std::ranges::sort(texts, {}, &Text::levels);
  return cost_of(texts, 0);
}

}  // namespace esc::config
