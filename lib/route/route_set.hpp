// Which events go where: the compiled routes that the dispatcher reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "route/topic_hasher.hpp"

namespace esc::route {

namespace detail {

template <class Word>
[[nodiscard]] inline Word load(const std::uint8_t* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace detail

/// Whether the first `bytes` of a and b are equal. Topics are mostly of 8 to 32 bytes: two loads
/// from each end that may overlap, where a call of memcmp was 5 % of the whole path.
[[nodiscard]] inline bool same_bytes(const std::uint8_t* a, const std::uint8_t* b,
                                     std::size_t bytes) noexcept {
  using detail::load;
  if (bytes < 8 || bytes > 32) return std::memcmp(a, b, bytes) == 0;
  const std::size_t last = bytes - 8;
  std::uint64_t different = load<std::uint64_t>(a) ^ load<std::uint64_t>(b);
  different |= load<std::uint64_t>(a + last) ^ load<std::uint64_t>(b + last);
  if (bytes > 16) {
    different |= load<std::uint64_t>(a + 8) ^ load<std::uint64_t>(b + 8);
    different |= load<std::uint64_t>(a + last - 8) ^ load<std::uint64_t>(b + last - 8);
  }
  return different == 0;
}

using config::OnFull;
using config::Spread;

struct RouteSpec {
  std::string topic;
  std::uint16_t handler = 0;  ///< index into the workers' handlers
  Spread spread = Spread::kByTopic;
  std::uint16_t worker = 0;  ///< for Spread::kWorker
  OnFull on_full = OnFull::kHold;
};

/// Immutable once built; read from any thread without synchronisation. Exact topics in an
/// open-addressing table (linear probing, at most half full): the carried hash finds the slot, the
/// whole topic is compared before a route is taken.
class RouteSet {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// Slots of the table for so many routes: a power of two.
  [[nodiscard]] static std::size_t slots_for(std::size_t routes) noexcept;

  /// What the dispatcher needs to know of a route.
  struct Target {
    std::uint16_t handler;
    std::uint16_t worker;
    Spread spread;
    OnFull on_full;
  };

  /// Topics are unique (the configuration's loader sees to it). Start-up only: allocates.
  RouteSet(std::span<const RouteSpec> routes, const TopicHasher& hasher);

  /// Index of the route that takes `topic`, or kNone.
  [[nodiscard]] std::uint32_t find(std::uint64_t hash,
                                   std::span<const std::uint8_t> topic) const noexcept {
    // The table is at most half full, so an empty slot ends every probe.
    for (std::uint64_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.route == kNone) return kNone;
      if (slot.hash == hash && same_topic(slot, topic)) return slot.route;
    }
  }

  [[nodiscard]] const Target& target(std::uint32_t route) const noexcept { return targets_[route]; }
  [[nodiscard]] std::size_t size() const noexcept { return targets_.size(); }
  [[nodiscard]] std::string_view topic(std::uint32_t route) const noexcept;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t route = kNone;
    std::uint32_t key = 0;  ///< where the topic begins in keys_: its length, then its bytes
  };
  static_assert(sizeof(Slot) == 16);

  [[nodiscard]] bool same_topic(const Slot& slot,
                                std::span<const std::uint8_t> topic) const noexcept {
    const std::uint8_t* key = keys_.data() + slot.key;
    return *key == topic.size() && same_bytes(key + 1, topic.data(), topic.size());
  }

  std::uint64_t mask_;
  std::vector<Slot> slots_;
  std::vector<std::uint8_t> keys_;
  std::vector<Target> targets_;
  std::vector<std::uint32_t> key_of_route_;
};

}  // namespace esc::route
