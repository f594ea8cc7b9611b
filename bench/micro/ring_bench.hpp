// SPDX-License-Identifier: BSD-3-Clause
// What every ring bench shares: the elements, and the two ways a queue is driven.
//
// A queue under test is a class with push(span<const Element>) and pop(span<Element>), both
// returning how many they moved, and a default constructor that makes it kCapacity elements deep.
#pragma once

#include <benchmark/benchmark.h>
#include <emmintrin.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/align.hpp"

namespace esc::bench {

inline constexpr std::size_t kCapacity =
    1024;  ///< shallow, as the rings between lcores are meant to be kept
inline constexpr std::size_t kMaxBurst = 64;

/// 64 bytes, or 56 for a ring whose cells hold 8 bytes of their own: a cell is one cache line in
/// both.
template <std::size_t kWords>
struct Block {
  std::array<std::uint64_t, kWords> words;
};
using Element64 = Block<8>;
using Element56 = Block<7>;

/// Pins the calling thread to `cpu` if it may; on a machine with fewer CPUs it runs where it can.
inline void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  (void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/// Waits a little; long waits give up the CPU, which the other side may need.
class Backoff {
 public:
  void wait() {
    _mm_pause();
    if (++rounds_ % 4096 == 0) std::this_thread::yield();
  }

 private:
  unsigned rounds_ = 0;
};

inline void count_elements(benchmark::State& state, std::uint64_t elements) {
  state.SetItemsProcessed(static_cast<std::int64_t>(elements));
  state.counters["s_per_element"] = benchmark::Counter(
      static_cast<double>(elements), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// An iteration of two_threads moves this many elements: long beside the clock, short beside a time
/// slice.
inline constexpr std::size_t kStretch = 4 * kCapacity;
inline constexpr std::size_t kStretches = 128;

/// The median iteration. Where the two threads are not always on their CPUs at once, on a machine
/// with other work, the mean says how often they met; the median says what an element costs while
/// both run.
class MedianStretch {
 public:
  MedianStretch() { ns_per_element_.reserve(kStretches); }

  void lap() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double, std::nano> taken = now - since_;
    ns_per_element_.push_back(taken.count() / static_cast<double>(kStretch));
    since_ = now;
  }

  [[nodiscard]] double ns_per_element() {
    if (ns_per_element_.empty()) return 0;
    const auto middle = ns_per_element_.begin() + std::ssize(ns_per_element_) / 2;
    std::nth_element(ns_per_element_.begin(), middle, ns_per_element_.end());
    return *middle;
  }

 private:
  std::vector<double> ns_per_element_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

/// One thread on CPU 1 pushes a burst and pops it again: the cost of the instructions, without any
/// line changing cores.
template <class Queue>
void round_trip(benchmark::State& state) {
  pin_to(1);
  const auto queue = std::make_unique<Queue>();
  const auto burst = static_cast<std::size_t>(state.range(0));
  std::array<typename Queue::Element, kMaxBurst> in{};
  std::array<typename Queue::Element, kMaxBurst> out{};
  std::uint64_t elements = 0;
  for (auto _ : state) {
    const std::size_t pushed = queue->push(std::span(in).first(burst));
    benchmark::DoNotOptimize(pushed);
    elements += queue->pop(std::span(out).first(burst));
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  count_elements(state, elements);
}

/// A producer on CPU 0 pushes as fast as it can, the consumer on CPU 1 is timed.
template <class Queue>
void two_threads(benchmark::State& state) {
  pin_to(1);
  const auto queue = std::make_unique<Queue>();
  const auto burst = static_cast<std::size_t>(state.range(0));
  std::uint64_t elements = 0;
  MedianStretch median;
  {
    const std::jthread producer([&queue, burst](const std::stop_token& stop) {
      pin_to(0);
      std::array<typename Queue::Element, kMaxBurst> in{};
      Backoff backoff;
      while (!stop.stop_requested()) {
        std::span<const typename Queue::Element> rest = std::span(in).first(burst);
        while (!rest.empty() && !stop.stop_requested()) {
          const std::size_t pushed = queue->push(rest);
          rest = rest.subspan(pushed);
          if (pushed == 0) backoff.wait();
        }
      }
    });
    std::array<typename Queue::Element, kMaxBurst> out{};
    Backoff backoff;
    for (auto _ : state) {
      for (std::size_t left = kStretch; left != 0;) {
        const std::size_t popped = queue->pop(std::span(out).first(std::min(burst, left)));
        if (popped == 0) backoff.wait();
        left -= popped;
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
      }
      median.lap();
      elements += kStretch;
    }
  }
  count_elements(state, elements);
  state.counters["p50_ns_per_element"] = median.ns_per_element();
}

}  // namespace esc::bench
