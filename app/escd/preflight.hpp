// SPDX-License-Identifier: BSD-3-Clause
// Everything that happens before EAL: the configuration, the plan, --check and --print-plan.
#pragma once

#include <iosfwd>
#include <variant>
#include <vector>

#include "app/escd/options.hpp"
#include "config/config.hpp"
#include "config/environment.hpp"
#include "dpdk/eal.hpp"
#include "topology/plan.hpp"
#include "worker/handler_registry.hpp"

namespace esc::app {

struct Prepared {
  config::Config config;
  topology::LcorePlan plan;
  dpdk::EalSettings eal;
  std::vector<config::Finding> findings;  ///< findings of decide() that still have to be logged
  bool log_is_fit = true;                 ///< it may be opened; if not, the findings say why
};

/// What to run, or the exit code of a run that ends here; then all messages have been printed. What
/// was asked for (--check, --print-plan) goes to `out`.
[[nodiscard]] std::variant<Prepared, int> prepare(const Options& options,
                                                  const worker::HandlerRegistry& handlers,
                                                  std::ostream& out);

}  // namespace esc::app
