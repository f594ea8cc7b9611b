// SPDX-License-Identifier: BSD-3-Clause
// In which handler a worker spends its time, for which route, and what it works on when it hangs.
#pragma once

#include <cstdint>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/escd/appliance_fwd.hpp"
#include "app/escd/figure_blocks.hpp"

namespace esc::app {

/// One worker's load in the last second, with names.
struct HandlerLoad {
  std::size_t worker = 0;
  HandlerShares shares{};
  std::string topic{};    ///< of the busiest route; of the default route: empty
  std::string handler{};  ///< empty: no event was timed
};

/// Thread: watch() and in_hand() on the main lcore, the rest on any.
class HandlerWatch {
 public:
  explicit HandlerWatch(const Appliance& appliance);

  /// Called now and then on the main lcore, since only there routes have names.
  void watch();

  /// The load of each worker, by worker index.
  [[nodiscard]] std::vector<HandlerLoad> loads() const;
  /// Of an lcore that hangs: " in handler 'slow', topic 'a'"; empty: not in a handler, as far as
  /// watch() saw.
  [[nodiscard]] std::string in_hand(std::size_t lcore) const;

 private:
  struct Name {
    std::uint32_t slot = UINT32_MAX;
    std::uint32_t generation = 0;  ///< generation of the routes in which it was looked up
    std::string topic{};
  };

  [[nodiscard]] HandlerLoad load_of(const WorkerNode& worker, Name& name) const;
  [[nodiscard]] std::string hanging_in(std::size_t lcore) const;
  void look_up(Name& name, std::uint32_t slot) const;

  const Appliance& appliance_;
  std::vector<Name> names_;   ///< by worker; main lcore
  mutable std::mutex mutex_;  ///< held to use what follows
  std::vector<HandlerLoad> loads_;
  std::vector<std::string> in_hand_;  ///< by lcore
};

/// "worker0: handler slow takes 97 % of its time, 99 % of that for topic 'a', 102.3 us an event"
[[nodiscard]] std::string to_text(const HandlerLoad& load);
[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<HandlerLoad>& loads);
/// The worker whose handlers take the largest share of its time, if that is large enough to
/// mention.
[[nodiscard]] std::optional<HandlerLoad> busiest(const std::vector<HandlerLoad>& loads);

}  // namespace esc::app
