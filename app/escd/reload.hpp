// SPDX-License-Identifier: BSD-3-Clause
// Reads the configuration again and changes what may change while the appliance runs.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/escd/appliance_fwd.hpp"
#include "app/escd/health.hpp"
#include "app/escd/options.hpp"
#include "appliance/rule_book.hpp"
#include "config/config.hpp"
#include "runtime/errands.hpp"

namespace esc::app {

/// How long reading, checking and building a configuration may take before the asker is told that
/// it takes too long. A million routes take some seconds.
inline constexpr std::chrono::seconds kReloadPatience{60};

/// An errand, beside the main lcore, reads files, checks them and builds rules from them; the main
/// lcore only decides what follows. Thread: main lcore, except for pressure() and health().
class Reload {
 public:
  /// Called once, on the main lcore, with the reply (control::ok_reply() or error_reply()) as a
  /// line.
  using Answer = std::function<void(std::string line)>;

  /// All outlive it, and `errands` may still hold errands of it afterwards. `options` say which
  /// file, and which keys the command line sets.
  Reload(Appliance& appliance, const Options& options, runtime::Errands& errands);

  /// Reads the file and puts its routes, producers and pressure in force. Answers with what was
  /// changed, or, having changed nothing, with every problem of the file.
  void reload(const Answer& answer);

  /// Answers with what reload() would change if the file were this one.
  void diff(const std::string& file, const Answer& answer);

  /// The routes in force.
  [[nodiscard]] nlohmann::ordered_json routes() const;

  /// The pressure configuration in force. Any thread.
  [[nodiscard]] config::PressureConfig pressure() const {
    const std::lock_guard lock(mutex_);
    return in_force_->pressure;
  }
  /// The rules of health in force. Any thread.
  [[nodiscard]] HealthRules health() const {
    const std::lock_guard lock(mutex_);
    return {in_force_->health, in_force_->routing.unknown_topic == config::UnknownTopic::kDrop};
  }

 private:
  struct Request;

  [[nodiscard]] Request request_of(const std::string& file) const;
  void plan(std::shared_ptr<const config::Config> next, const std::string& changes,
            const Answer& answer);
  void publish(appliance::RuleBook::Built built, const std::string& changes, const Answer& answer);
  void begin(const std::string& what, runtime::Errands::Work work, const Answer& answer);

  Appliance& appliance_;
  const Options& options_;
  runtime::Errands& errands_;
  mutable std::mutex mutex_;  ///< held to change in_force_, and to read it on another thread
  std::shared_ptr<const config::Config> in_force_;
};

}  // namespace esc::app
