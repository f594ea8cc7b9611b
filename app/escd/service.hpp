// SPDX-License-Identifier: BSD-3-Clause
// Serves the appliance's figures on two sockets: the control socket (escctl) and DPDK's telemetry
// socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "app/escd/appliance_names.hpp"
#include "app/escd/health.hpp"
#include "app/escd/reload.hpp"
#include "control/control_server.hpp"
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

 private:
  [[nodiscard]] nlohmann::ordered_json answer(const nlohmann::json& request);
  [[nodiscard]] nlohmann::ordered_json look(const std::string& command,
                                            const nlohmann::json& request) const;
  [[nodiscard]] nlohmann::ordered_json act(const std::string& command);
  /// For an answer that comes later: gives `begin` the function that settles it, then throws
  /// control::Later.
  [[noreturn]] void answer_later(const std::function<void(Reload::Answer)>& begin);
  [[nodiscard]] double uptime_s() const;

  Appliance* appliance_ = nullptr;
  Reload* reload_ = nullptr;
  const Health* health_ = nullptr;
  std::uint64_t tickets_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  control::ControlServer server_;
  telemetry::DpdkExport export_;
};

}  // namespace esc::app
