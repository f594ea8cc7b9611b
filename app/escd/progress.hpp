// SPDX-License-Identifier: BSD-3-Clause
// The line of progress a second, and the summary at the end: what a person reads at the terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "app/escd/appliance_fwd.hpp"

namespace esc::app {

/// Thread: main lcore.
class Progress {
 public:
  explicit Progress(const Appliance& appliance) : appliance_(appliance), last_(sample()) {}

  /// A line with the rates since the one before, without its newline.
  [[nodiscard]] std::string line();

  /// Totals and averages since the start, some lines.
  [[nodiscard]] std::string summary() const;

 private:
  struct Sample {
    std::chrono::steady_clock::time_point at;
    std::uint64_t packets = 0;
    std::uint64_t frames = 0;
    std::uint64_t dispatched = 0;
    std::uint64_t delivered = 0;
    std::uint64_t dropped = 0;
    std::uint64_t missed = 0;
  };
  [[nodiscard]] Sample sample() const;

  const Appliance& appliance_;
  Sample last_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace esc::app
