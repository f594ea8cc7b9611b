// SPDX-License-Identifier: BSD-3-Clause
// What an lcore does when there is nothing to do.
#pragma once

#include <rte_pause.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): nanosleep is not in <ctime>

#include <algorithm>
#include <cstdint>

namespace esc::runtime {

struct IdlePolicy {
  bool adaptive = true;  ///< false: poll without end
  std::uint64_t tsc_hz = 0;
  std::uint32_t sleep_max_us = 1000;  ///< the longest nap
};

/// Pause, then nap with doubling length. Working resets it. Thread: one lcore.
///
/// A nap is the only system call of an lcore, made only after kSpinUs without work. While it lasts,
/// up to sleep_max_us, packets pile up in the ports' descriptor rings; that is why its length is
/// bounded and configurable.
///
/// Idle and blocked are two things. An idle lcore has nothing to do. A blocked lcore waits until
/// another lcore makes room or publishes something, and has to go on at once after that. So it
/// pauses for kBlockedSpinUs more before it naps, and naps briefly; if the other lcore hangs, this
/// one does not burn its CPU.
class Idle {
 public:
  static constexpr std::uint32_t kSpinUs = 50;
  static constexpr std::uint32_t kFirstSleepUs = 10;
  static constexpr std::uint32_t kBlockedSpinUs = 500;
  static constexpr std::uint32_t kBlockedSleepUs = 50;

  explicit Idle(const IdlePolicy& policy) noexcept
      : policy_(policy),
        spin_cycles_(policy.tsc_hz / 1'000'000 * kSpinUs),
        blocked_spin_cycles_(policy.tsc_hz / 1'000'000 * kBlockedSpinUs) {}

  void worked() noexcept {
    idle_since_ = 0;
    sleep_us_ = kFirstSleepUs;
  }

  /// To be called after a round without work that began at `now`. `is_blocked` says whether a stage
  /// waits for another lcore; it may be costly and is called only when it is time for a nap.
  /// Returns true if it slept; `before` is called just before that.
  template <class IsBlocked, class F>
  bool idle(std::uint64_t now, IsBlocked&& is_blocked, F&& before) noexcept {
    rte_pause();
    if (!policy_.adaptive) return false;
    if (idle_since_ == 0) {
      idle_since_ = now;
      blocked_since_ = 0;
    }
    if (now - idle_since_ < spin_cycles_) return false;
    if (is_blocked()) {
      sleep_us_ = kFirstSleepUs;
      if (blocked_since_ == 0) blocked_since_ = now;
      if (now - blocked_since_ < blocked_spin_cycles_) return false;
      before();
      nap(std::min(kBlockedSleepUs, policy_.sleep_max_us));
      return true;
    }
    blocked_since_ = 0;
    before();
    nap(sleep_us_);
    sleep_us_ = std::min(sleep_us_ * 2, policy_.sleep_max_us);
    return true;
  }

 private:
  static void nap(std::uint32_t us) noexcept {
    const timespec time{0, static_cast<long>(us) * 1000};
    nanosleep(&time, nullptr);
  }

  IdlePolicy policy_;
  std::uint64_t spin_cycles_;
  std::uint64_t blocked_spin_cycles_;
  std::uint64_t idle_since_ = 0;  ///< TSC; 0: the last round had work
  /// TSC; 0: nothing was blocked when it was last time for a nap.
  std::uint64_t blocked_since_ = 0;
  std::uint32_t sleep_us_ = kFirstSleepUs;
};

}  // namespace esc::runtime
