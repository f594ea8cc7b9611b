// SPDX-License-Identifier: BSD-3-Clause
// The interface of handlers, which a worker calls with its events, and the descriptor from which a
// handler is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "event/event.hpp"
#include "telemetry/counter.hpp"
#include "telemetry/figure.hpp"

namespace esc::worker {

/// Each worker has its own instance of each handler. It is made on the main lcore before the
/// workers' lcores run, and destroyed there after they have stopped.
class Handler {
 public:
  /// The most events in one call of handle(): its answer has one bit for each.
  static constexpr std::size_t kMaxBurst = 64;

  virtual ~Handler() = default;

  /// Handles up to kMaxBurst events. If bit i of the answer is set, event i is refused. The events
  /// and their mbufs belong to the worker; a handler that wants to keep bytes copies them. It must
  /// not take a lock, make a system call, allocate or throw. Thread: its worker's lcore.
  [[nodiscard]] virtual std::uint64_t handle(std::span<const event::WorkItem> events) noexcept = 0;

  /// The handler's own counter of that name; null if it has none. It has every counter that its
  /// descriptor names, for as long as it lives. Thread: any.
  [[nodiscard]] virtual const telemetry::Counter* counter(
      std::string_view /*name*/) const noexcept {
    return nullptr;
  }
};

/// A number with which a handler can be configured.
struct HandlerOption {
  std::string_view name;
  std::string_view meaning;
  std::uint64_t value = 0;  ///< the default
};

/// Describes a counter that a handler has. Its name is a figure's (telemetry::is_figure_name),
/// which no other counter of the handler has.
struct HandlerCounter {
  std::string_view name;
  std::string_view help;
  telemetry::Unit unit = telemetry::Unit::kNone;  ///< but not Unit::kMoment
};

/// What the function that makes a handler is given.
struct HandlerContext {
  std::size_t worker = 0;    ///< index of the worker that will call it
  std::uint64_t tsc_hz = 0;  ///< TSC cycles per second
  /// The options of its descriptor, with the values to use.
  std::span<const HandlerOption> options;

  /// The value of one of them. Throws std::logic_error if there is none of that name.
  [[nodiscard]] std::uint64_t option(std::string_view name) const;
};

/// Describes one handler: what is known of it before an instance is made. The texts and arrays that
/// it refers to outlive it.
struct HandlerDescriptor {
  std::string_view name;     ///< the name that routes use
  std::string_view meaning;  ///< what it does with an event: a sentence without its subject
  std::span<const HandlerOption> options{};
  std::span<const HandlerCounter> counters{};
  /// Makes the instance of one worker. Never returns null; throws StartError if the instance cannot
  /// be made.
  std::unique_ptr<Handler> (*make)(const HandlerContext& context) = nullptr;
};

}  // namespace esc::worker
