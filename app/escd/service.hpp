// SPDX-License-Identifier: BSD-3-Clause
// The appliance's figures at its two doors: the control socket (escctl) and DPDK's telemetry
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

/// Thread: main lcore. The control socket opens with it, so that the instance's name is taken
/// before anything is started; until show() there is nothing to tell.
class Service {
 public:
  explicit Service(const config::Config& config);

  void show(Appliance& appliance, Reload& reload, const Health& health);
  /// Before the appliance goes away.
  void hide() noexcept;

  [[nodiscard]] control::ControlServer& server() noexcept { return server_; }

 private:
  [[nodiscard]] nlohmann::ordered_json answer(const nlohmann::json& request);
  [[nodiscard]] nlohmann::ordered_json look(const std::string& command,
                                            const nlohmann::json& request) const;
  [[nodiscard]] nlohmann::ordered_json act(const std::string& command);
  /// An answer that comes later: throws control::Later, once `begin` was given what settles it.
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
