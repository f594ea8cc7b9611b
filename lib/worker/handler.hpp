// SPDX-License-Identifier: BSD-3-Clause
// What a worker does with events: the interface, and how a handler is made by name.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "event/event.hpp"

namespace esc::worker {

/// One instance per worker and handler name; thread: that worker's lcore only.
class Handler {
 public:
  /// Longest burst that handle() is given: one bit of its answer for each.
  static constexpr std::size_t kMaxBurst = 64;

  virtual ~Handler() = default;

  /// Takes up to kMaxBurst events. Bit i of the answer set: event i is refused. The events and
  /// their mbufs are the worker's; a handler that wants to keep bytes copies them. No lock, system
  /// call, allocation or exception.
  [[nodiscard]] virtual std::uint64_t handle(std::span<const event::WorkItem> events) noexcept = 0;
};

/// Every handler there is; a handler's index here is what routes carry.
[[nodiscard]] std::span<const std::string_view> handler_names() noexcept;

/// Index of `name` in handler_names(), or handler_names().size().
[[nodiscard]] std::uint16_t handler_index(std::string_view name) noexcept;

}  // namespace esc::worker
