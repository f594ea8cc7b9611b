// SPDX-License-Identifier: BSD-3-Clause
// Rules of the configuration: CPUs that are listed twice, and keys without effect.
#include <set>

#include "config/loading.hpp"
#include "config/sections.hpp"

namespace esc::config {

void check_lcores(const Loading& in, const Section& lcores) {
  const LcoresConfig& read = in.config.lcores;
  std::set<unsigned> seen;
  for (std::size_t i = 0; i < read.rx.size(); ++i) {
    if (seen.insert(read.rx[i]).second) continue;
    in.reader.problem(in.reader.where(lcores, "rx", i),
                      "'rx' lists CPU " + std::to_string(read.rx[i]) + " twice",
                      "remove one: a single RX lcore polls any number of queues");
  }
  if (in.reader.has(lcores, "sleep_max_us") && read.idle == Idle::kBusy) {
    in.warning(in.reader.where(lcores, "sleep_max_us"), "'sleep_max_us' has no effect",
               "it needs idle = \"adaptive\"");
  }
}

}  // namespace esc::config
