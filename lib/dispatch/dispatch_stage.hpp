// The dispatcher: takes events from the MPSC ring, finds their route, hands them to a worker.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "event/event.hpp"
#include "event/frame_bytes.hpp"
#include "event/releaser.hpp"
#include "ring/mpsc_ring.hpp"
#include "ring/spsc_ring.hpp"
#include "route/route_set.hpp"
#include "route/worker_choice.hpp"
#include "telemetry/stage_counters.hpp"

namespace esc::dispatch {

/// Input: consume_burst(max, f(const Event&)); Output: claim() -> a WorkItem's room or nullptr,
/// publish() -> count, push_burst(std::span<const WorkItem>) -> accepted. Thread: one lcore.
///
/// A worker whose ring is full keeps its share of one burst here, and the stage takes nothing more
/// until that has gone: what is not taken waits in the MPSC ring, and beyond that in the NIC's.
template <class Input = ring::MpscRing<event::Event>,
          class Output = ring::SpscRing<event::WorkItem>>
class DispatchStage {
 public:
  static constexpr std::size_t kMaxBurst = 64;

  /// Nothing is owned but the staging; everything outlives the stage. At least one output.
  DispatchStage(Input& input, std::span<Output* const> outputs, const route::RouteSet& routes,
                telemetry::DispatchCounters& counters, std::span<rte_mempool* const> pools,
                std::size_t burst)
      : input_(input),
        routes_(routes),
        choice_(static_cast<std::uint32_t>(outputs.size())),
        counters_(counters),
        releaser_(pools),
        burst_(std::min(burst, kMaxBurst)) {
    for (Output* output : outputs) workers_.emplace_back(*output);
  }

  /// One burst; returns how many events it took or moved on.
  std::size_t poll(std::uint64_t /*now*/) noexcept {
    counters_.polls.add();
    std::size_t moved = 0;
    if (held_ != 0) {
      moved = push_all();
      if (held_ != 0) {
        counters_.worker_full.add();
        return moved;
      }
    }
    std::uint64_t unknown = 0;
    const std::size_t count = input_.consume_burst(
        burst_, [this, &unknown](const event::Event& event) { unknown += route(event); });
    if (count == 0) return moved;
    counters_.bursts.add();
    counters_.events_received.add(count);
    if (unknown != 0) {
      counters_.frame_dropped.add(FrameDrop::kUnknownTopic, unknown);
      releaser_.flush();
    }
    publish_all();
    return moved + count;
  }

  void housekeep(std::uint64_t /*now*/) noexcept {}

  /// Gives back what is still held. Only once the lcore has stopped; returns how many events.
  std::size_t discard() noexcept {
    std::size_t discarded = 0;
    for (Worker& worker : workers_) {
      for (std::size_t i = worker.first; i < worker.count; ++i)
        releaser_.release(worker.items[i].event);
      discarded += worker.count - worker.first;
      worker.first = worker.count = 0;
    }
    releaser_.flush();
    held_ = 0;
    counters_.events_held.set(0);
    return discarded;
  }

 private:
  struct Worker {
    explicit Worker(Output& to) : output(to) {}
    Output& output;
    std::size_t first = 0;  ///< items[first, count) wait
    std::size_t count = 0;
    std::array<event::WorkItem, kMaxBurst> items{};
  };

  /// Hands the event to its worker; 1 if no route takes it.
  [[nodiscard]] std::uint64_t route(const event::Event& event) noexcept {
    const std::uint32_t route = routes_.find(event.topic_hash, event::topic(event));
    if (route == route::RouteSet::kNone) {
      releaser_.release(event);
      return 1;
    }
    const route::RouteSet::Target& target = routes_.target(route);
    Worker& worker = workers_[choice_.choose(target, event)];
    // Straight into the worker's ring; once one event had to be held, those after it as well.
    event::WorkItem* item = worker.count == 0 ? worker.output.claim() : nullptr;
    if (item == nullptr) {
      item = &worker.items[worker.count++];
      ++held_;
    }
    *item = {event, route, target.handler, 0};
    return 0;
  }

  void publish_all() noexcept {
    std::size_t published = 0;
    for (Worker& worker : workers_) published += worker.output.publish();
    counters_.events_routed.add(published);
    counters_.events_held.set(held_);
  }

  std::size_t push_all() noexcept {
    std::size_t moved = 0;
    held_ = 0;
    for (Worker& worker : workers_) {
      if (worker.first == worker.count) continue;
      const std::span waiting(worker.items.data() + worker.first, worker.count - worker.first);
      const std::size_t accepted = worker.output.push_burst(waiting);
      moved += accepted;
      worker.first += accepted;
      held_ += worker.count - worker.first;
      if (worker.first == worker.count) worker.first = worker.count = 0;
    }
    counters_.events_routed.add(moved);
    counters_.events_held.set(held_);
    return moved;
  }

  Input& input_;
  const route::RouteSet& routes_;
  route::WorkerChoice choice_;
  telemetry::DispatchCounters& counters_;
  event::Releaser releaser_;
  std::size_t burst_;
  std::size_t held_ = 0;
  std::vector<Worker> workers_;
};

}  // namespace esc::dispatch
