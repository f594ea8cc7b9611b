// SPDX-License-Identifier: BSD-3-Clause
// What a worker does with events: the interface, and what there is to know of a handler before one
// is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "event/event.hpp"
#include "telemetry/counter.hpp"

namespace esc::worker {

/// One instance for each worker. Made and destroyed on the main lcore: before the workers' lcores
/// run, and after they have stopped.
class Handler {
 public:
  /// Longest burst that handle() is given: one bit of its answer for each.
  static constexpr std::size_t kMaxBurst = 64;

  virtual ~Handler() = default;

  /// Takes up to kMaxBurst events. Bit i of the answer set: event i is refused. The events and
  /// their mbufs are the worker's; a handler that wants to keep bytes copies them. No lock, system
  /// call, allocation or exception. Thread: its worker's lcore.
  [[nodiscard]] virtual std::uint64_t handle(std::span<const event::WorkItem> events) noexcept = 0;

  /// Its own counters, in the order of its descriptor's. Thread: any.
  [[nodiscard]] virtual std::span<const telemetry::Counter> counters() const noexcept { return {}; }
};

/// A figure that a handler can be given.
struct HandlerOption {
  std::string_view name;
  std::string_view meaning;
  std::uint64_t value = 0;  ///< unless something else is asked for
};

/// A figure that a handler counts.
struct HandlerCounter {
  std::string_view name;
  std::string_view help;
};

/// What a handler is made from.
struct HandlerContext {
  std::size_t worker = 0;                  ///< index of the worker that it is for
  std::uint64_t tsc_hz = 0;                ///< cycles a second of the TSC
  std::span<const HandlerOption> options;  ///< those of its descriptor, with the values to use
};

/// A handler as it is known before one is made. What it names outlives it.
struct HandlerDescriptor {
  std::string_view name;     ///< what routes call it
  std::string_view meaning;  ///< what it does with an event, one sentence
  std::span<const HandlerOption> options{};
  std::span<const HandlerCounter> counters{};
  /// Makes one worker's. Never null; throws StartError if it cannot be had.
  std::unique_ptr<Handler> (*make)(const HandlerContext& context) = nullptr;
};

}  // namespace esc::worker
