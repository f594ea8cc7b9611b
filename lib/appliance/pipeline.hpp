// SPDX-License-Identifier: BSD-3-Clause
// One pipeline: a dispatcher and the workers that belong to it, all on one NUMA node.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "appliance/dispatch_node.hpp"
#include "appliance/worker_node.hpp"
#include "config/config.hpp"
#include "topology/plan.hpp"

namespace esc::appliance {

/// Made on the main lcore before the lcores run.
class Pipeline {
 public:
  /// `index`: the pipeline's index in the plan.
  Pipeline(const config::Config& config, const topology::PipelinePlan& plan, std::size_t index,
           const PipelineShared& shared)
      : workers_(make_workers(config, plan, index, shared)),
        dispatch_(config, shared, {index, plan.node, workers_}) {}

  [[nodiscard]] DispatchNode& dispatch() noexcept { return dispatch_; }
  [[nodiscard]] const DispatchNode& dispatch() const noexcept { return dispatch_; }
  [[nodiscard]] std::span<const std::unique_ptr<WorkerNode>> workers() const noexcept {
    return workers_;
  }

 private:
  using Workers = std::vector<std::unique_ptr<WorkerNode>>;
  [[nodiscard]] static Workers make_workers(const config::Config& config,
                                            const topology::PipelinePlan& plan, std::size_t index,
                                            const PipelineShared& shared) {
    Workers workers;
    for (const unsigned worker : plan.workers) {
      workers.push_back(std::make_unique<WorkerNode>(
          config.rings,
          WorkerNode::Parts{worker, index, plan.node, shared.rules.handlers(), shared.rules.slots(),
                            shared.pools, shared.dead_letters}));
    }
    return workers;
  }

  Workers workers_;
  DispatchNode dispatch_;
};

}  // namespace esc::appliance
