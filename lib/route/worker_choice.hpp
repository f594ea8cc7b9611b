// SPDX-License-Identifier: BSD-3-Clause
// Which worker gets an event of a route.
#pragma once

#include <cstdint>

#include "event/event.hpp"
#include "route/route_set.hpp"

namespace esc::route {

/// One per dispatcher, which alone uses it.
class WorkerChoice {
 public:
  explicit WorkerChoice(std::uint32_t workers) noexcept : workers_(workers) {}

  /// `topic_hash`: of the event's topic.
  [[nodiscard]] std::uint32_t choose(const RouteSet::Target& target, const event::Event& event,
                                     std::uint64_t topic_hash) noexcept {
    if (workers_ == 1) return 0;
    switch (target.spread) {
      case Spread::kByTopic:
        return share(topic_hash);
      case Spread::kByProducer:
        // An event without a producer keeps its order with its topic.
        return share(event.has(event::kSequenced) ? mix(event.producer) : topic_hash);
      case Spread::kWorker:
        return target.worker;
      case Spread::kRoundRobin:
        break;
    }
    next_ = next_ + 1 < workers_ ? next_ + 1 : 0;
    return next_;
  }

 private:
  /// Maps the upper half of the hash onto 0..workers-1 without a division (D. Lemire's
  /// multiply-shift). The lower bits already choose the slot in the route table.
  [[nodiscard]] std::uint32_t share(std::uint64_t hash) const noexcept {
    return static_cast<std::uint32_t>(((hash >> 32) * workers_) >> 32);
  }
  /// Fibonacci hashing: producers may well be numbered 1, 2, 3.
  [[nodiscard]] static std::uint64_t mix(std::uint64_t producer) noexcept {
    return producer * 0x9E3779B97F4A7C15U;
  }

  std::uint32_t workers_;
  std::uint32_t next_ = 0;
};

}  // namespace esc::route
