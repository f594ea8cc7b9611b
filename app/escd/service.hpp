// SPDX-License-Identifier: BSD-3-Clause
// Serves the appliance's figures on two sockets: the control socket (escctl) and DPDK's telemetry
// socket.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "app/escd/appliance_fwd.hpp"
#include "app/escd/health.hpp"
#include "app/escd/reload.hpp"
#include "app/escd/snapshot.hpp"
#include "control/commands.hpp"
#include "control/control_server.hpp"
#include "control/pipeline_state.hpp"
#include "telemetry/board.hpp"
#include "telemetry/dpdk_export.hpp"

namespace esc::app {

/// Thread: main lcore. Its constructor opens the control socket, so that the instance's name is
/// taken before anything is started; until show() there are no figures to answer with.
class Service {
 public:
  explicit Service(const config::Config& config);

  void show(Appliance& appliance, Reload& reload, const Health& health);
  /// Call it before the appliance is destroyed.
  void hide() noexcept;

  [[nodiscard]] control::ControlServer& server() noexcept { return server_; }
  /// Readable when somebody on another thread waits for figures.
  [[nodiscard]] int board_fd() const noexcept { return board_.poll_fd(); }
  /// Answers whoever asks at either door, as far as can be without waiting.
  void serve_ready();

 private:
  struct Answerer {
    control::Command command;
    nlohmann::ordered_json (Service::*answer)(const nlohmann::json& request);
  };
  [[nodiscard]] static const std::array<Answerer,
                                        static_cast<std::size_t>(control::Command::kCount)>&
  table();

  [[nodiscard]] nlohmann::ordered_json answer(const nlohmann::json& request);
  [[nodiscard]] Snapshot snapshot(LedgerReading reading, std::size_t most_topics = 0) const;
  /// With each ledger and the health.
  [[nodiscard]] Snapshot full_snapshot(std::size_t most_topics) const;
  void export_figures(const std::string& path, const std::string& help,
                      nlohmann::ordered_json (*figures)(const Snapshot&));

  // The result of each command. They throw control::Refusal, or control::Later.
  template <auto Document>
  nlohmann::ordered_json show_quick(const nlohmann::json& /*request*/) {
    return Document(snapshot(LedgerReading::kQuick));
  }
  template <auto Document>
  nlohmann::ordered_json show_each(const nlohmann::json& /*request*/) {
    return Document(snapshot(LedgerReading::kEach));
  }
  template <control::PipelineRequest Request>
  nlohmann::ordered_json act(const nlohmann::json& /*request*/) {
    return move(Request);
  }
  nlohmann::ordered_json plan(const nlohmann::json& request);
  nlohmann::ordered_json health(const nlohmann::json& request);
  nlohmann::ordered_json topics(const nlohmann::json& request);
  nlohmann::ordered_json producers(const nlohmann::json& request);
  nlohmann::ordered_json connections(const nlohmann::json& request);
  nlohmann::ordered_json routes(const nlohmann::json& request);
  nlohmann::ordered_json metrics(const nlohmann::json& request);
  nlohmann::ordered_json reload(const nlohmann::json& request);
  nlohmann::ordered_json version(const nlohmann::json& request);
  nlohmann::ordered_json move(control::PipelineRequest request);

  /// For an answer that comes later: gives `begin` the function that settles it, then throws
  /// control::Later.
  [[noreturn]] void answer_later(const std::function<void(Reload::Answer)>& begin);

  Appliance* appliance_ = nullptr;
  Reload* reload_ = nullptr;
  const Health* health_ = nullptr;
  std::uint64_t tickets_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  control::ControlServer server_;
  telemetry::Board<Snapshot> board_;
  telemetry::DpdkExport export_;
};

}  // namespace esc::app
