// SPDX-License-Identifier: BSD-3-Clause
// One worker's handlers, made by name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "telemetry/topic_counters.hpp"
#include "worker/handler_times.hpp"
#include "worker/handlers.hpp"

namespace esc::worker {

/// Every handler of one worker, indexed as in handler_names(), what became of each route's events
/// there and how long that took. Made at start-up, once EAL knows the clock; thread: handlers run
/// on the worker's lcore, figures answer anyone.
class HandlerSet {
 public:
  explicit HandlerSet(std::size_t slots) : topics_(slots), times_(rte_get_tsc_hz()) {}
  HandlerSet(const HandlerSet&) = delete;
  HandlerSet& operator=(const HandlerSet&) = delete;

  [[nodiscard]] Handler& operator[](std::uint16_t index) noexcept { return *handlers_[index]; }
  [[nodiscard]] telemetry::TopicCounters& topics() noexcept { return topics_; }
  [[nodiscard]] const telemetry::TopicCounters& topics() const noexcept { return topics_; }
  [[nodiscard]] HandlerTimes& times() noexcept { return times_; }
  [[nodiscard]] const HandlerTimes& times() const noexcept { return times_; }

  static constexpr std::size_t kHandlers = 4;

 private:
  telemetry::TopicCounters topics_;
  HandlerTimes times_;
  CountHandler count_;
  NullHandler null_;
  FailHandler fail_;
  SlowHandler slow_;
  std::array<Handler*, kHandlers> handlers_{&count_, &null_, &fail_, &slow_};
};

}  // namespace esc::worker
