// SPDX-License-Identifier: BSD-3-Clause
// What is in a trace, by the wire rules.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace CLI {
class App;
}

namespace esc::replay {

struct InfoOptions {
  std::string trace;
  std::uint16_t udp_port = 9001;
  std::uint64_t top = 10;
  bool json = false;
};

void add_info_options(CLI::App& command, InfoOptions& options);

/// `esc-replay info`: packets by kind, frames by kind, the busiest topics, UDP ports.
/// Throws Error.
void run_info(const InfoOptions& options, std::ostream& out);

}  // namespace esc::replay
