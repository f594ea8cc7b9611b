// SPDX-License-Identifier: BSD-3-Clause
// The destination of a trace's units.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "esc-replay/trace.hpp"

namespace esc::replay {

/// The result of offering units: the first `sent` were taken; the next `failed` were refused for
/// good and must not be offered again; the others may be offered again.
struct Outcome {
  std::size_t sent = 0;
  std::size_t failed = 0;
};

/// One thread. Throws Error if sending cannot go on.
class Sink {
 public:
  virtual ~Sink() = default;

  /// Units that one offer should hold.
  [[nodiscard]] virtual std::size_t batch() const noexcept = 0;
  /// Offers units [begin, end) of the trace; never waits.
  [[nodiscard]] virtual Outcome offer(const Trace& trace, std::size_t begin, std::size_t end) = 0;
  /// Waits for room, a few milliseconds at most. Called after an offer of which nothing was taken.
  virtual void wait() = 0;
  /// Ends the sending: completes a unit that is half sent and waits until everything has left.
  /// Returns how many units this completed.
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
