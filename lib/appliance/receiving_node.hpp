// SPDX-License-Identifier: BSD-3-Clause
// What the nodes of all stages that receive have alike: an intake's counters by pipeline, its lanes
// into the pipelines, and what becomes of its events at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "appliance/node.hpp"
#include "control/flow.hpp"
#include "event/event.hpp"
#include "identity/producer_owner.hpp"
#include "intake/lane.hpp"
#include "intake/ring_sink.hpp"
#include "route/rules.hpp"
#include "route/topic_hasher.hpp"
#include "runtime/published.hpp"
#include "telemetry/stage_counters.hpp"

namespace esc::appliance {

class DispatchNode;

/// All that it refers to outlives the node.
struct ReceivingParts {
  std::size_t index = 0;                       ///< among the nodes of its role
  int socket = 0;                              ///< NUMA node of its lcore
  std::span<DispatchNode* const> dispatchers;  ///< by pipeline
  const route::TopicHasher& hasher;
  const runtime::Published<route::Rules>& rules;
  const identity::ProducerOwner& owner;
  const control::FlowBoard& flow;
  DeadLetters* dead_letters = nullptr;  ///< null: dead letters are not kept
};

class ReceivingNode : public Node {
 public:
  void start() override {}
  void add_ended(PipelineRange of, telemetry::Ledger& ledger) const override;
  void add_received(PipelineRange of, telemetry::Ledger& ledger) const override;
  [[nodiscard]] Load held(PipelineRange of, const telemetry::Ledger& counted) const override;
  [[nodiscard]] bool reading() const noexcept override;
  [[nodiscard]] std::uint64_t moves() const noexcept override;
  void zero_slot(std::uint32_t /*slot*/) noexcept override {}

 protected:
  using Lanes = std::vector<intake::Lane<intake::RingSink>>;

  ReceivingNode(topology::Role role, const ReceivingParts& parts);

  /// A lane into each pipeline. `stage`: by which its dead letters are known.
  [[nodiscard]] Lanes make_lanes(dlq::Stage stage, const ReceivingParts& parts);
  [[nodiscard]] std::span<DispatchNode* const> dispatchers() const noexcept { return dispatchers_; }
  [[nodiscard]] std::span<const telemetry::FrameCounters> frames() const noexcept {
    return frames_;
  }

  /// Node::discard() for a stage with give_up_all(), lane() and discard().
  template <class Stage>
  void discard_stage(Stage& stage, const Ending& ending) {
    if (ending.keeps_letters()) {
      stage.give_up_all([&](std::size_t pipeline, const event::Event& event) {
        auto& lane = stage.lane(pipeline);
        give_up(pipeline, event, ending, lane.outlet(), lane.counters());
      });
    }
    stage.discard();
  }

 private:
  void give_up(std::size_t pipeline, const event::Event& event, const Ending& ending,
               storage::Outlet& outlet, telemetry::FrameCounters& counters);

  std::vector<telemetry::FrameCounters> frames_;  ///< by pipeline, like the next one
  std::vector<DispatchNode*> dispatchers_;
};

}  // namespace esc::appliance
