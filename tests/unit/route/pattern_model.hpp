// SPDX-License-Identifier: BSD-3-Clause
// A second implementation of topic patterns, written as plainly as possible, with which the tree is
// compared.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace esc::route::test {

inline std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

using Levels = std::vector<std::string>;

inline Levels levels_of(const std::string& text) {
  Levels levels(1);
  for (const char c : text) {
    if (c == '/') {
      levels.emplace_back();
    } else {
      levels.back() += c;
    }
  }
  return levels;
}

inline bool matches_from(const Levels& pattern, std::size_t p, const Levels& topic, std::size_t t) {
  if (p == pattern.size()) return t == topic.size();
  if (pattern[p] == "#") return true;
  if (t == topic.size()) return false;
  return (pattern[p] == "+" || pattern[p] == topic[t]) &&
         matches_from(pattern, p + 1, topic, t + 1);
}

inline bool matches(const std::string& pattern, const std::string& topic) {
  const Levels levels = levels_of(pattern);
  const bool begins_wild = levels[0] == "+" || levels[0] == "#";
  if (topic.starts_with('$') && begins_wild) return false;
  return matches_from(levels, 0, levels_of(topic), 0);
}

/// Whether `a` takes a topic that both patterns match.
inline bool more_specific(const std::string& a, const std::string& b) {
  const Levels one = levels_of(a);
  const Levels other = levels_of(b);
  const auto rank = [](const Levels& levels, std::size_t at) {
    if (at == levels.size()) return 0;  // the other one goes on with '#'
    return levels[at] == "#" ? 3 : levels[at] == "+" ? 2 : 1;
  };
  for (std::size_t at = 0; at < one.size() || at < other.size(); ++at) {
    if (rank(one, at) != rank(other, at)) return rank(one, at) < rank(other, at);
  }
  return false;
}

/// The index of the pattern that takes the topic.
inline std::optional<std::size_t> taker(const std::vector<std::string>& patterns,
                                        const std::string& topic) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (!matches(patterns[i], topic)) continue;
    if (!best || more_specific(patterns[i], patterns[*best])) best = i;
  }
  return best;
}

/// All texts of 1 to `depth` of these levels.
inline std::vector<std::string> all_texts(const std::vector<std::string>& levels,
                                          std::size_t depth) {
  std::vector<std::string> all;
  std::vector<std::string> longest = {""};
  for (std::size_t i = 0; i < depth; ++i) {
    std::vector<std::string> longer;
    for (const std::string& text : longest) {
      for (const std::string& level : levels) longer.push_back(text + (i > 0 ? "/" : "") + level);
    }
    for (const std::string& text : longer) {
      if (!text.empty()) all.push_back(text);
    }
    longest = std::move(longer);
  }
  return all;
}

}  // namespace esc::route::test
