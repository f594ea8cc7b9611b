// SPDX-License-Identifier: BSD-3-Clause
// One worker's handlers.
#pragma once

#include <rte_cycles.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "telemetry/topic_counters.hpp"
#include "worker/handler_registry.hpp"
#include "worker/handler_times.hpp"

namespace esc::worker {

/// One instance of every handler of the registry, the counts of each route's events, and the time
/// that handlers took. Made at start-up, once EAL knows the clock. Thread: handlers run on the
/// worker's lcore; any thread may read the figures.
class HandlerSet {
 public:
  /// `registry` outlives the set. `slots`: how many routes can have figures. Throws
  /// std::logic_error if a handler has not the counters that its descriptor says, and whatever its
  /// `make` throws.
  HandlerSet(const HandlerRegistry& registry, std::size_t worker, std::size_t slots)
      : topics_(slots), times_(rte_get_tsc_hz()) {
    for (std::size_t id = 0; id < registry.size(); ++id) {
      const HandlerDescriptor& descriptor = registry[static_cast<HandlerRegistry::Id>(id)];
      handlers_.push_back(descriptor.make({worker, rte_get_tsc_hz(), descriptor.options}));
      for (const HandlerCounter& counter : descriptor.counters) {
        if (handlers_.back()->counter(counter.name) == nullptr)
          throw std::logic_error("handler " + std::string(descriptor.name) +
                                 " has not the counter " + std::string(counter.name) +
                                 ", which its descriptor names");
      }
    }
  }
  HandlerSet(const HandlerSet&) = delete;
  HandlerSet& operator=(const HandlerSet&) = delete;

  [[nodiscard]] Handler& operator[](HandlerRegistry::Id id) noexcept { return *handlers_[id]; }
  [[nodiscard]] const Handler& operator[](HandlerRegistry::Id id) const noexcept {
    return *handlers_[id];
  }
  [[nodiscard]] telemetry::TopicCounters& topics() noexcept { return topics_; }
  [[nodiscard]] const telemetry::TopicCounters& topics() const noexcept { return topics_; }
  [[nodiscard]] HandlerTimes& times() noexcept { return times_; }
  [[nodiscard]] const HandlerTimes& times() const noexcept { return times_; }

 private:
  telemetry::TopicCounters topics_;
  HandlerTimes times_;
  std::vector<std::unique_ptr<Handler>> handlers_;  ///< by id
};

}  // namespace esc::worker
