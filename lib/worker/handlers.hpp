// The built-in handlers: count, null, fail, slow.
#pragma once

#include <rte_cycles.h>
#include <rte_pause.h>

#include <cstddef>
#include <vector>

#include "telemetry/counter.hpp"
#include "worker/handler.hpp"

namespace esc::worker {

/// Counts events and payload bytes per topic. Does not look at the payload.
class CountHandler final : public Handler {
 public:
  explicit CountHandler(std::size_t slots) : counts_(slots) {}

  [[nodiscard]] std::uint64_t handle(std::span<const event::WorkItem> events) noexcept override {
    for (const event::WorkItem& item : events) {
      Count& count = counts_[item.slot];
      count.events.add();
      count.payload_bytes.add(item.event.payload_bytes());
    }
    return 0;
  }

  /// Main lcore; only where nobody counts.
  void zero(std::uint32_t slot) noexcept {
    counts_[slot].events.set(0);
    counts_[slot].payload_bytes.set(0);
  }
  /// Any thread.
  [[nodiscard]] TopicTotals totals(std::uint32_t slot) const noexcept {
    return {counts_[slot].events.get(), counts_[slot].payload_bytes.get()};
  }

 private:
  struct Count {
    telemetry::Counter events;
    telemetry::Counter payload_bytes;
  };
  std::vector<Count> counts_;
};

/// Says yes to everything.
class NullHandler final : public Handler {
 public:
  [[nodiscard]] std::uint64_t handle(std::span<const event::WorkItem>) noexcept override {
    return 0;
  }
};

/// Says no to everything: for tests of what becomes of refused events.
class FailHandler final : public Handler {
 public:
  [[nodiscard]] std::uint64_t handle(std::span<const event::WorkItem> events) noexcept override {
    return events.size() >= kMaxBurst ? ~std::uint64_t{0} : (std::uint64_t{1} << events.size()) - 1;
  }
};

/// Takes two microseconds over each event and one more over each byte of its payload: for tests of
/// what happens when more comes than can be worked off.
class SlowHandler final : public Handler {
 public:
  static constexpr std::uint64_t kEventUs = 2;

  SlowHandler() noexcept : cycles_per_us_(rte_get_tsc_hz() / 1'000'000) {}

  [[nodiscard]] std::uint64_t handle(std::span<const event::WorkItem> events) noexcept override {
    std::uint64_t us = 0;
    for (const event::WorkItem& item : events) us += kEventUs + item.event.payload_bytes();
    const std::uint64_t until = rte_rdtsc() + us * cycles_per_us_;
    while (rte_rdtsc() < until) rte_pause();
    return 0;
  }

 private:
  std::uint64_t cycles_per_us_;
};

}  // namespace esc::worker
