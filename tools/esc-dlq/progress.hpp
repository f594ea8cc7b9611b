// SPDX-License-Identifier: BSD-3-Clause
// A bar on the terminal for what takes long.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace esc::dlq_tool {

/// Bytes done of all. Draws on stderr while that is a terminal, ten times a second at most and not
/// before there was time to get impatient; nothing otherwise. add(): any thread.
class Progress {
 public:
  Progress(std::string what, std::uint64_t bytes);
  ~Progress();  ///< the bar is gone then
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::uint64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  std::uint64_t bytes_;
  bool shown_;
  std::atomic<std::uint64_t> done_{0};  ///< relaxed: for the eye
  std::mutex drawing_;
  Clock::time_point next_;  ///< under `drawing_`, like the next one
  bool drawn_ = false;
};

}  // namespace esc::dlq_tool
