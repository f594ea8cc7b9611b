// stats --watch: a line a second until somebody says stop.
#pragma once

#include <chrono>

#include "escctl/client.hpp"

namespace esc::ctl {

struct WatchOptions {
  std::chrono::milliseconds interval{1000};
  bool json = false;  ///< each sample as one line of JSON instead of rates
};

/// SIGINT and SIGTERM no longer end the process: watch() takes them. Call before it, once.
void hold_stop_signals();

/// Prints to standard output until SIGINT or SIGTERM. Throws Failure when escd goes away.
void watch(Client& client, const WatchOptions& options);

}  // namespace esc::ctl
