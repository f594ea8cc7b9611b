// SPDX-License-Identifier: BSD-3-Clause
#include "route/exact_topics.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace esc::route {
namespace {

constexpr std::size_t kTopicsInAGroup = 4;  // on average
// A group of different digests finds its multiplier among the first thousands. One that does not
// has its topics searched one by one.
constexpr std::uint64_t kMultipliersTried = 1U << 16U;

/// The multiplier that is tried after `number` others: SplitMix64 (Steele, Lea and Flood, OOPSLA
/// 2014), made odd.
std::uint64_t multiplier(std::uint64_t number) {
  std::uint64_t z = (number + 1) * 0x9e3779b97f4a7c15U;
  z = (z ^ z >> 30U) * 0xbf58476d1ce4e5b9U;
  z = (z ^ z >> 27U) * 0x94d049bb133111ebU;
  return (z ^ z >> 31U) | 1U;
}

}  // namespace

/// Finds the groups' multipliers, those of the largest groups first, while most places are free.
class ExactTopics::Builder {
 public:
  Builder(ExactTopics& table, std::span<const Topic> topics) : table_(table), topics_(topics) {
    std::vector<std::vector<std::size_t>> groups(table.multipliers_.size());
    for (std::size_t i = 0; i < topics.size(); ++i) {
      groups[topics[i].digest & table.group_mask_].push_back(i);
    }
    std::vector<std::size_t> order(groups.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater(),
                             [&](std::size_t group) { return groups[group].size(); });
    for (const std::size_t group : order) place(groups[group], table.multipliers_[group]);
  }

 private:
  void place(std::vector<std::size_t>& group, std::uint64_t& chosen) {
    leave_one_of_each_digest(group);
    for (std::uint64_t number = 0; number < kMultipliersTried; ++number) {
      if (!fits(group, multiplier(number))) continue;
      chosen = multiplier(number);
      for (std::size_t i = 0; i < group.size(); ++i) table_.places_[at_[i]] = place_for(group[i]);
      return;
    }
    for (const std::size_t topic : group) table_.crowded_.push_back(place_for(topic));
  }

  /// The others are crowded: no multiplier parts them.
  void leave_one_of_each_digest(std::vector<std::size_t>& group) {
    const auto digest_of = [this](std::size_t topic) { return topics_[topic].digest; };
    std::ranges::stable_sort(group, {}, digest_of);
    std::vector<std::size_t> kept;
    for (const std::size_t topic : group) {
      if (kept.empty() || digest_of(kept.back()) != digest_of(topic)) {
        kept.push_back(topic);
      } else {
        table_.crowded_.push_back(place_for(topic));
      }
    }
    group = std::move(kept);
  }

  /// Whether the group's topics come to free places of their own, which are then in at_.
  bool fits(const std::vector<std::size_t>& group, std::uint64_t with) {
    at_.clear();
    for (const std::size_t topic : group) {
      const std::size_t at = place_of(topics_[topic].digest, with, table_.shift_);
      if (table_.places_[at].route != kNone || std::ranges::find(at_, at) != at_.end())
        return false;
      at_.push_back(at);
    }
    return true;
  }

  [[nodiscard]] Place place_for(std::size_t topic) const {
    const Topic& from = topics_[topic];
    return {.if_short = from.if_short, .digest = from.digest, .route = from.route, .key = from.key};
  }

  ExactTopics& table_;
  std::span<const Topic> topics_;
  std::vector<std::size_t> at_;
};

std::size_t ExactTopics::places_for(std::size_t topics) noexcept {
  return std::bit_ceil(std::max<std::size_t>((topics * 5 + 3) / 4, 2));
}

ExactTopics::ExactTopics(std::span<const Topic> topics)
    : places_(places_for(topics.size())),
      multipliers_(std::bit_ceil(std::max<std::size_t>(topics.size() / kTopicsInAGroup, 1)), 1),
      group_mask_(multipliers_.size() - 1),
      shift_(64U - static_cast<unsigned>(std::countr_zero(places_.size()))) {
  const Builder built(*this, topics);
}

std::uint32_t ExactTopics::find_crowded(std::uint64_t digest, std::span<const std::uint8_t> topic,
                                        const std::uint8_t* keys) const noexcept {
  for (const Place& place : crowded_) {
    if (place.digest == digest && same(place, topic, keys)) return place.route;
  }
  return kNone;
}

std::uint32_t ExactTopics::find_crowded(const wire::PaddedTopic& topic) const noexcept {
  for (const Place& place : crowded_) {
    if (wire::same(topic, place.if_short)) return place.route;
  }
  return kNone;
}

std::size_t ExactTopics::memory_bytes() const noexcept {
  return (places_.capacity() + crowded_.capacity()) * sizeof(Place) +
         multipliers_.capacity() * sizeof(std::uint64_t);
}

}  // namespace esc::route
