// SPDX-License-Identifier: BSD-3-Clause
// Exact topics and their routes: a perfect hash table of cache lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/align.hpp"
#include "route/same_bytes.hpp"
#include "wire/short_topic.hpp"

namespace esc::route {

/// Immutable once built; read from any thread without synchronisation. Each topic has a cache line
/// of its own, its place, and a search looks at exactly one: there is no probing and no branch that
/// depends on which topic it is, and the topic lies in that line beside its route.
///
/// How (Belazzougui, Botelho and Dietzfelbinger, "Hash, displace, and compress", ESA 2009): a
/// topic's digest (TopicHasher) names its group, and the group has a multiplier, chosen when the
/// table is built, that sends all of its topics to places that no other topic has. A topic that is
/// not in the table comes to some place too, and differs from the topic there.
class ExactTopics {
  struct Place;

 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Topic {
    std::uint64_t digest = 0;
    std::uint32_t route = 0;
    std::uint32_t key = 0;         ///< where its length and bytes begin in find()'s `keys`
    wire::PaddedTopic if_short{};  ///< zeros for a topic of more than 32 bytes
  };

  /// Places for so many topics: a power of two. At most four fifths are taken.
  [[nodiscard]] static std::size_t places_for(std::size_t topics) noexcept;

  /// The topics are different. Allocates.
  explicit ExactTopics(std::span<const Topic> topics);

  /// Route of `topic`, or kNone. `keys`: begins with a zero, the length of the empty topic.
  [[nodiscard]] std::uint32_t find(std::uint64_t digest, std::span<const std::uint8_t> topic,
                                   const std::uint8_t* keys) const noexcept {
    const Place& place = places_[place_of(digest, multipliers_[digest & group_mask_], shift_)];
    if (place.digest == digest && same(place, topic, keys)) [[likely]]
      return place.route;
    return crowded_.empty() ? kNone : find_crowded(digest, topic, keys);
  }

  /// The same for topics of up to 32 bytes.
  class ShortTopics;
  [[nodiscard]] ShortTopics short_topics() const noexcept;

  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  /// How many topics have no place of their own and are searched one by one. Nearly always none.
  [[nodiscard]] std::size_t crowded() const noexcept { return crowded_.size(); }

 private:
  class Builder;

  /// A free one has a topic of zeros, which no topic is, and the key of the empty topic.
  struct alignas(kCacheLineBytes) Place {
    wire::PaddedTopic if_short{};
    std::uint64_t digest = 0;
    std::uint32_t route = kNone;
    std::uint32_t key = 0;
  };
  static_assert(sizeof(Place) == kCacheLineBytes);

  [[nodiscard]] static std::size_t place_of(std::uint64_t digest, std::uint64_t multiplier,
                                            unsigned shift) noexcept {
    return digest * multiplier >> shift;
  }
  [[nodiscard]] static bool same(const Place& place, std::span<const std::uint8_t> topic,
                                 const std::uint8_t* keys) noexcept {
    const std::uint8_t* key = keys + place.key;
    return *key == topic.size() && same_bytes(key + 1, topic.data(), topic.size());
  }
  [[nodiscard]] std::uint32_t find_crowded(std::uint64_t digest,
                                           std::span<const std::uint8_t> topic,
                                           const std::uint8_t* keys) const noexcept;
  [[nodiscard, gnu::noinline]] std::uint32_t find_crowded(
      const wire::PaddedTopic& topic) const noexcept;

  std::vector<Place> places_;
  std::vector<std::uint64_t> multipliers_;  ///< by group
  std::uint64_t group_mask_;
  unsigned shift_;
  /// Topics that no multiplier could part from another, because their digests are equal. Searched
  /// one by one; with digests of 64 bits and a random seed, empty.
  std::vector<Place> crowded_;
};

/// The exact topics of up to 32 bytes. It is small, so that a loop over many events has it in
/// registers. Valid as long as the set that it is of; any thread.
class ExactTopics::ShortTopics {
 public:
  /// Route of the topic, or kNone.
  [[nodiscard, gnu::always_inline]] std::uint32_t find(
      std::uint64_t digest, const wire::PaddedTopic& topic) const noexcept {
    const Place& place = places_[place_of(digest, multipliers_[digest & group_mask_], shift_)];
    if (wire::same(topic, place.if_short)) [[likely]] {
      if (place.route == kNone) __builtin_unreachable();  // it has the topic of zeros
      return place.route;
    }
    const wire::PaddedTopic in_memory = topic;  // so that the topic itself may stay in a register
    return all_->find_crowded(in_memory);
  }

 private:
  friend class ExactTopics;
  explicit ShortTopics(const ExactTopics& all) noexcept
      : places_(all.places_.data()),
        multipliers_(all.multipliers_.data()),
        group_mask_(all.group_mask_),
        shift_(all.shift_),
        all_(&all) {}

  const Place* places_;
  const std::uint64_t* multipliers_;
  std::uint64_t group_mask_;
  unsigned shift_;
  const ExactTopics* all_;
};

inline ExactTopics::ShortTopics ExactTopics::short_topics() const noexcept {
  return ShortTopics(*this);
}

}  // namespace esc::route
