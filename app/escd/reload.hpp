// Reading the configuration again: what may change while the appliance runs, and changing it.
#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "app/escd/appliance.hpp"
#include "app/escd/health.hpp"
#include "app/escd/options.hpp"
#include "config/config.hpp"

namespace esc::app {

/// Thread: main lcore, but for pressure() and health().
class Reload {
 public:
  /// All outlive it. `options` say which file, and what the command line lays over it.
  Reload(Appliance& appliance, const Options& options)
      : appliance_(appliance), options_(options), in_force_(appliance.config()) {}

  /// Reads the file and puts its routes, producers and pressure in force; what was changed. Throws
  /// control::Refusal, with every problem in it, and changes nothing then.
  nlohmann::ordered_json reload();

  /// What reload() would change if the file were this one.
  [[nodiscard]] nlohmann::ordered_json diff(const std::string& file) const;

  /// The routes in force.
  [[nodiscard]] nlohmann::ordered_json routes() const;

  /// As it is in force. Any thread.
  [[nodiscard]] config::PressureConfig pressure() const {
    const std::lock_guard lock(mutex_);
    return in_force_.pressure;
  }
  /// What is healthy, likewise. Any thread.
  [[nodiscard]] HealthRules health() const {
    const std::lock_guard lock(mutex_);
    return {in_force_.health, in_force_.routing.unknown_topic == config::UnknownTopic::kDrop};
  }

 private:
  [[nodiscard]] config::Config load(const std::string& file) const;

  Appliance& appliance_;
  const Options& options_;
  mutable std::mutex mutex_;  ///< held to change in_force_, and to read it on another thread
  config::Config in_force_;
};

}  // namespace esc::app
