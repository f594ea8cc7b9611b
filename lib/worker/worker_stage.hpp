// The worker: takes its events in bursts, runs their handlers, counts what they said, gives the
// mbufs back.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "event/event.hpp"
#include "event/releaser.hpp"
#include "ring/spsc_ring.hpp"
#include "telemetry/stage_counters.hpp"
#include "worker/handler_set.hpp"

namespace esc::worker {

/// Input: consume_run(max, f(std::span<const event::WorkItem>)) -> count, oldest first. Thread: one
/// lcore.
template <class Input = ring::SpscRing<event::WorkItem>>
class WorkerStage {
 public:
  /// Nothing is owned; everything outlives the stage.
  WorkerStage(Input& input, HandlerSet& handlers, telemetry::WorkerCounters& counters,
              std::span<rte_mempool* const> pools, std::size_t burst)
      : input_(input),
        handlers_(handlers),
        counters_(counters),
        releaser_(pools),
        burst_(std::min(burst, Handler::kMaxBurst)) {}

  /// One burst; returns how many events it finished.
  std::size_t poll(std::uint64_t /*now*/) noexcept {
    counters_.polls.add();
    const std::size_t count = input_.consume_run(
        burst_, [this](std::span<const event::WorkItem> items) noexcept { take(items); });
    if (count == 0 && counters_.oldest_rx_tsc.get() != 0) counters_.oldest_rx_tsc.set(0);
    return count;
  }

  void housekeep(std::uint64_t /*now*/) noexcept {}

 private:
  /// The items stay in the ring's cells, which are released after the mbufs.
  void take(std::span<const event::WorkItem> items) noexcept {
    counters_.bursts.add();
    counters_.events_received.add(items.size());
    counters_.oldest_rx_tsc.set(items.front().event.rx_tsc);
    for (auto rest = items; !rest.empty();) {
      const std::size_t run = same_handler(rest);
      finish(rest.first(run));
      rest = rest.subspan(run);
    }
    for (const event::WorkItem& item : items) releaser_.release(item.event);
    releaser_.flush();
  }

  [[nodiscard]] static std::size_t same_handler(std::span<const event::WorkItem> items) noexcept {
    std::size_t run = 1;
    while (run < items.size() && items[run].handler == items[0].handler) ++run;
    return run;
  }

  void finish(std::span<const event::WorkItem> run) noexcept {
    std::uint64_t refused = handlers_[run[0].handler].handle(run);
    if (refused != 0) [[unlikely]]
      refused = ask_again(run, refused);
    const auto refusals = static_cast<std::uint64_t>(std::popcount(refused));
    counters_.delivered.add(run.size() - refusals);
    if (refusals != 0) counters_.frame_dropped.add(FrameDrop::kHandlerRefused, refusals);
  }

  /// Asks about each refused event as often as its route says, one at a time; what stays refused.
  [[gnu::noinline]] std::uint64_t ask_again(std::span<const event::WorkItem> run,
                                            std::uint64_t refused) noexcept {
    for (std::uint64_t rest = refused; rest != 0; rest &= rest - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(rest));
      for (unsigned left = run[i].retries; left != 0; --left) {
        counters_.retries.add();
        if (handlers_[run[i].handler].handle(run.subspan(i, 1)) != 0) continue;
        refused &= ~(std::uint64_t{1} << i);
        break;
      }
    }
    return refused;
  }

  Input& input_;
  HandlerSet& handlers_;
  telemetry::WorkerCounters& counters_;
  event::Releaser releaser_;
  std::size_t burst_;
};

}  // namespace esc::worker
