// SPDX-License-Identifier: BSD-3-Clause
// Plays a trace into a sink: passes, pace, counts, progress.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <iosfwd>

#include "esc-replay/pacer.hpp"
#include "esc-replay/send_options.hpp"
#include "esc-replay/sink.hpp"
#include "esc-replay/trace.hpp"

namespace esc::replay {

/// Exact counts of what was handed to the sink.
struct SendCounts {
  std::uint64_t units = 0;  ///< datagrams, or packets
  std::uint64_t frames = 0;
  std::uint64_t sessions = 0;
  std::uint64_t bytes = 0;
  std::uint64_t failed = 0;  ///< units refused for good
  std::uint64_t passes = 0;  ///< completed
};

struct SendResult {
  SendCounts counts;
  Pacer::Lateness lateness;
  double seconds = 0;
  bool stopped = false;  ///< by a signal, before the end
};

/// Progress so far, once a second.
using ProgressSink =
    std::function<void(double seconds, const SendCounts&, const Pacer&, const Sink&)>;

/// Sends until the options' end, or until `stop`. The trace is restamped as it goes. Throws what
/// the sink throws.
[[nodiscard]] SendResult send_trace(Trace& trace, Sink& sink, const SendOptions& options,
                                    const std::atomic<bool>& stop, const ProgressSink& progress);

/// `esc-replay send`. Returns the exit code.
[[nodiscard]] int run_send(const SendOptions& options, std::ostream& out);

}  // namespace esc::replay
