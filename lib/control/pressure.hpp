// SPDX-License-Identifier: BSD-3-Clause
// Computes the pressure level of a pipeline, from figures and time alone. docs/pressure.md
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "control/pressure_table.hpp"
#include "ring/record_log.hpp"
#include "telemetry/counter.hpp"

namespace esc::control {

/// A change of level and what caused it. Up: the input that reached `threshold`, the enter
/// threshold of `to`. Down: the input that came nearest to `threshold`, its leave threshold of
/// `from`; by then all inputs had been below their leave thresholds for the dwell.
struct PressureChange {
  std::uint64_t at = 0;  ///< by the clock of evaluate()
  std::uint16_t permille = 0;
  std::uint16_t threshold_permille = 0;
  PressureLevel from = PressureLevel::kHealthy;
  PressureLevel to = PressureLevel::kHealthy;
  PressureInput input = PressureInput::kIngestRing;
  std::uint8_t reserved = 0;  ///< fills the record up to whole words

  [[nodiscard]] bool rises() const noexcept { return to > from; }
  [[nodiscard]] bool operator==(const PressureChange&) const noexcept = default;
};
static_assert(sizeof(PressureChange) == 16);

/// The state machine by itself: a value, without clock or threads.
///
/// Up at once, to the highest level of which some input reaches the enter threshold. Down one level
/// at a time, once every input has been below the level's leave thresholds in every evaluation for
/// the level's dwell; the next level's dwell begins then. So a level is left downwards no earlier
/// than its dwell after it was entered; and when nothing comes in any more, it is left after its
/// dwell and at most one interval between evaluations.
class PressureMachine {
 public:
  explicit PressureMachine(const PressureTable& table) noexcept : table_(table) {}

  /// O(1): compares each input with each level's thresholds at most. A `now` before the last one
  /// counts as the last one. Makes at most one change.
  std::optional<PressureChange> evaluate(const PressureInputs& inputs, std::uint64_t now) noexcept;

  /// Goes on with other thresholds, from the present level.
  void use(const PressureTable& table) noexcept {
    table_ = table;
    calm_since_.reset();
  }

  [[nodiscard]] PressureLevel level() const noexcept { return level_; }
  [[nodiscard]] const PressureTable& table() const noexcept { return table_; }

 private:
  [[nodiscard]] std::optional<PressureChange> rise(const PressureInputs& inputs) noexcept;
  [[nodiscard]] bool calm(const PressureInputs& inputs) const noexcept;
  [[nodiscard]] PressureChange fall(const PressureInputs& inputs) noexcept;

  PressureTable table_;
  PressureLevel level_ = PressureLevel::kHealthy;
  std::uint64_t now_ = 0;
  /// Since when all inputs have been below the leave thresholds.
  std::optional<std::uint64_t> calm_since_;
};

/// The machine in use by a pipeline. Thread: the dispatcher's lcore calls evaluate() (every 200 us)
/// and use(); any thread may call the rest. No lock, no allocation.
class PressureMonitor {
 public:
  static constexpr std::size_t kKeptChanges = 64;
  using History = ring::RecordLog<PressureChange, kKeptChanges>;

  /// Before it is shared. `now` as in evaluate().
  PressureMonitor(const PressureTable& table, std::uint64_t now) noexcept
      : machine_(table), last_(now) {}
  PressureMonitor(const PressureMonitor&) = delete;
  PressureMonitor& operator=(const PressureMonitor&) = delete;

  PressureLevel evaluate(const PressureInputs& inputs, std::uint64_t now) noexcept;
  void use(const PressureTable& table) noexcept { machine_.use(table); }
  /// The writer's: for normalising what it measures.
  [[nodiscard]] const PressureTable& table() const noexcept { return machine_.table(); }

  /// What RX lcores read.
  [[nodiscard]] const PressureBoard& board() const noexcept { return board_; }
  /// The last kKeptChanges changes. A reader that logs them keeps a cursor.
  [[nodiscard]] const History& history() const noexcept { return history_; }

  /// The inputs of the last evaluation. Each value is right by itself, but they may come from two
  /// evaluations.
  [[nodiscard]] PressureInputs inputs() const noexcept;
  [[nodiscard]] std::uint64_t evaluations() const noexcept { return evaluations_.get(); }
  /// Time spent in the level, up to the last evaluation.
  [[nodiscard]] std::uint64_t ticks_in(PressureLevel level) const noexcept {
    return ticks_[static_cast<std::size_t>(level)].get();
  }
  /// How often the level was entered.
  [[nodiscard]] std::uint64_t entered(PressureLevel level) const noexcept {
    return entered_[static_cast<std::size_t>(level)].get();
  }

 private:
  // The writer's own.
  PressureMachine machine_;
  std::uint64_t last_;
  // Written by the writer, read by anyone.
  PressureBoard board_;
  std::array<telemetry::Counter, kPressureInputs> inputs_{};
  std::array<telemetry::Counter, kPressureLevels> ticks_{};
  std::array<telemetry::Counter, kPressureLevels> entered_{};
  telemetry::Counter evaluations_;
  History history_;
};

}  // namespace esc::control
