// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/sender.hpp"

#include <time.h>

#include <algorithm>

#include "base/units.hpp"

namespace esc::replay {
namespace {

// Waking up takes about this long, so the thread does not sleep if a unit is due sooner.
constexpr std::uint64_t kSpinNs = 100'000;
// A signal or a progress line never waits longer than this.
constexpr std::uint64_t kLongestSleepNs = 100'000'000;

std::uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSecond +
         static_cast<std::uint64_t>(now.tv_nsec);
}

/// Sleeps until shortly before `due_ns`; returns at once if that is near.
void sleep_towards(std::uint64_t due_ns, std::uint64_t from_ns) {
  if (due_ns < from_ns + 2 * kSpinNs) return;
  const std::uint64_t until_ns = std::min(due_ns - kSpinNs, from_ns + kLongestSleepNs);
  const timespec until{.tv_sec = static_cast<time_t>(until_ns / kNsPerSecond),
                       .tv_nsec = static_cast<long>(until_ns % kNsPerSecond)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

class Sender {
 public:
  Sender(Trace& trace, Sink& sink, const SendOptions& options, const std::atomic<bool>& stop,
         const ProgressSink& progress)
      : trace_(trace),
        sink_(sink),
        passes_(options.passes()),
        stop_(stop),
        progress_(progress),
        start_ns_(now_ns()),
        end_ns_(options.duration > 0
                    ? start_ns_ + static_cast<std::uint64_t>(options.duration * 1e9)
                    : UINT64_MAX),
        next_progress_ns_(start_ns_ + kNsPerSecond),
        pacer_(options.pps, start_ns_) {}

  SendResult run() {
    while (!done()) step();
    count(sink_.finish(trace_));
    SendResult result{.counts = counts_, .lateness = pacer_.lateness()};
    result.seconds = static_cast<double>(now_ns_ - start_ns_) * 1e-9;
    result.stopped = stop_.load(std::memory_order_relaxed);
    return result;
  }

 private:
  [[nodiscard]] bool done() const {
    return stop_.load(std::memory_order_relaxed) || now_ns_ >= end_ns_ ||
           (passes_ != 0 && counts_.passes >= passes_);
  }

  void step() {
    now_ns_ = now_ns();
    if (now_ns_ >= next_progress_ns_) tell();
    const std::uint64_t due = pacer_.due(now_ns_);
    if (due <= offered_)
      return sleep_towards(std::min(pacer_.due_at_ns(offered_), end_ns_), now_ns_);

    const std::size_t left = trace_.units.size() - cursor_;
    const std::size_t wanted =
        std::min({left, sink_.batch(), static_cast<std::size_t>(due - offered_)});
    stamp(cursor_ + wanted);
    const Outcome outcome = sink_.offer(trace_, cursor_, cursor_ + wanted);
    if (outcome.sent + outcome.failed == 0) return sink_.wait();
    if (pacer_.open_loop()) pacer_.sent(offered_, outcome.sent, now_ns());
    count(outcome.sent);
    skip(outcome.failed);
  }

  /// Gives the units up to `end` this pass's numbers. Each is restamped once a pass, however often
  /// it is offered.
  void stamp(std::size_t end) {
    if (counts_.passes == 0 || trace_.marks.empty()) return;
    restamp(trace_, std::min(stamped_, end), end);
    stamped_ = std::max(stamped_, end);
  }

  void count(std::size_t sent) {
    for (std::size_t i = 0; i < sent; ++i) {
      const Unit& unit = trace_.units[cursor_ + i];
      counts_.frames += unit.frames;
      counts_.sessions += unit.sessions;
      counts_.bytes += unit.bytes;
    }
    counts_.units += sent;
    advance(sent);
  }

  void skip(std::size_t failed) {
    counts_.failed += failed;
    advance(failed);
  }

  void advance(std::size_t units) {
    offered_ += units;
    cursor_ += units;
    if (cursor_ < trace_.units.size()) return;
    cursor_ = 0;
    stamped_ = 0;
    ++counts_.passes;
  }

  void tell() {
    if (progress_)
      progress_(static_cast<double>(now_ns_ - start_ns_) * 1e-9, counts_, pacer_, sink_);
    while (next_progress_ns_ <= now_ns_) next_progress_ns_ += kNsPerSecond;
  }

  Trace& trace_;
  Sink& sink_;
  const std::uint64_t passes_;
  const std::atomic<bool>& stop_;
  const ProgressSink& progress_;
  const std::uint64_t start_ns_;
  const std::uint64_t end_ns_;
  std::uint64_t next_progress_ns_;
  std::uint64_t now_ns_ = start_ns_;
  Pacer pacer_;
  SendCounts counts_;
  std::uint64_t offered_ = 0;  ///< units done with, sent or failed, since the start
  std::size_t cursor_ = 0;     ///< next unit of this pass
  std::size_t stamped_ = 0;    ///< units of this pass that carry its numbers
};

}  // namespace

SendResult send_trace(Trace& trace, Sink& sink, const SendOptions& options,
                      const std::atomic<bool>& stop, const ProgressSink& progress) {
  return Sender(trace, sink, options, stop, progress).run();
}

}  // namespace esc::replay
