// SPDX-License-Identifier: BSD-3-Clause
// Says in the log that connections could not be taken, however many, once in a while.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "app/escd/appliance_fwd.hpp"
#include "telemetry/ledger.hpp"

namespace esc::app {

/// What became more from one look to the next; nullopt: nothing that is worth a line.
[[nodiscard]] std::optional<std::string> connection_trouble(const telemetry::StreamLedger& before,
                                                            const telemetry::StreamLedger& now);

/// Thread: main lcore.
class ConnectionWatch {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ConnectionWatch(const Appliance& appliance) : appliance_(appliance) {}

  /// Called now and then; logs a line a second at most.
  void watch(Clock::time_point now);

 private:
  static constexpr std::chrono::seconds kEvery{1};

  const Appliance& appliance_;
  telemetry::StreamLedger seen_;
  Clock::time_point next_{};
};

}  // namespace esc::app
