// SPDX-License-Identifier: BSD-3-Clause
// What the appliance calls healthy.
#include "config/loading.hpp"

namespace esc::config {

void read_health(const Loading& in) {
  const Section section = in.reader.section("health");
  HealthConfig& health = in.config.health;
  in.reader.read(section, "window_s", health.window_s);
  in.reader.read(section, "max_port_losses", health.max_port_losses);
  in.reader.read(section, "max_losses", health.max_losses);
  in.reader.read(section, "max_shed", health.max_shed);
  in.reader.read(section, "max_dropped_as_told", health.max_dropped_as_told);
  in.reader.read(section, "max_refused", health.max_refused);
  in.reader.read(section, "max_producer_gaps", health.max_producer_gaps);
  in.reader.read(section, "max_handler_busy_percent", health.max_handler_busy_percent);
}

}  // namespace esc::config
