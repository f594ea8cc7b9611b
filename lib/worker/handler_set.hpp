// One worker's handlers, made by name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "worker/handlers.hpp"

namespace esc::worker {

/// Every handler of one worker, indexed as in handler_names(). Made at start-up; thread: handlers
/// run on the worker's lcore, count().totals() answers anyone.
class HandlerSet {
 public:
  explicit HandlerSet(std::size_t slots) : count_(slots) {}
  HandlerSet(const HandlerSet&) = delete;
  HandlerSet& operator=(const HandlerSet&) = delete;

  [[nodiscard]] Handler& operator[](std::uint16_t index) noexcept { return *handlers_[index]; }
  /// The figures of that slot begin anew. Nobody counts in it.
  void zero(std::uint32_t slot) noexcept { count_.zero(slot); }
  [[nodiscard]] const CountHandler& count() const noexcept { return count_; }

  static constexpr std::size_t kHandlers = 4;

 private:
  CountHandler count_;
  NullHandler null_;
  FailHandler fail_;
  SlowHandler slow_;
  std::array<Handler*, kHandlers> handlers_{&count_, &null_, &fail_, &slow_};
};

}  // namespace esc::worker
