// SPDX-License-Identifier: BSD-3-Clause
// Asks a running appliance on this machine how much of a replay it has taken.
#pragma once

#include <cstdint>
#include <string>

#include "escctl/client.hpp"

namespace esc::dlq_tool {

/// Replayed letters that reached its dispatchers since it started.
struct ReplayCounts {
  std::uint64_t fresh = 0;
  std::uint64_t copies = 0;   ///< letters that had come before
  std::uint64_t refused = 0;  ///< letters from an address that may not replay, whoever sent them

  [[nodiscard]] std::uint64_t taken() const noexcept { return fresh + copies; }
};

/// Thread: one.
class Confirmation {
 public:
  /// `instance`: its name, or the path of its control socket. Throws ReplayError, as read() does.
  explicit Confirmation(const std::string& instance);
  [[nodiscard]] ReplayCounts read();

 private:
  ctl::Client client_;
};

}  // namespace esc::dlq_tool
