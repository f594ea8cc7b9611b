// SPDX-License-Identifier: BSD-3-Clause
// stats --watch: a line a second until it is stopped.
#pragma once

#include <chrono>

#include "base/file_descriptor.hpp"
#include "cli/standard_output.hpp"
#include "escctl/client.hpp"

namespace esc::ctl {

struct WatchOptions {
  std::chrono::milliseconds interval{1000};
  bool json = false;  ///< each sample as one line of JSON instead of rates
};

/// While it exists, SIGINT and SIGTERM make a descriptor readable instead of ending the process.
/// One object only.
class StopSignals {
 public:
  StopSignals();
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  FileDescriptor fd_;
};

/// Prints until SIGINT or SIGTERM, or until nobody reads the output. If escd closes the connection,
/// it is opened again, with a message on standard error. Throws Failure when escd goes away.
void watch(Client& client, const StopSignals& stop, cli::StandardOutput& out,
           const WatchOptions& options);

}  // namespace esc::ctl
