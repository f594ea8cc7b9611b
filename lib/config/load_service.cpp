// SPDX-License-Identifier: BSD-3-Clause
// Limits, the end, the log, the control socket.
#include "config/loading.hpp"

namespace esc::config {
void read_service(const Loading& in) {
  const Section limits = in.reader.section("limits");
  in.reader.read(limits, "max_frame_bytes", in.config.limits.max_frame_bytes);
  in.reader.read(limits, "max_topic_bytes", in.config.limits.max_topic_bytes);
  in.reader.read(limits, "max_routes", in.config.limits.max_routes);
  in.reader.read(in.reader.section("shutdown"), "drain_timeout_ms",
                 in.config.shutdown.drain_timeout_ms);
  const Section log = in.reader.section("log");
  in.reader.read(log, "level", in.config.log.level);
  in.reader.read(log, "file", in.config.log.file);
  in.reader.read(in.reader.section("control"), "socket", in.config.control.socket);
}

}  // namespace esc::config
