// SPDX-License-Identifier: BSD-3-Clause
// What `esc-replay send` is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace esc::replay {

struct SendOptions {
  std::string trace;
  std::string udp;  ///< exactly one of udp, tcp, port
  std::string tcp;
  std::string port;
  std::uint16_t udp_port = 9001;  ///< the port of the trace's datagrams that carry events
  double pps = 0;                 ///< 0: flat out
  std::uint64_t loop = 0;         ///< 0: not given
  double duration = 0;            ///< seconds; 0: not given
  std::optional<std::uint32_t> epoch;
  /// The manifest that says how many numbers a pass uses up; empty: those in the trace.
  std::string manifest;
  double linger = 1.0;  ///< seconds
  double connect_timeout = 10.0;
  bool json = false;
  bool quiet = false;
  std::vector<std::string> eal_args;

  /// Passes over the trace; 0 is without end.
  [[nodiscard]] std::uint64_t passes() const noexcept {
    return loop != 0 || duration > 0 ? loop : 1;
  }
};

/// Declares every option on `command`; values land in `options`, which must outlive the parse.
void add_send_options(CLI::App& command, SendOptions& options);

}  // namespace esc::replay
