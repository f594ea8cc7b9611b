// SPDX-License-Identifier: BSD-3-Clause
// Whether the appliance is healthy: each check with its value and its bound. docs/control.md,
// "Health"
#pragma once

#include <cstdint>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "app/escd/appliance_fwd.hpp"
#include "app/escd/handler_watch.hpp"
#include "app/escd/snapshot.hpp"
#include "config/config.hpp"
#include "control/loss_judge.hpp"

namespace esc::app {

/// The rules that a reload may change.
struct HealthRules {
  config::HealthConfig bounds;
  /// The configuration says so: they do not count as a loss of the appliance.
  bool drops_unknown_topics = false;
};

/// Thread: main lcore for the constructor and watch(); any for document().
class Health {
 public:
  explicit Health(const Appliance& appliance);

  /// Called now and then, at most a few times a second.
  void watch(const HealthRules& rules);
  [[nodiscard]] const HandlerWatch& handlers() const noexcept { return handlers_; }
  /// Of a settled snapshot.
  [[nodiscard]] nlohmann::ordered_json document(const HealthRules& rules,
                                                const Snapshot& snapshot) const;

 private:
  void apply(const HealthRules& rules) const;
  void add_losses(const HealthRules& rules, const Snapshot& snapshot,
                  nlohmann::ordered_json& checks) const;

  const Appliance& appliance_;
  HandlerWatch handlers_;
  mutable std::mutex mutex_;  ///< held to use judge_
  mutable control::LossJudge judge_;
};

}  // namespace esc::app
