// SPDX-License-Identifier: BSD-3-Clause
// Where the units of a trace go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "esc-replay/trace.hpp"

namespace esc::replay {

/// What became of units that were offered: the first `sent` were taken; `failed` after them were
/// refused for good and are not to be offered again; the rest may be.
struct Outcome {
  std::size_t sent = 0;
  std::size_t failed = 0;
};

/// One thread. What ends the sending is thrown as Error.
class Sink {
 public:
  virtual ~Sink() = default;

  /// Units that one offer should hold.
  [[nodiscard]] virtual std::size_t batch() const noexcept = 0;
  /// Offers units [begin, end) of the trace; never waits.
  [[nodiscard]] virtual Outcome offer(const Trace& trace, std::size_t begin, std::size_t end) = 0;
  /// Waits a few milliseconds at most for room, after an offer of which nothing was taken.
  virtual void wait() = 0;
  /// Ends the sending: completes what is half sent, waits for what is on its way. Units that this
  /// completed.
  [[nodiscard]] virtual std::size_t finish(const Trace& trace) = 0;

  /// Offers that were not taken whole at once.
  [[nodiscard]] std::uint64_t blocked() const noexcept { return blocked_; }
  /// Failed system calls by their symbolic errno, EAGAIN not among them.
  [[nodiscard]] const std::map<int, std::uint64_t>& errors() const noexcept { return errors_; }
  [[nodiscard]] std::uint64_t error_count() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& [code, count] : errors_) sum += count;
    return sum;
  }

 protected:
  std::uint64_t blocked_ = 0;
  std::map<int, std::uint64_t> errors_;
};

}  // namespace esc::replay
