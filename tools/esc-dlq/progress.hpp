// SPDX-License-Identifier: BSD-3-Clause
// A progress bar on the terminal.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace esc::dlq_tool {

/// Shows the bytes done out of all. Draws on stderr if that is a terminal, at most ten times a
/// second, and only after a while; otherwise draws nothing. add(): any thread.
class Progress {
 public:
  Progress(std::string what, std::uint64_t bytes);
  ~Progress();  ///< removes the bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::uint64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  std::uint64_t bytes_;
  bool shown_;
  std::atomic<std::uint64_t> done_{0};  ///< relaxed: only shown to people
  std::mutex drawing_;
  Clock::time_point next_;  ///< under `drawing_`, like the next one
  bool drawn_ = false;
};

}  // namespace esc::dlq_tool
