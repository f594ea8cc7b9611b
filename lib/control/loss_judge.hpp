// SPDX-License-Identifier: BSD-3-Clause
// What was lost recently, by place, and whether that is still healthy. docs/control.md, "Health"
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "base/named.hpp"
#include "config/health.hpp"

namespace esc::control {

/// Who caused a loss. Each kind has a bound of its own.
enum class LossKind : std::uint8_t {
  kPortLosses,
  kLosses,
  kShed,
  kDroppedAsTold,
  kRefused,
  kProducerGaps,
  kCount
};

/// The names are those of the checks of escctl health.
inline constexpr NamedTable<LossKind> kLossKindRows = {{
    {LossKind::kPortLosses, "port_losses", "Packets that a port never handed over"},
    {LossKind::kLosses, "losses", "What the appliance had, and could not keep"},
    {LossKind::kShed, "shed", "Frames shed for their priority, under pressure"},
    {LossKind::kDroppedAsTold, "dropped_as_told", "Dropped because the configuration says so"},
    {LossKind::kRefused, "refused", "Malformed, or not allowed: the sender's doing"},
    {LossKind::kProducerGaps, "producer_gaps", "Producers' numbers that never came"},
}};
static_assert(well_named(kLossKindRows));

inline constexpr std::size_t kLossKinds = static_cast<std::size_t>(LossKind::kCount);

/// One counter of things lost.
struct LossPlace {
  LossKind kind = LossKind::kLosses;
  std::string name;
};

[[nodiscard]] std::uint64_t loss_bound(const config::HealthConfig& config, LossKind kind) noexcept;

/// Keeps earlier values of the counters, and says what was added since. Asking changes nothing, so
/// two monitoring programs do not take each other's figures away.
///
/// A window may reach back a little further than its length: by the time between two notes, a 60th
/// of it. It is never shorter.
///
/// It reads no clock and no counters itself: the caller passes them in. Thread: any, one at a time;
/// the caller locks.
class LossJudge {
 public:
  using Time = std::chrono::nanoseconds;  ///< of any clock that does not go back

  /// All counters are 0 at `start`.
  LossJudge(std::vector<LossPlace> places, Time start);

  /// Whether it is time to keep another note.
  [[nodiscard]] bool is_due(Time now, Time window) const noexcept {
    return now - notes_.back().at >= window / kNotesInWindow;
  }
  /// `totals`: one for each place, in their order. May be called at any time; a note that is not
  /// due is not kept.
  void note(Time now, std::span<const std::uint64_t> totals, Time window);

  struct Lost {
    std::size_t place = 0;
    std::uint64_t in_window = 0;
    std::uint64_t since_start = 0;
  };
  struct Verdict {
    bool ok = true;
    std::uint64_t in_window = 0;
    std::uint64_t since_start = 0;
    std::uint64_t bound = 0;
    std::vector<Lost> lost{};  ///< places of this kind where anything was ever lost
  };
  using Verdicts = std::array<Verdict, kLossKinds>;

  /// Judges each kind. `totals`: the counters now.
  [[nodiscard]] Verdicts judge(Time now, std::span<const std::uint64_t> totals,
                               const config::HealthConfig& config) const;

  [[nodiscard]] std::span<const LossPlace> places() const noexcept { return places_; }
  /// For a place whose kind depends on a rule that a reload may change.
  void set_kind(std::size_t place, LossKind kind) noexcept { places_[place].kind = kind; }

 private:
  static constexpr std::size_t kNotesInWindow = 60;

  struct Note {
    Time at{};
    std::vector<std::uint64_t> totals;
  };

  [[nodiscard]] const Note& before_window(Time now, Time window) const noexcept;

  std::vector<LossPlace> places_;
  std::deque<Note> notes_;  ///< oldest first; never empty
};

}  // namespace esc::control
