// What an lcore does when there is nothing to do.
#pragma once

#include <rte_pause.h>
#include <time.h>

#include <algorithm>
#include <cstdint>

namespace esc::runtime {

struct IdlePolicy {
  bool adaptive = true;  ///< false: poll without end
  std::uint64_t tsc_hz = 0;
  std::uint32_t sleep_max_us = 1000;  ///< the longest nap
};

/// Spin, then pause, then nap with doubling length. Working resets it. Thread: one lcore.
///
/// The only system call of an lcore, and only once it has been idle for kSpinUs: what a nap can
/// cost a port is sleep_max_us of its descriptor ring, which is why it is bounded and configurable.
class Idle {
 public:
  static constexpr std::uint32_t kSpinUs = 50;
  static constexpr std::uint32_t kFirstSleepUs = 10;

  explicit Idle(const IdlePolicy& policy) noexcept
      : policy_(policy), spin_cycles_(policy.tsc_hz / 1'000'000 * kSpinUs) {}

  void worked() noexcept {
    idle_since_ = 0;
    sleep_us_ = kFirstSleepUs;
  }

  /// A round without work that began at `now`. True if it slept; `before` is called just before.
  template <class F>
  bool idle(std::uint64_t now, F&& before) noexcept {
    rte_pause();
    if (!policy_.adaptive) return false;
    if (idle_since_ == 0) idle_since_ = now;
    if (now - idle_since_ < spin_cycles_) return false;
    before();
    const timespec nap{0, static_cast<long>(sleep_us_) * 1000};
    nanosleep(&nap, nullptr);
    sleep_us_ = std::min(sleep_us_ * 2, policy_.sleep_max_us);
    return true;
  }
  bool idle(std::uint64_t now) noexcept {
    return idle(now, [] {});
  }

 private:
  IdlePolicy policy_;
  std::uint64_t spin_cycles_;
  std::uint64_t idle_since_ = 0;  ///< TSC; 0: the last round had work
  std::uint32_t sleep_us_ = kFirstSleepUs;
};

}  // namespace esc::runtime
