// SPDX-License-Identifier: BSD-3-Clause
// The whole path of one pipeline as it is shipped, its stages polled in turn by whoever calls, as
// on one lcore.
#pragma once

#include <rte_cycles.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "appliance/data_path.hpp"
#include "appliance/stages.hpp"
#include "config/config.hpp"
#include "config/plan.hpp"
#include "dpdk/port.hpp"
#include "event/releaser.hpp"
#include "topology/plan.hpp"
#include "worker/builtin_handlers.hpp"

namespace esc::test {

struct FoldedLimits {
  std::size_t pipelines = 1;  ///< each with workers of its own
  std::size_t workers = 2;    ///< of all of them
  std::uint32_t ingest_cells = 1024;
  std::uint32_t worker_cells = 256;
  std::uint32_t hold_cells = 64;
  bool sequenced = false;  ///< whether numbers of events are judged
};

/// Ports outlive it; their packets go to UDP port 9001. No pressure sheds, and unless numbers of
/// events are judged, all that is fed to it comes out again.
class FoldedPipeline {
 public:
  FoldedPipeline(const std::vector<dpdk::Port*>& ports, std::vector<config::RouteConfig> routes,
                 const FoldedLimits& limits = {})
      : config_(config_for(ports, std::move(routes), limits)),
        plan_(plan_for(config_)),
        rules_(config_, handlers_, plan_.lcores.size()),
        path_(config_, plan_, rules_, ports, {}, nullptr) {}

  /// One round; how much was done.
  std::size_t poll() noexcept {
    std::size_t work = poll_without_workers();
    for (auto* worker : path_.stages(0).all<appliance::WorkerStage>()) {
      work += worker->poll(rte_rdtsc());
    }
    return work;
  }
  /// The same, and the workers do nothing: take() does it for them.
  std::size_t poll_without_workers() noexcept {
    std::size_t work = 0;
    for (auto* rx : path_.stages(0).all<appliance::RxStage>()) {
      work += rx->poll(rte_rdtsc());
    }
    for (auto* dispatch : path_.stages(0).all<appliance::DispatchStage>()) {
      work += dispatch->poll(rte_rdtsc());
    }
    return work;
  }
  /// Calls seen(const event::WorkItem&) on up to `most` events that lie ready for that worker, and
  /// gives them back; how many.
  template <class F>
  std::size_t take(std::size_t worker, std::size_t most, F&& seen) {
    return path_.workers()[worker]->ring().consume_burst(most, [&](const event::WorkItem& item) {
      seen(item);
      event::Releaser releaser(path_.pools());
      releaser.release(item.event);
      releaser.flush();
    });
  }
  /// As a reload does.
  void replace_routes(const std::vector<config::RouteConfig>& routes) {
    auto config = std::make_shared<config::Config>(config_);
    config->routes = routes;
    auto recipe = std::get<appliance::RuleBook::Recipe>(rules_.plan(std::move(config)));
    rules_.publish(appliance::RuleBook::build(std::move(recipe)),
                   [this](std::uint32_t slot) { path_.zero_slot(slot); });
    if (rules_.reclaim()) rules_.slots_are_quiet();
  }
  /// Until nothing was done for some rounds in a row.
  void run_dry() {
    for (unsigned idle = 0; idle < 20;) idle = poll() == 0 ? idle + 1 : 0;
  }
  void stop_receiving() { path_.set_flow(control::Flow::kClosed); }

  /// As at the end of a drain that ran out of time.
  [[nodiscard]] appliance::DataPath::Discarded discard_all() {
    return path_.discard_all(std::chrono::milliseconds(0));
  }

  [[nodiscard]] telemetry::Ledger ledger() const { return path_.ledger(); }
  [[nodiscard]] const appliance::DataPath& data_path() const { return path_; }
  [[nodiscard]] const telemetry::PacketCounters& packets() const {
    return path_.rx()[0]->packets()[0];
  }
  [[nodiscard]] const telemetry::FrameCounters& frames() const {
    return path_.rx()[0]->frames()[0];
  }
  [[nodiscard]] const telemetry::DispatchCounters& dispatch() const {
    return path_.pipelines()[0]->dispatch().counters();
  }
  [[nodiscard]] std::uint64_t delivered() const {
    std::uint64_t sum = 0;
    for (const auto* worker : path_.workers()) sum += worker->counters().delivered.get();
    return sum;
  }
  [[nodiscard]] std::uint64_t handler_refused() const {
    std::uint64_t sum = 0;
    for (const auto* worker : path_.workers()) {
      sum += worker->counters().frame_dropped.get(FrameDrop::kHandlerRefused);
    }
    return sum;
  }
  [[nodiscard]] telemetry::TopicTotals totals(std::uint32_t route) const {
    telemetry::TopicTotals sum;
    const std::uint32_t slot = path_.routes().target(route).slot;
    for (const auto* worker : path_.workers()) sum += worker->handlers().topics().totals(slot);
    return sum;
  }

 private:
  static constexpr std::uint32_t kMaxRoutes = 256;

  static config::Config config_for(const std::vector<dpdk::Port*>& ports,
                                   std::vector<config::RouteConfig> routes,
                                   const FoldedLimits& limits) {
    config::Config config;
    for (const dpdk::Port* port : ports) {
      config::PortConfig& one = config.ports.emplace_back();
      one.name = port->settings().label;
      one.udp_ports = {9001};
      one.rx_queues = port->settings().rx_queues;
      one.lossless_setting = config::Lossless::kYes;
    }
    config.lcores.rx = {0};
    config.lcores.dispatch.assign(limits.pipelines, 0);
    config.lcores.workers.assign(limits.workers, 0);
    config.rings.ingest_cells = limits.ingest_cells;
    config.rings.worker_cells = limits.worker_cells;
    config.rings.hold_cells = limits.hold_cells;
    config.rings.hold_timeout_ms = 600'000;
    config.deduplication.sequenced = limits.sequenced;
    config.limits.max_routes = kMaxRoutes;
    config.routing.unknown_topic = config::UnknownTopic::kDrop;
    config.routes = std::move(routes);
    for (auto& thresholds : config.pressure.thresholds) {
      thresholds.enter.fill(config::kNeverPermille);
    }
    return config;
  }
  static topology::LcorePlan plan_for(const config::Config& config) {
    return std::get<topology::LcorePlan>(
        topology::plan_lcores(config::role_request(config), topology::Topology{{{.id = 0}}}));
  }

  config::Config config_;
  topology::LcorePlan plan_;
  worker::HandlerRegistry handlers_ = worker::builtin_handlers();
  appliance::RuleBook rules_;
  appliance::DataPath path_;
};

}  // namespace esc::test
