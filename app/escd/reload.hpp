// Reading the configuration again: what may change while the appliance runs, and changing it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "app/escd/appliance.hpp"
#include "app/escd/options.hpp"
#include "config/config.hpp"

namespace esc::app {

/// Thread: main lcore.
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

  [[nodiscard]] const config::Config& in_force() const noexcept { return in_force_; }

 private:
  [[nodiscard]] config::Config load(const std::string& file) const;

  Appliance& appliance_;
  const Options& options_;
  config::Config in_force_;
};

}  // namespace esc::app
