// SPDX-License-Identifier: BSD-3-Clause
// The whole path of one pipeline, its stages polled in turn by whoever calls, as on one lcore.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dispatch/dispatch_stage.hpp"
#include "dpdk/port.hpp"
#include "support/rings.hpp"
#include "support/rules.hpp"
#include "support/rx_stage.hpp"
#include "telemetry/stage_counters.hpp"
#include "worker/worker_stage.hpp"

namespace esc::test {

struct FoldedLimits {
  std::size_t workers = 2;
  std::size_t ingest_cells = 1024;
  std::size_t worker_cells = 256;
  std::size_t hold_cells = 64;
  config::Checksum checksum = config::Checksum::kVerify;
};

/// Ports outlive it; their packets go to UDP port 9001.
class FoldedPipeline {
 public:
  FoldedPipeline(const std::vector<dpdk::Port*>& ports, const std::vector<route::RouteSpec>& routes,
                 const FoldedLimits& limits = {})
      : rules_(make_rules(routes, hasher_)), ingest_ring_(limits.ingest_cells) {
    std::vector<ingest::QueueBinding<dpdk::RxQueue>> queues;
    for (dpdk::Port* port : ports) {
      const auto index = static_cast<std::uint16_t>(pools_.size());
      pools_.push_back(port->pool().get());
      auto context = std::make_unique<ingest::PortContext>();
      context->udp_ports.insert(9001);
      context->checksum = limits.checksum;
      context->own_mbufs = port->own_mbufs();
      context->pool = port->pool().get();
      for (std::uint16_t queue = 0; queue < port->settings().rx_queues; ++queue) {
        queues.push_back(
            {port->rx_queue(queue), context.get(), event::Source::of_port(index, queue)});
      }
      contexts_.push_back(std::move(context));
    }
    make_stage(rx_, std::move(queues),
               Sink{IngestRing::Producer(*ingest_ring_), ingest_ring_.get()}, hasher_, flow_,
               rx_counters);
    dispatch::DispatchStage<>::Parts parts{.input = *ingest_ring_,
                                           .workers = {},
                                           .rules = rules_.published,
                                           .cache = rules_.cache(),
                                           .flow = flow_,
                                           .probe = {nullptr, {}, {}, 0},
                                           .counters = dispatch_counters,
                                           .pools = pools_,
                                           .hold_limits = {},
                                           .lossless = true};
    for (std::size_t i = 0; i < limits.workers; ++i) {
      workers_.push_back(std::make_unique<Worker>(limits, routes.size(), pools_));
      parts.workers.push_back({workers_.back()->ring.get(), workers_.back()->hold});
    }
    dispatch_.emplace(parts);
  }

  /// One round; how much was done.
  std::size_t poll() noexcept {
    ++now_;
    std::size_t work = rx_->poll(now_) + dispatch_->poll(now_);
    for (const auto& worker : workers_) work += worker->stage.poll(now_);
    return work;
  }
  /// The same, and the workers do nothing: take() does it for them.
  std::size_t poll_without_workers() noexcept {
    ++now_;
    return rx_->poll(now_) + dispatch_->poll(now_);
  }
  /// Calls seen(const event::WorkItem&) on up to `most` events that lie ready for that worker, and
  /// gives them back; how many.
  template <class F>
  std::size_t take(std::size_t worker, std::size_t most, F&& seen) {
    return workers_[worker]->ring->consume_burst(most, [&](const event::WorkItem& item) {
      seen(item);
      event::Releaser releaser(pools_);
      releaser.release(item.event);
      releaser.flush();
    });
  }
  /// As a reload does.
  void replace_routes(const std::vector<route::RouteSpec>& routes) {
    rules_.published.publish(make_rules(routes, hasher_));
    (void)rules_.published.reclaim();
  }
  /// Until nothing was done for some rounds in a row.
  void run_dry() {
    for (unsigned idle = 0; idle < 20;) idle = poll() == 0 ? idle + 1 : 0;
  }
  void stop_receiving() { flow_.show(control::Flow::kClosed); }

  [[nodiscard]] std::uint64_t delivered() const {
    std::uint64_t sum = 0;
    for (const auto& worker : workers_) sum += worker->counters.delivered.get();
    return sum;
  }
  [[nodiscard]] std::uint64_t handler_refused() const {
    std::uint64_t sum = 0;
    for (const auto& worker : workers_) {
      sum += worker->counters.frame_dropped.get(FrameDrop::kHandlerRefused);
    }
    return sum;
  }
  [[nodiscard]] telemetry::TopicCounters::Totals totals(std::uint32_t route) const {
    telemetry::TopicCounters::Totals sum;
    for (const auto& worker : workers_) {
      const telemetry::TopicCounters::Totals one = worker->handlers.topics().totals(route);
      sum.events += one.events;
      sum.payload_bytes += one.payload_bytes;
    }
    return sum;
  }

  RxCounters rx_counters;
  telemetry::DispatchCounters dispatch_counters;

 private:
  struct Sink {
    IngestRing::Producer producer;
    IngestRing* ring;
    [[nodiscard]] std::size_t push_burst(std::span<const event::Event> events) noexcept {
      return producer.push_burst(events);
    }
    [[nodiscard]] std::size_t size() const noexcept { return ring->size(); }
  };
  struct Worker {
    Worker(const FoldedLimits& limits, std::size_t routes, std::span<rte_mempool* const> pools)
        : ring(limits.worker_cells),
          hold(limits.hold_cells),
          handlers(routes),
          stage(*ring, handlers, counters, pools, 64) {}
    OwnedRing<WorkerRing> ring;
    std::vector<dispatch::HeldItem> hold;
    worker::HandlerSet handlers;
    telemetry::WorkerCounters counters;
    worker::WorkerStage<> stage;
  };

  route::TopicHasher hasher_{7};
  PublishedRules rules_;
  OwnedRing<IngestRing> ingest_ring_;
  std::vector<rte_mempool*> pools_;
  std::vector<std::unique_ptr<ingest::PortContext>> contexts_;
  control::FlowBoard flow_;
  std::optional<ingest::RxStage<dpdk::RxQueue, Sink>> rx_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<dispatch::DispatchStage<>> dispatch_;
  std::uint64_t now_ = 0;
};

}  // namespace esc::test
