// SPDX-License-Identifier: BSD-3-Clause
// Finds the pattern that takes a topic, in a tree of the patterns' levels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "route/topic_hasher.hpp"

namespace esc::route {

/// Patterns as in MQTT 3.1.1 (docs/routing.md). Immutable once built; any thread.
///
/// Where several patterns match, the most specific takes the topic: at the first level at which two
/// of them differ a word comes before '+' and '+' before '#'; a pattern that ends with the topic
/// comes before one that goes on with '#'. Any two different patterns that match one topic differ
/// in this way, so there are no ties.
///
/// At each node a search tries the word first, then '+', then '#', and it ends at the first pattern
/// that it reaches. Only one path leads from the root to a node, so no node is looked at twice, and
/// config::match_cost counts every node that can be.
class TopicTrie {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Pattern {
    std::string_view text;  ///< sound, with a wildcard in it or not
    std::uint32_t route = 0;
  };
  struct Match {
    std::uint32_t route = kNone;
    std::size_t steps = 0;  ///< nodes looked at
  };

  /// No two patterns are equal. Allocates.
  TopicTrie(std::span<const Pattern> patterns, const TopicHasher& hasher);

  /// The route of the most specific pattern. `topic`: 1 to 255 bytes, of any content. No
  /// allocation; takes about 7 KiB of stack.
  [[nodiscard]] Match match(std::span<const std::uint8_t> topic) const noexcept;

  /// There are no patterns.
  [[nodiscard]] bool empty() const noexcept { return patterns_ == 0; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  struct Node {
    std::uint32_t plus = kNone;  ///< the node behind '+'
    std::uint32_t here = kNone;  ///< route of the pattern that ends here
    std::uint32_t rest = kNone;  ///< route of the pattern that goes on with '#'
    std::uint32_t words = 0;     ///< how many nodes lie behind words, not wildcards
  };
  /// From a node by a word; open addressing, at most half full.
  struct Edge {
    std::uint32_t parent = 0;
    std::uint32_t child = kNone;  ///< kNone: the slot is free
    std::uint32_t word = 0;       ///< where it begins in words_: its length, then its bytes
    std::uint32_t tag = 0;        ///< bits of the hash that do not choose the slot
  };
  class Levels;
  struct NewEdge;
  struct Building;

  void add(const Pattern& pattern, Building& building);
  void make_table(std::span<const NewEdge> edges);
  [[nodiscard]] std::uint32_t child(std::uint32_t parent, std::span<const std::uint8_t> word,
                                    std::uint64_t word_hash) const noexcept;

  TopicHasher hasher_;
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<std::uint8_t> words_;
  std::uint64_t mask_ = 0;
  std::size_t patterns_ = 0;
};

}  // namespace esc::route
