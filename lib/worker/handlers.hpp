// SPDX-License-Identifier: BSD-3-Clause
// The built-in handlers: count, null, fail, slow.
#pragma once

#include <rte_cycles.h>
#include <rte_pause.h>

#include <cstdint>

#include "worker/handler.hpp"

namespace esc::worker {

/// Says yes to everything. Its events are counted by their topics, as those of every handler.
class CountHandler final : public Handler {
 public:
  [[nodiscard]] std::uint64_t handle(std::span<const event::WorkItem>) noexcept override {
    return 0;
  }
};

/// The same: for what is meant to come to nothing.
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
