// SPDX-License-Identifier: BSD-3-Clause
// An RX stage with its counters of packets and of frames, one block of each for every pipeline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "appliance/node.hpp"
#include "appliance/stage_needs.hpp"
#include "config/config.hpp"
#include "control/flow.hpp"
#include "dpdk/port.hpp"
#include "identity/producer_owner.hpp"
#include "ingest/port_context.hpp"
#include "route/rules.hpp"
#include "route/topic_hasher.hpp"
#include "runtime/published.hpp"

namespace esc::appliance {

class DispatchNode;

class RxNode final : public Node {
 public:
  struct Parts {
    std::size_t index = 0;
    int socket = 0;                             ///< NUMA node of its lcore
    std::span<const topology::RxQueue> queues;  ///< the queues that it polls
    std::span<dpdk::Port* const> ports;
    std::span<const std::unique_ptr<ingest::PortContext>> contexts;  ///< by port index
    std::span<DispatchNode* const> dispatchers;                      ///< by pipeline
    const route::TopicHasher& hasher;
    const runtime::Published<route::Rules>& rules;
    const identity::ProducerOwner& owner;
    const control::FlowBoard& flow;
    DeadLetters* dead_letters = nullptr;  ///< null: dead letters are not kept
  };
  /// `packet_segments`: mbufs that the longest packet of a port takes.
  [[nodiscard]] static StageNeeds needs(const config::Config& config, std::size_t packet_segments);

  /// All that `parts` refers to outlives the node.
  RxNode(const config::RingsConfig& rings, const Parts& parts);
  ~RxNode() override;

  void enlist(LcoreStages& lcore) override;
  void start() override {}
  void add_ended(PipelineRange of, telemetry::Ledger& ledger) const override;
  void add_received(PipelineRange of, telemetry::Ledger& ledger) const override;
  [[nodiscard]] Load held(PipelineRange of, const telemetry::Ledger& counted) const override;
  [[nodiscard]] bool reading() const noexcept override;
  [[nodiscard]] Load room() const noexcept override;
  [[nodiscard]] std::uint64_t moves() const noexcept override;
  [[nodiscard]] StageFigures figures() const override;
  void zero_slot(std::uint32_t /*slot*/) noexcept override {}
  [[nodiscard]] bool discard(const Ending& ending) override;

  /// Counters by pipeline, like frames().
  [[nodiscard]] std::span<const telemetry::PacketCounters> packets() const noexcept {
    return packets_;
  }
  [[nodiscard]] std::span<const telemetry::FrameCounters> frames() const noexcept {
    return frames_;
  }

 private:
  /// With everything above it made.
  [[nodiscard]] std::unique_ptr<RxStage> make_stage(const config::RingsConfig& rings,
                                                    const Parts& parts);

  std::size_t burst_;
  std::vector<telemetry::PacketCounters> packets_;
  std::vector<telemetry::FrameCounters> frames_;
  std::vector<DispatchNode*> dispatchers_;  ///< by pipeline
  std::unique_ptr<RxStage> stage_;
};

}  // namespace esc::appliance
