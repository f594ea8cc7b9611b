// SPDX-License-Identifier: BSD-3-Clause
// The worker: takes its events in bursts, runs their handlers, counts their answers, gives the
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
#include "storage/outlet.hpp"
#include "telemetry/in_hand.hpp"
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
              std::span<rte_mempool* const> pools, std::size_t burst,
              const storage::Outlet& outlet = {})
      : input_(input),
        handlers_(handlers),
        counters_(counters),
        releaser_(pools),
        outlet_(outlet),
        burst_(std::min(burst, Handler::kMaxBurst)) {}

  /// One burst; returns how many events it finished.
  std::size_t poll(std::uint64_t now) noexcept {
    counters_.polls.add();
    const std::size_t count = input_.consume_run(
        burst_, [this, now](std::span<const event::WorkItem> items) noexcept { take(items, now); });
    if (count == 0 && counters_.oldest_rx_tsc.get() != 0) counters_.oldest_rx_tsc.set(0);
    handlers_.times().tick(now, counters_.events_received.get());
    return count;
  }

  void housekeep(std::uint64_t /*now*/) noexcept {}

  /// Never blocked: if the storage has no room for a dead letter, the event is dropped and counted.
  [[nodiscard]] static bool blocked() noexcept { return false; }

 private:
  /// The items stay in the ring's cells, which are released after the mbufs.
  void take(std::span<const event::WorkItem> items, std::uint64_t now) noexcept {
    counters_.bursts.add();
    counters_.events_received.add(items.size());
    counters_.oldest_rx_tsc.set(items.front().event.rx_tsc);
    const bool timed = handlers_.times().begin_burst(now);
    if (const Run all = whole_burst(items); all.events != 0 && !timed) [[likely]] {
      finish(items, all.mixed, false, now);
    } else {
      for (auto rest = items; !rest.empty();) {
        const Run run = timed ? same_route(rest) : same_handler(rest);
        finish(rest.first(run.events), run.mixed, timed, now);
        rest = rest.subspan(run.events);
      }
    }
    counters_.in_hand.set(0);
    releaser_.flush();
  }

  struct Run {
    std::size_t events = 1;
    bool mixed = false;  ///< whether the run has events of several routes
  };

  /// All items, if they have one handler; else none. Nothing is decided for each of them.
  [[nodiscard]] static Run whole_burst(std::span<const event::WorkItem> items) noexcept {
    const std::uint64_t first = items[0].route_word();
    std::uint64_t different = 0;
    for (const event::WorkItem& item : items) different |= item.route_word() ^ first;
    const bool one = (different & event::WorkItem::kHandlerBits) == 0;
    return {one ? items.size() : 0, (different & event::WorkItem::kSlotBits) != 0};
  }
  [[nodiscard]] static Run same_handler(std::span<const event::WorkItem> items) noexcept {
    Run run;
    while (run.events < items.size() && items[run.events].handler == items[0].handler) {
      run.mixed |= items[run.events].slot != items[0].slot;
      ++run.events;
    }
    return run;
  }
  [[nodiscard]] static Run same_route(std::span<const event::WorkItem> items) noexcept {
    Run run;
    while (run.events < items.size() && items[run.events].handler == items[0].handler &&
           items[run.events].slot == items[0].slot) {
      ++run.events;
    }
    return run;
  }

  [[nodiscard]] std::uint64_t ask(std::span<const event::WorkItem> run) noexcept {
    const std::uint64_t refused = handlers_[run[0].handler].handle(run);
    return refused == 0 ? 0 : ask_again(run, refused);
  }
  [[gnu::noinline]] std::uint64_t ask_timed(std::span<const event::WorkItem> run) noexcept {
    const std::uint64_t begin = rte_rdtsc();
    const std::uint64_t refused = ask(run);
    handlers_.times().add(run[0].slot, run[0].handler, run.size(), rte_rdtsc() - begin);
    return refused;
  }

  void finish(std::span<const event::WorkItem> run, bool mixed, bool timed,
              std::uint64_t now) noexcept {
    counters_.in_hand.set(telemetry::InHand{run[0].slot, run[0].handler, mixed, true}.word());
    const std::uint64_t refused = timed ? ask_timed(run) : ask(run);
    const auto refusals = static_cast<std::uint64_t>(std::popcount(refused));
    counters_.delivered.add(run.size() - refusals);
    std::uint64_t kept = 0;
    if (refusals != 0) [[unlikely]]
      kept = lose(run, refused, now);
    telemetry::TopicCounters& topics = handlers_.topics();
    if (refused == 0) [[likely]] {
      for (const event::WorkItem& item : run) {
        topics.deliver(item.slot, item.event.payload_bytes());
      }
      releaser_.release(
          run, [](const event::WorkItem& item) -> const event::Event& { return item.event; });
      return;
    }
    for (std::size_t i = 0; i < run.size(); ++i) {
      const bool is_kept = (kept >> i & 1) != 0;
      if ((refused >> i & 1) == 0) {
        topics.deliver(run[i].slot, run[i].event.payload_bytes());
      } else {
        topics.refuse(run[i].slot, is_kept);
      }
      if (!is_kept) releaser_.release(run[i].event);
    }
  }

  /// Makes the events that their handler refused for good dead letters, where those are kept. Bit i
  /// of the answer: event i now belongs to the storage.
  [[gnu::noinline]] std::uint64_t lose(std::span<const event::WorkItem> run, std::uint64_t refused,
                                       std::uint64_t now) noexcept {
    const auto refusals = static_cast<std::uint64_t>(std::popcount(refused));
    if (!outlet_.keeps()) {
      counters_.frame_dropped.add(FrameDrop::kHandlerRefused, refusals);
      return 0;
    }
    std::uint64_t kept = 0;
    for (std::uint64_t rest = refused; rest != 0; rest &= rest - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(rest));
      const auto attempts = static_cast<std::uint8_t>(std::min(1 + run[i].retries, UINT8_MAX));
      if (!outlet_.put(run[i].event, DeadReason::kHandlerRefused, now, attempts)) break;
      kept |= std::uint64_t{1} << i;
    }
    const auto letters = static_cast<std::uint64_t>(std::popcount(kept));
    counters_.dead_lettered.add(letters);
    counters_.frame_dropped.add(FrameDrop::kDlqBacklog, refusals - letters);
    return kept;
  }

  /// Hands each refused event to its handler again, one at a time, as often as its route says.
  /// Returns those that stay refused.
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
  storage::Outlet outlet_;
  std::size_t burst_;
};

}  // namespace esc::worker
