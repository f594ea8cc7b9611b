// SPDX-License-Identifier: BSD-3-Clause
// The appliance's figures as JSON: the documents that escctl and rte_telemetry show.
#pragma once

#include <nlohmann/json.hpp>

#include "app/escd/appliance_names.hpp"
#include "app/escd/handler_watch.hpp"
#include "runtime/watchdog.hpp"

namespace esc::app {

// To be called while the appliance lives. Thread: any; functions that say "main lcore" throw on
// another thread.

/// The frozen schema, and the pools.
[[nodiscard]] nlohmann::ordered_json ledger_document(const Appliance& appliance);
/// Counters of each stage, depths of each ring, figures of each port. uptime_s: seconds since the
/// start.
[[nodiscard]] nlohmann::ordered_json stats_document(const Appliance& appliance, double uptime_s);
[[nodiscard]] nlohmann::ordered_json stages_document(const Appliance& appliance);
[[nodiscard]] nlohmann::ordered_json ports_document(const Appliance& appliance);
/// Main lcore: routes are replaced there.
[[nodiscard]] nlohmann::ordered_json topics_document(const Appliance& appliance);
[[nodiscard]] nlohmann::ordered_json lcores_document(const Appliance& appliance);
[[nodiscard]] nlohmann::ordered_json plan_document(const topology::LcorePlan& plan);

/// Level, inputs, thresholds and time in each level, by pipeline, and how much of their workers'
/// time handlers take. `config`: the one in force.
[[nodiscard]] nlohmann::ordered_json pressure_document(const Appliance& appliance,
                                                       const config::PressureConfig& config,
                                                       const HandlerWatch& handlers);
/// Dead letters and the disk. Throws control::Refusal if they are not kept.
[[nodiscard]] nlohmann::ordered_json dlq_document(const Appliance& appliance);
/// Counters of the storage role.
[[nodiscard]] nlohmann::ordered_json storage_document(const DeadLetters& letters);
/// The table of keys. Throws control::Refusal if there is none.
[[nodiscard]] nlohmann::ordered_json keys_document(const Appliance& appliance);
/// Totals over all producers since the start; null if numbered events are not judged.
[[nodiscard]] nlohmann::ordered_json producer_totals(const Appliance& appliance);
/// Producers in an order, or one of them. Throws control::Refusal.
[[nodiscard]] nlohmann::ordered_json producers_document(const Appliance& appliance,
                                                        const nlohmann::json& request);
/// The appliance's state, since when and why, and the time spent in each state. Main lcore.
[[nodiscard]] nlohmann::ordered_json state_document(const Appliance& appliance);

}  // namespace esc::app
