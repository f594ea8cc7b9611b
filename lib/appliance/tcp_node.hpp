// SPDX-License-Identifier: BSD-3-Clause
// A TCP role with its listening sockets and its counters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "appliance/node.hpp"
#include "appliance/stage_needs.hpp"
#include "base/start_error.hpp"
#include "config/config.hpp"
#include "control/flow.hpp"
#include "identity/producer_owner.hpp"
#include "intake/frame_source.hpp"
#include "route/rules.hpp"
#include "route/topic_hasher.hpp"
#include "runtime/published.hpp"
#include "tcp/listener.hpp"
#include "telemetry/connection_counters.hpp"
#include "telemetry/stage_counters.hpp"

namespace esc::appliance {

class DispatchNode;

/// A listener that could not be made now.
struct ListenTrouble {
  std::size_t index = 0;  ///< of [[tcp]]
  StartError error;
};
/// All that the start would find.
[[nodiscard]] std::vector<ListenTrouble> check_listeners(const config::Config& config);

/// Buffers of the pool that all TCP roles share; 0: there is no role.
[[nodiscard]] std::size_t tcp_buffers(const config::Config& config);

class TcpNode final : public Node {
 public:
  struct Parts {
    std::size_t index = 0;
    int socket = 0;                              ///< NUMA node of its lcore
    const intake::FrameSource& source;           ///< its pool has tcp_buffers()
    std::span<DispatchNode* const> dispatchers;  ///< by pipeline
    const route::TopicHasher& hasher;
    const runtime::Published<route::Rules>& rules;
    const identity::ProducerOwner& owner;
    const control::FlowBoard& flow;
    DeadLetters* dead_letters = nullptr;  ///< null: dead letters are not kept
  };
  [[nodiscard]] static StageNeeds needs(const config::Config& config, std::size_t packet_segments);

  /// All that `parts` refers to outlives the node. Throws StartError if it cannot listen.
  TcpNode(const config::Config& config, const Parts& parts);
  ~TcpNode() override;

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

 private:
  /// With everything above it made.
  [[nodiscard]] std::unique_ptr<TcpStage> make_stage(const config::Config& config,
                                                     const Parts& parts);

  std::size_t burst_;
  std::vector<tcp::Listener> listeners_;
  telemetry::ConnectionCounters counters_;
  std::vector<telemetry::FrameCounters> frames_;  ///< by pipeline, like the next one
  std::vector<DispatchNode*> dispatchers_;
  std::unique_ptr<TcpStage> stage_;
};

}  // namespace esc::appliance
