// SPDX-License-Identifier: BSD-3-Clause
// Compares the tables in docs/pressure.md with those in the code, from which they are written.
#include <gtest/gtest.h>

#include <string>

#include "control/pipeline_state.hpp"
#include "control/pressure_table.hpp"
#include "support/page.hpp"

namespace esc::control {
namespace {

void expect_on_page(const std::string& name, const std::string& table) {
  test::expect_on_page("pressure", name, table);
}

TEST(PressurePage, Transitions) {
  std::string table = "| in |";
  std::string rule = "|---|";
  for (const std::string_view request : kPipelineRequestNames) {
    table += " " + std::string(request) + " |";
    rule += "---|";
  }
  table += "\n" + rule + "\n";
  for (std::size_t state = 0; state < kPipelineStates; ++state) {
    table += "| " + std::string(kPipelineStateNames[state]) + " |";
    for (std::size_t request = 0; request < kPipelineRequests; ++request) {
      const PipelineTransition& cell =
          transition(static_cast<PipelineState>(state), static_cast<PipelineRequest>(request));
      table += " " + (cell.legal() ? std::string(name(*cell.to)) : "-") + " |";
    }
    table += "\n";
  }
  expect_on_page("transitions", table);
}

TEST(PressurePage, EveryCellInWords) {
  std::string table = "| in | asked | what happens, or why not | what to do |\n|---|---|---|---|\n";
  for (std::size_t state = 0; state < kPipelineStates; ++state) {
    for (std::size_t request = 0; request < kPipelineRequests; ++request) {
      const PipelineTransition& cell =
          transition(static_cast<PipelineState>(state), static_cast<PipelineRequest>(request));
      table += "| " + std::string(kPipelineStateNames[state]) + " | " +
               std::string(kPipelineRequestNames[request]) + " | " +
               (cell.legal() ? std::string(name(*cell.to)) + ": " : "") + std::string(cell.text) +
               " | " + std::string(cell.fix) + " |\n";
    }
  }
  expect_on_page("cells", table);
}

TEST(PressurePage, Thresholds) {
  std::string table = "| input |";
  std::string rule = "|---|";
  for (std::size_t level = 1; level < kPressureLevels; ++level) {
    table += " " + std::string(kPressureLevelNames[level]) + " |";
    rule += "---|";
  }
  table += "\n" + rule + "\n";
  const config::PressureConfig defaults;
  for (std::size_t input = 0; input < kPressureInputs; ++input) {
    table += "| `" + std::string(kPressureInputNames[input]) + "` |";
    const config::PressureThresholds& thresholds = defaults.thresholds[input];
    for (std::size_t i = 0; i < thresholds.enter.size(); ++i) {
      const std::uint16_t enter = thresholds.enter[i];
      table += enter == config::kNeverPermille ? " never |"
                                               : " " + std::to_string(enter) + " / " +
                                                     std::to_string(thresholds.leave[i]) + " |";
    }
    table += "\n";
  }
  expect_on_page("thresholds", table);
}

TEST(PressurePage, Cutoffs) {
  std::string table = "| `ingest_ring` | critical | emergency |\n|---|---|---|\n";
  const PressureTable defaults = make_pressure_table({}, 1'000);
  for (const int fullness : {799, 800, 825, 850, 875, 899, 900, 925, 950, 975, 1'000}) {
    const auto permille = static_cast<std::uint16_t>(fullness);
    PressureInputs inputs;
    inputs[PressureInput::kIngestRing] = permille;
    const auto below = [&](PressureLevel level) {
      return std::to_string(cutoff(defaults, level, inputs));
    };
    // From its enter threshold on, emergency has taken critical's place.
    const bool emergency = permille >= defaults[PressureLevel::kEmergency].enter[0];
    table += "| " + std::to_string(permille) + " | " +
             (emergency ? "-" : below(PressureLevel::kCritical)) + " | " +
             below(PressureLevel::kEmergency) + " |\n";
  }
  expect_on_page("cutoffs", table);
}

}  // namespace
}  // namespace esc::control
