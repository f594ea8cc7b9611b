// SPDX-License-Identifier: BSD-3-Clause
// A TCP role with its listening sockets and its counters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "appliance/receiving_node.hpp"
#include "appliance/stage_needs.hpp"
#include "base/start_error.hpp"
#include "config/config.hpp"
#include "intake/frame_source.hpp"
#include "tcp/connection_board.hpp"
#include "tcp/listener.hpp"
#include "telemetry/connection_counters.hpp"

namespace esc::appliance {

/// A listener that could not be made now.
struct ListenTrouble {
  std::size_t index = 0;  ///< of [[tcp]]
  StartError error;
};
/// All that the start would find.
[[nodiscard]] std::vector<ListenTrouble> check_listeners(const config::Config& config);

/// Buffers of the pool that all TCP roles share; 0: there is no role.
[[nodiscard]] std::size_t tcp_buffers(const config::Config& config);

class TcpNode final : public ReceivingNode {
 public:
  [[nodiscard]] static StageNeeds needs(const config::Config& config, std::size_t packet_segments);

  /// `source` outlives the node; its pool has tcp_buffers(). Throws StartError if it cannot listen.
  TcpNode(const config::Config& config, const ReceivingParts& parts,
          const intake::FrameSource& source);
  ~TcpNode() override;

  void enlist(LcoreStages& lcore) override;
  void add_ended(PipelineRange of, telemetry::Ledger& ledger) const override;
  void add_received(PipelineRange of, telemetry::Ledger& ledger) const override;
  [[nodiscard]] Load room() const noexcept override;
  [[nodiscard]] bool reading() const noexcept override;
  [[nodiscard]] std::uint64_t moves() const noexcept override;
  [[nodiscard]] StageFigures figures() const override;
  [[nodiscard]] bool discard(const Ending& ending) override;

  [[nodiscard]] const tcp::ConnectionBoard& connections() const noexcept { return connections_; }
  /// Events of the connection in this slot that wait for workers.
  [[nodiscard]] std::uint64_t waiting(std::uint32_t slot) const noexcept;

 private:
  /// With everything above it made.
  [[nodiscard]] std::unique_ptr<TcpStage> make_stage(const config::Config& config,
                                                     const ReceivingParts& parts,
                                                     const intake::FrameSource& source);

  std::size_t burst_;
  std::vector<tcp::Listener> listeners_;
  telemetry::ConnectionCounters counters_;
  tcp::ConnectionBoard connections_;
  std::unique_ptr<TcpStage> stage_;
};

}  // namespace esc::appliance
