// SPDX-License-Identifier: BSD-3-Clause
// Reading the configuration again: what may change while the appliance runs, and changing it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "app/escd/appliance_names.hpp"
#include "app/escd/health.hpp"
#include "app/escd/options.hpp"
#include "config/config.hpp"
#include "runtime/errands.hpp"

namespace esc::app {

/// How long reading, judging and building a configuration may take before whoever asked for it is
/// told that it does not end. A million routes take some seconds.
inline constexpr std::chrono::seconds kReloadPatience{60};

/// Files are read, judged and built into rules by an errand, beside the main lcore, which only
/// decides what follows from it. Thread: main lcore, but for pressure() and health().
class Reload {
 public:
  /// Told once, on the main lcore: the reply (control::ok_reply() or error_reply()) as a line.
  using Answer = std::function<void(std::string line)>;

  /// All outlive it, but `errands` may still have what it was asked for. `options` say which file,
  /// and what the command line lays over it.
  Reload(Appliance& appliance, const Options& options, runtime::Errands& errands);

  /// Reads the file and puts its routes, producers and pressure in force; answers with what was
  /// changed, or with every problem that it has: nothing is changed then.
  void reload(const Answer& answer);

  /// Answers with what reload() would change if the file were this one.
  void diff(const std::string& file, const Answer& answer);

  /// The routes in force.
  [[nodiscard]] nlohmann::ordered_json routes() const;

  /// As it is in force. Any thread.
  [[nodiscard]] config::PressureConfig pressure() const {
    const std::lock_guard lock(mutex_);
    return in_force_->pressure;
  }
  /// What is healthy, likewise. Any thread.
  [[nodiscard]] HealthRules health() const {
    const std::lock_guard lock(mutex_);
    return {in_force_->health, in_force_->routing.unknown_topic == config::UnknownTopic::kDrop};
  }

 private:
  struct Request;

  [[nodiscard]] Request request_of(const std::string& file) const;
  void plan(std::shared_ptr<const config::Config> next, const std::string& changes,
            const Answer& answer);
  void publish(RuleBook::Built built, const std::string& changes, const Answer& answer);
  void begin(const std::string& what, runtime::Errands::Work work, const Answer& answer);

  Appliance& appliance_;
  const Options& options_;
  runtime::Errands& errands_;
  mutable std::mutex mutex_;  ///< held to change in_force_, and to read it on another thread
  std::shared_ptr<const config::Config> in_force_;
};

}  // namespace esc::app
