// SPDX-License-Identifier: BSD-3-Clause
#include "control/pressure_report.hpp"

#include <algorithm>
#include <span>

#include "telemetry/figure_json.hpp"

namespace esc::control {
namespace {

using Json = nlohmann::ordered_json;

/// {"elevated": 600, ...}; null where the input does not count.
Json by_raised_level(const config::PerRaisedLevel<std::uint16_t>& permille,
                     const config::PerRaisedLevel<std::uint16_t>& enter) {
  Json object = Json::object();
  for (std::size_t i = 0; i < permille.size(); ++i) {
    Json& value = object[std::string(kPressureLevelNames[i + 1])];
    if (enter[i] != config::kNeverPermille) value = permille[i];
  }
  return object;
}

Json inputs_json(const PressureReading& reading, const config::PressureConfig& config) {
  Json object = Json::object();
  for (std::size_t i = 0; i < kPressureInputs; ++i) {
    const config::PressureThresholds& thresholds = config.thresholds[i];
    object[std::string(kPressureInputNames[i])] = {
        {"permille", reading.now.inputs[i]},
        {"enter_permille", by_raised_level(thresholds.enter, thresholds.enter)},
        {"leave_permille", by_raised_level(thresholds.leave, thresholds.enter)}};
  }
  return object;
}

Json change_json(const PressureChange& change, const PressureReading& reading) {
  return {{"seconds_ago", reading.clock.age(change.at)},
          {"from", name(change.from)},
          {"to", name(change.to)},
          {"input", name(change.input)},
          {"permille", change.permille},
          {"threshold_permille", change.threshold_permille}};
}

}  // namespace

PressureReading read_pressure(const PressureMonitor& monitor, const telemetry::Clock& clock) {
  PressureReading reading;
  const PressureWord word = monitor.board().read();
  reading.now.level = static_cast<std::uint64_t>(word.level());
  reading.now.shed_below = word.cutoff();
  reading.now.defers_lossless = word.has(PressureWord::kDeferLossless) ? 1 : 0;
  reading.now.defers_nic = word.has(PressureWord::kDeferNic) ? 1 : 0;
  std::ranges::copy(monitor.inputs().permille, reading.now.inputs.begin());
  for (std::size_t i = 0; i < kPressureLevels; ++i) {
    reading.totals.ticks[i] = monitor.ticks_in(static_cast<PressureLevel>(i));
    reading.totals.entered[i] = monitor.entered(static_cast<PressureLevel>(i));
  }
  reading.totals.evaluations = monitor.evaluations();
  reading.totals.changes = monitor.history().appended();
  auto cursor = monitor.history().from_oldest();
  // Reads at most as many changes as are kept, since more may come while we read.
  PressureChange change;
  for (std::size_t i = 0; i < PressureMonitor::kKeptChanges; ++i) {
    if (!monitor.history().next(cursor, change)) break;
    reading.last_changes.push_back(change);
  }
  reading.clock = clock;
  return reading;
}

nlohmann::ordered_json to_json(const PressureReading& reading,
                               const config::PressureConfig& config) {
  Json changes = Json::array();
  for (const PressureChange& change : reading.last_changes) {
    changes.push_back(change_json(change, reading));
  }
  Json json;
  telemetry::Reading(reading.now)
      .for_each([&](const auto& row, std::span<const std::uint64_t> values) {
        if (telemetry::is_of(row, &PressureNow::inputs)) {
          json["inputs"] = inputs_json(reading, config);
        } else {
          telemetry::add_by_name(json, row, values, telemetry::Zeros::kShown, reading.clock);
        }
      });
  json["worker_latency_full_us"] = config.worker_latency_full_us;
  json["shed_below"] = {{"critical", config.shed_below[0]}, {"emergency", config.shed_below[1]}};
  json["dwell_ms"] = Json::object();
  for (std::size_t i = 0; i < config.dwell_ms.size(); ++i) {
    json["dwell_ms"][std::string(kPressureLevelNames[i + 1])] = config.dwell_ms[i];
  }
  telemetry::Reading(reading.totals)
      .for_each([&](const auto& row, std::span<const std::uint64_t> values) {
        telemetry::add_by_name(json, row, values, telemetry::Zeros::kShown, reading.clock);
      });
  json["last_changes"] = std::move(changes);
  return json;
}

std::string to_text(const PressureChange& change) {
  std::string text = "pressure ";
  text += change.rises() ? "rises" : "falls";
  text.append(" from ").append(name(change.from)).append(" to ").append(name(change.to));
  text += change.rises() ? ": " : ": every input is low enough; the nearest, ";
  text.append(name(change.input));
  text += change.rises() ? " is at " : ", is at ";
  text += std::to_string(change.permille) + " per mille, ";
  text.append(name(change.rises() ? change.to : change.from));
  text += change.rises() ? " begins at " : " may end below ";
  return text + std::to_string(change.threshold_permille);
}

}  // namespace esc::control
