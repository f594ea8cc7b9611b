// SPDX-License-Identifier: BSD-3-Clause
#include "route/topic_trie.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <utility>

#include "route/same_bytes.hpp"

namespace esc::route {
namespace {

constexpr std::size_t kMaxTopicBytes = 255;
constexpr std::size_t kMaxLevels = kMaxTopicBytes + 1;
constexpr std::uint8_t kSeparator = '/';

using Bytes = std::span<const std::uint8_t>;

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The hash of an edge: the word's hash, mixed with the node from which the edge starts.
std::uint64_t edge_hash(std::uint32_t parent, std::uint64_t word_hash) {
  // the factor is odd, so no two parents give the same product
  return word_hash ^ parent * std::uint64_t{0x9E3779B97F4A7C15};
}
std::uint32_t tag_of(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 32);
}

}  // namespace

struct TopicTrie::NewEdge {
  std::uint32_t parent;
  std::uint32_t child;
  std::string_view word;
};

struct TopicTrie::Building {
  std::map<std::pair<std::uint32_t, std::string_view>, std::uint32_t> nodes;  ///< by parent, level
  std::vector<NewEdge> edges;
};

/// A topic cut into its levels. A level is hashed when the search first reaches it.
class TopicTrie::Levels {
 public:
  Levels(Bytes topic, const TopicHasher& hasher) noexcept : topic_(topic), hasher_(hasher) {
    begins_[0] = 0;
    for (std::size_t at = 0; at < topic.size(); ++at) {
      if (topic[at] == kSeparator) begins_[++last_] = static_cast<std::uint16_t>(at + 1);
    }
    // As if a separator stood behind the end.
    begins_[last_ + 1] = static_cast<std::uint16_t>(topic.size() + 1);
  }

  [[nodiscard]] std::size_t count() const noexcept { return last_ + 1; }
  [[nodiscard]] Bytes level(std::size_t depth) const noexcept {
    const std::size_t begin = begins_[depth];
    return topic_.subspan(begin, begins_[depth + 1] - 1U - begin);
  }
  [[nodiscard]] std::uint64_t hash(std::size_t depth) noexcept {
    for (; hashed_ <= depth; ++hashed_) hashes_[hashed_] = hasher_(level(hashed_));
    return hashes_[depth];
  }

 private:
  Bytes topic_;
  const TopicHasher& hasher_;
  std::size_t last_ = 0;
  std::size_t hashed_ = 0;
  std::array<std::uint16_t, kMaxLevels + 1> begins_;  // NOLINT: written before it is read
  std::array<std::uint64_t, kMaxLevels> hashes_;      // NOLINT: written before it is read
};

TopicTrie::TopicTrie(std::span<const Pattern> patterns, const TopicHasher& hasher)
    : hasher_(hasher), nodes_(1), patterns_(patterns.size()) {
  Building building;
  for (const Pattern& pattern : patterns) add(pattern, building);
  make_table(building.edges);
}

void TopicTrie::add(const Pattern& pattern, Building& building) {
  std::uint32_t node = 0;
  std::string_view rest = pattern.text;
  for (bool more = true; more;) {
    const std::size_t slash = rest.find(static_cast<char>(kSeparator));
    const std::string_view level = rest.substr(0, slash);
    more = slash != std::string_view::npos;
    if (more) rest.remove_prefix(slash + 1);
    if (level == "#") {
      nodes_[node].rest = pattern.route;
      return;
    }
    const auto fresh = static_cast<std::uint32_t>(nodes_.size());
    const auto [found, is_new] = building.nodes.try_emplace({node, level}, fresh);
    if (is_new) {
      nodes_.emplace_back();
      if (level == "+") {
        nodes_[node].plus = fresh;
      } else {
        ++nodes_[node].words;
        building.edges.push_back({node, fresh, level});
      }
    }
    node = found->second;
  }
  nodes_[node].here = pattern.route;
}

void TopicTrie::make_table(std::span<const NewEdge> edges) {
  edges_.resize(std::bit_ceil(std::max(edges.size() * 2, std::size_t{2})));
  mask_ = edges_.size() - 1;
  for (const NewEdge& edge : edges) {
    const std::uint64_t hash = edge_hash(edge.parent, hasher_(bytes_of(edge.word)));
    std::uint64_t at = hash & mask_;
    while (edges_[at].child != kNone) at = (at + 1) & mask_;
    edges_[at] = {edge.parent, edge.child, static_cast<std::uint32_t>(words_.size()), tag_of(hash)};
    words_.push_back(static_cast<std::uint8_t>(edge.word.size()));
    words_.insert(words_.end(), edge.word.begin(), edge.word.end());
  }
}

std::uint32_t TopicTrie::child(std::uint32_t parent, Bytes word,
                               std::uint64_t word_hash) const noexcept {
  const std::uint64_t hash = edge_hash(parent, word_hash);
  // The table is at most half full, so an empty slot ends every probe.
  for (std::uint64_t at = hash & mask_;; at = (at + 1) & mask_) {
    const Edge& edge = edges_[at];
    if (edge.child == kNone) return kNone;
    if (edge.tag != tag_of(hash) || edge.parent != parent) continue;
    const std::uint8_t* known = words_.data() + edge.word;
    if (*known == word.size() && same_bytes(known + 1, word.data(), word.size())) return edge.child;
  }
}

TopicTrie::Match TopicTrie::match(Bytes topic) const noexcept {
  constexpr std::uint32_t kTakeIt = UINT32_MAX;  // in place of a depth: `node` is a route
  struct Way {
    std::uint32_t node;
    std::uint32_t depth;
  };
  // Each node that is taken out puts at most three in, and one of those is taken out at once.
  std::array<Way, 2 * kMaxLevels + 3> ways;  // NOLINT: written before it is read
  std::size_t left = 0;
  std::size_t steps = 0;
  Levels levels(topic, hasher_);
  ways[left++] = {0, 0};
  // Bounded: no node comes into it twice.
  while (left != 0) {
    const auto [index, depth] = ways[--left];
    if (depth == kTakeIt) return {index, steps};
    ++steps;
    const Node& node = nodes_[index];
    if (depth == levels.count()) {
      if (node.here != kNone) return {node.here, steps};
      if (node.rest != kNone) return {node.rest, steps};
      continue;
    }
    // The last to go in is the first to come out. A topic that begins with '$' is not for patterns
    // that begin with a wildcard.
    if (depth != 0 || topic[0] != '$') {
      if (node.rest != kNone) ways[left++] = {node.rest, kTakeIt};
      if (node.plus != kNone) ways[left++] = {node.plus, depth + 1};
    }
    if (node.words == 0) continue;
    const std::uint32_t next = child(index, levels.level(depth), levels.hash(depth));
    if (next != kNone) ways[left++] = {next, depth + 1};
  }
  return {kNone, steps};
}

std::size_t TopicTrie::memory_bytes() const noexcept {
  return nodes_.capacity() * sizeof(Node) + edges_.capacity() * sizeof(Edge) + words_.capacity();
}

}  // namespace esc::route
