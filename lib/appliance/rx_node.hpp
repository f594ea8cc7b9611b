// SPDX-License-Identifier: BSD-3-Clause
// An RX stage with its counters of packets and of frames, one block of each for every pipeline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "appliance/receiving_node.hpp"
#include "appliance/stage_needs.hpp"
#include "config/config.hpp"
#include "dpdk/port.hpp"
#include "ingest/port_context.hpp"

namespace esc::appliance {

class RxNode final : public ReceivingNode {
 public:
  /// All that it refers to outlives the node.
  struct Ports {
    std::span<const topology::RxQueue> queues;  ///< the queues that it polls
    std::span<dpdk::Port* const> ports;
    std::span<const std::unique_ptr<ingest::PortContext>> contexts;  ///< by port index
  };
  /// `packet_segments`: mbufs that the longest packet of a port takes.
  [[nodiscard]] static StageNeeds needs(const config::Config& config, std::size_t packet_segments);

  RxNode(const config::RingsConfig& rings, const ReceivingParts& parts, const Ports& ports);
  ~RxNode() override;

  void enlist(LcoreStages& lcore) override;
  void add_ended(PipelineRange of, telemetry::Ledger& ledger) const override;
  void add_received(PipelineRange of, telemetry::Ledger& ledger) const override;
  [[nodiscard]] Load held(PipelineRange of, const telemetry::Ledger& counted) const override;
  [[nodiscard]] Load room() const noexcept override;
  [[nodiscard]] std::uint64_t moves() const noexcept override;
  [[nodiscard]] StageFigures figures() const override;
  [[nodiscard]] bool discard(const Ending& ending) override;

  /// Counters by pipeline, like frames().
  [[nodiscard]] std::span<const telemetry::PacketCounters> packets() const noexcept {
    return packets_;
  }
  using ReceivingNode::frames;

 private:
  /// With everything above it made.
  [[nodiscard]] std::unique_ptr<RxStage> make_stage(const config::RingsConfig& rings,
                                                    const ReceivingParts& parts,
                                                    const Ports& ports);

  std::size_t burst_;
  std::vector<telemetry::PacketCounters> packets_;
  std::unique_ptr<RxStage> stage_;
};

}  // namespace esc::appliance
