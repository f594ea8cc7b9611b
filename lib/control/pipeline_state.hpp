// SPDX-License-Identifier: BSD-3-Clause
// The states of a pipeline, and which requests are allowed in each. docs/pressure.md
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/named.hpp"
#include "base/one_thread.hpp"
#include "telemetry/counter.hpp"
#include "telemetry/figure.hpp"

namespace esc::control {

enum class PipelineState : std::uint8_t {
  kStarting,
  kRunning,
  kPaused,
  kDraining,
  kStopped,
  kCount
};

inline constexpr std::size_t kPipelineStates = static_cast<std::size_t>(PipelineState::kCount);

inline constexpr NamedTable<PipelineState> kPipelineStateRows = {{
    {PipelineState::kStarting, "starting", "the lcores do not poll yet"},
    {PipelineState::kRunning, "running", "receives and works"},
    {PipelineState::kPaused, "paused", "holds events back outside; what is in flight is finished"},
    {PipelineState::kDraining, "draining", "receives nothing more; what is in flight is finished"},
    {PipelineState::kStopped, "stopped", "everything is finished or counted as left"},
}};
static_assert(well_named(kPipelineStateRows));

inline constexpr auto kPipelineStateNames = names_of(kPipelineStateRows);

[[nodiscard]] constexpr std::string_view name(PipelineState state) noexcept {
  return kPipelineStateNames[static_cast<std::size_t>(state)];
}

enum class PipelineRequest : std::uint8_t {
  kStarted,
  kPause,
  kResume,
  kDrain,
  kDrained,
  kFail,
  kCount
};

inline constexpr std::size_t kPipelineRequests = static_cast<std::size_t>(PipelineRequest::kCount);

inline constexpr NamedTable<PipelineRequest> kPipelineRequestRows = {{
    {PipelineRequest::kStarted, "started", "the start is complete: every lcore polls"},
    {PipelineRequest::kPause, "pause", "somebody wants events held back"},
    {PipelineRequest::kResume, "resume", "somebody wants events received again"},
    {PipelineRequest::kDrain, "drain", "somebody wants it to end"},
    {PipelineRequest::kDrained, "drained", "nothing is in flight, or the deadline has passed"},
    {PipelineRequest::kFail, "fail", "something that it cannot go on without is gone"},
}};
static_assert(well_named(kPipelineRequestRows));

inline constexpr auto kPipelineRequestNames = names_of(kPipelineRequestRows);

[[nodiscard]] constexpr std::string_view name(PipelineRequest request) noexcept {
  return kPipelineRequestNames[static_cast<std::size_t>(request)];
}

/// One cell of the table. If the transition is legal: the state it leads to, and what that means.
/// If not: why not, and what to do instead.
struct PipelineTransition {
  std::optional<PipelineState> to;
  std::string_view text;
  std::string_view fix;  ///< refusals only

  [[nodiscard]] constexpr bool legal() const noexcept { return to.has_value(); }
};

/// The table: a constant that has a cell for every state and request.
[[nodiscard]] const PipelineTransition& transition(PipelineState from,
                                                   PipelineRequest request) noexcept;

/// Why a request was not granted; both are constants.
struct PipelineRefusal {
  std::string_view reason;
  std::string_view fix;
};

/// The state at one look.
struct PipelineStateNow {
  std::uint64_t state = 0;
  std::uint64_t since = 0;  ///< by the clock of PipelineStateHolder
};

[[nodiscard]] constexpr auto figures_of(const PipelineStateNow* /*block*/) {
  using B = PipelineStateNow;
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "",
      Figure{"state", "1: the appliance is in this state", &B::state, Kind::kOneOf, Unit::kNone,
             "state", "state", kPipelineStateNames},
      Figure{"state_for", "How long the appliance is in its state", &B::since, Kind::kGauge,
             Unit::kMoment, "for_s"});
}
static_assert(telemetry::well_described<PipelineStateNow>());

/// How the time since the start was spent.
struct PipelineStateTotals {
  std::array<std::uint64_t, kPipelineStates> ticks{};    ///< TSC cycles in each state
  std::array<std::uint64_t, kPipelineStates> entered{};  ///< how often
};

[[nodiscard]] constexpr auto figures_of(const PipelineStateTotals* /*block*/) {
  using B = PipelineStateTotals;
  using telemetry::Figure, telemetry::Kind, telemetry::Unit;
  return telemetry::describe(
      "state",
      Figure{"seconds", "Time in each state", &B::ticks, Kind::kCounter, Unit::kCycles, "seconds",
             "state", kPipelineStateNames},
      Figure{"entered", "How often each state was entered", &B::entered, Kind::kCounter,
             Unit::kNone, "entered", "state", kPipelineStateNames});
}
static_assert(telemetry::well_described<PipelineStateTotals>());

/// Holds the state. Thread: the one that made it, the main lcore, calls request() and last_cause(),
/// which refuse any other (OneThread); any thread may call the rest. `now` is any clock that does
/// not go back, the same in every call.
class PipelineStateHolder {
 public:
  explicit PipelineStateHolder(std::uint64_t now) noexcept : since_(now) {
    entered_[static_cast<std::size_t>(PipelineState::kStarting)].add();
  }

  /// Changes the state, or leaves it and returns why. `cause` is who asked or what happened
  /// ("escctl pause", "SIGTERM"); it is kept only if the request is granted.
  [[nodiscard]] std::optional<PipelineRefusal> request(PipelineRequest request,
                                                       std::string_view cause, std::uint64_t now);

  [[nodiscard]] PipelineState state() const noexcept {
    // Acquire: pairs with the release in request(); who sees a state sees what was done before it.
    return state_.load(std::memory_order_acquire);
  }
  /// How often the state was entered.
  [[nodiscard]] std::uint64_t entered(PipelineState state) const noexcept {
    return entered_[static_cast<std::size_t>(state)].get();
  }
  /// Time spent in the state, up to `now` in the present one. On another thread than the main
  /// lcore, in the moment of a change, the time of the last stay may be missing; a moment later it
  /// is there.
  [[nodiscard]] std::uint64_t ticks_in(PipelineState state, std::uint64_t now) const noexcept;

  /// Both for all states.
  [[nodiscard]] PipelineStateTotals totals(std::uint64_t now) const noexcept;

  /// When the present state was entered.
  [[nodiscard]] std::uint64_t since() const noexcept { return since_.get(); }
  /// Of the last granted request; empty before the first.
  [[nodiscard]] const std::string& last_cause() const {
    writer_.require("the cause of the pipeline's state");
    return last_cause_;
  }

 private:
  struct Since : telemetry::Counter {
    explicit Since(std::uint64_t value) noexcept { set(value); }
  };

  std::atomic<PipelineState> state_{PipelineState::kStarting};  ///< main lcore writes, all read
  Since since_;
  std::array<telemetry::Counter, kPipelineStates> ticks_{};  ///< of completed stays
  std::array<telemetry::Counter, kPipelineStates> entered_{};
  OneThread writer_;
  std::string last_cause_;  ///< the writer's alone
};

}  // namespace esc::control
