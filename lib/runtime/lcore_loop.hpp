// SPDX-License-Identifier: BSD-3-Clause
// The loop of an lcore: polls its stages in order, over and over.
#pragma once

#include <rte_cycles.h>

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "runtime/idle.hpp"
#include "runtime/lcore_status.hpp"
#include "runtime/quiescence.hpp"

namespace esc::runtime {

/// A stage: poll() does a bounded burst of work and says how much it did; housekeep() comes every
/// kHousekeepingRounds rounds. blocked() is asked after rounds without work: it says whether the
/// stage could go on as soon as another lcore has done its part. Then the lcore is not idle
/// (runtime::Idle). Waiting for a person, to resume for example, does not count as blocked.
template <class S>
concept Stage = requires(S& stage, std::uint64_t now) {
  { stage.poll(now) }
  noexcept->std::convertible_to<std::size_t>;
  { stage.housekeep(now) }
  noexcept;
  { std::as_const(stage).blocked() }
  noexcept->std::same_as<bool>;
};

inline constexpr std::uint64_t kHousekeepingRounds = 256;

/// The stages of one lcore, kinds in the order they are polled; any number of each kind, so that
/// roles fold onto one lcore without a virtual call.
template <Stage... Stages>
using StageLists = std::tuple<std::vector<Stages*>...>;

namespace detail {

template <class Lists>
std::size_t poll_all(const Lists& lists, std::uint64_t now, LcoreStatus& status) noexcept {
  std::size_t work = 0;
  std::uint64_t index = 0;
  const auto poll_list = [&](const auto& list) noexcept {
    for (auto* stage : list) {
      status.stage.set(index++);
      work += stage->poll(now);
    }
  };
  std::apply([&](const auto&... list) noexcept { (poll_list(list), ...); }, lists);
  return work;
}

template <class Lists>
[[nodiscard]] bool any_blocked(const Lists& lists) noexcept {
  const auto blocked_in = [](const auto& list) noexcept {
    return std::ranges::any_of(list, [](const auto* stage) { return stage->blocked(); });
  };
  return std::apply([&](const auto&... list) noexcept { return (blocked_in(list) || ...); }, lists);
}

template <class Lists>
void housekeep_all(const Lists& lists, std::uint64_t now) noexcept {
  const auto housekeep_list = [&](const auto& list) noexcept {
    for (auto* stage : list) stage->housekeep(now);
  };
  std::apply([&](const auto&... list) noexcept { (housekeep_list(list), ...); }, lists);
}

}  // namespace detail

/// Runs until `stop`. Thread: the lcore; writes `status`. Between two rounds the lcore is in a
/// quiescent state: no stage keeps a pointer that it got from a Published from one round to the
/// next.
template <class Lists>
void run_lcore(const Lists& lists, const IdlePolicy& policy, const std::atomic<bool>& stop,
               LcoreStatus& status, const QuiescentReader& reader = {}) noexcept {
  Idle idle(policy);
  reader.online();
  std::uint64_t now = rte_rdtsc();
  // Before `running`: the watchdog, which reads them the other way round, never sees an lcore run
  // without a heartbeat.
  status.heartbeat_tsc.set(now);
  status.running.set(1);
  std::uint64_t round = 0;
  // Acquire: pairs with the release store of the thread that stops us, so that what it wrote before
  // is seen.
  while (!stop.load(std::memory_order_acquire)) {
    status.heartbeat_tsc.set(now);
    const std::size_t work = detail::poll_all(lists, now, status);
    if (++round % kHousekeepingRounds == 0) {
      status.rounds.set(round);
      detail::housekeep_all(lists, now);
    }
    reader.quiescent();
    std::uint64_t after = rte_rdtsc();
    if (after - now > status.longest_round_cycles.get())
      status.longest_round_cycles.set(after - now);
    if (work != 0) {
      status.work_cycles.add(after - now);
      idle.worked();
    } else if (idle.idle(
                   now, [&lists] { return detail::any_blocked(lists); },
                   [&reader] { reader.offline(); })) {
      reader.online();
      status.sleeps.add();
      after = rte_rdtsc();
    }
    now = after;
  }
  reader.offline();
  status.rounds.set(round);
  status.running.set(0);
}

}  // namespace esc::runtime
