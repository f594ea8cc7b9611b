// SPDX-License-Identifier: BSD-3-Clause
#include "worker/builtin_handlers.hpp"

#include <rte_cycles.h>
#include <rte_pause.h>

#include <array>

namespace esc::worker {
namespace {

/// Accepts every event. The events are counted by route, as they are for every handler.
class CountHandler final : public Handler {
 public:
  explicit CountHandler(const HandlerContext& /*context*/) {}
  [[nodiscard]] std::uint64_t handle(std::span<const event::WorkItem>) noexcept override {
    return 0;
  }
};

/// Accepts every event too. Routes use it for events that are to be thrown away.
class NullHandler final : public Handler {
 public:
  explicit NullHandler(const HandlerContext& /*context*/) {}
  [[nodiscard]] std::uint64_t handle(std::span<const event::WorkItem>) noexcept override {
    return 0;
  }
};

/// Refuses every event: for tests of what becomes of refused events.
class FailHandler final : public Handler {
 public:
  explicit FailHandler(const HandlerContext& /*context*/) {}
  [[nodiscard]] std::uint64_t handle(std::span<const event::WorkItem> events) noexcept override {
    return events.size() >= kMaxBurst ? ~std::uint64_t{0} : (std::uint64_t{1} << events.size()) - 1;
  }
};

/// Spends a fixed time on each event and on each byte of its payload: for tests in which more
/// events come than can be handled.
class SlowHandler final : public Handler {
 public:
  static constexpr std::array kOptions = {
      HandlerOption{"event_us", "time that it takes over each event", 2},
      HandlerOption{"byte_us", "and over each byte of its payload", 1}};
  static constexpr std::array kCounters = {
      HandlerCounter{"spent", "time that it took", telemetry::Unit::kNanoseconds}};

  explicit SlowHandler(const HandlerContext& context)
      : cycles_per_us_(context.tsc_hz / 1'000'000),
        event_us_(context.option("event_us")),
        byte_us_(context.option("byte_us")) {}

  [[nodiscard]] std::uint64_t handle(std::span<const event::WorkItem> events) noexcept override {
    std::uint64_t us = 0;
    for (const event::WorkItem& item : events) {
      us += event_us_ + byte_us_ * item.event.payload_bytes();
    }
    const std::uint64_t until = rte_rdtsc() + us * cycles_per_us_;
    while (rte_rdtsc() < until) rte_pause();
    spent_.add(us * 1000);
    return 0;
  }
  [[nodiscard]] const telemetry::Counter* counter(std::string_view name) const noexcept override {
    return name == kCounters[0].name ? &spent_ : nullptr;
  }

 private:
  std::uint64_t cycles_per_us_;
  std::uint64_t event_us_;
  std::uint64_t byte_us_;
  telemetry::Counter spent_;
};

template <class H>
std::unique_ptr<Handler> make(const HandlerContext& context) {
  return std::make_unique<H>(context);
}

constexpr std::array kBuiltin = {
    HandlerDescriptor{
        .name = "count", .meaning = "accepts every event", .make = &make<CountHandler>},
    HandlerDescriptor{.name = "null",
                      .meaning = "accepts every event and does nothing with it",
                      .make = &make<NullHandler>},
    HandlerDescriptor{
        .name = "fail", .meaning = "refuses every event (for tests)", .make = &make<FailHandler>},
    HandlerDescriptor{.name = "slow",
                      .meaning = "takes its time over every event (for tests)",
                      .options = SlowHandler::kOptions,
                      .counters = SlowHandler::kCounters,
                      .make = &make<SlowHandler>}};

}  // namespace

HandlerRegistry builtin_handlers() {
  HandlerRegistry registry;
  for (const HandlerDescriptor& descriptor : kBuiltin) registry.add(descriptor);
  return registry;
}

}  // namespace esc::worker
