// SPDX-License-Identifier: BSD-3-Clause
// The figures as JSON: the documents behind escctl and rte_telemetry. Those that are made of a
// snapshot may be made on any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "app/escd/appliance_fwd.hpp"
#include "app/escd/snapshot.hpp"
#include "topology/plan.hpp"

namespace esc::app {

// Figures of pipelines, stages and rings are lists, and each member says which one it describes
// ("name", "pipeline", ...): the shape is the same however many there are.

/// The ledger in its fixed schema, as a whole and for each pipeline, and the pools. The snapshot
/// has each of them.
[[nodiscard]] nlohmann::ordered_json ledger_document(const Snapshot& snapshot);
/// Counters of each stage, depths of each ring, figures of each port.
[[nodiscard]] nlohmann::ordered_json stats_document(const Snapshot& snapshot);
/// A list.
[[nodiscard]] nlohmann::ordered_json stages_document(const Snapshot& snapshot);
[[nodiscard]] nlohmann::ordered_json ports_document(const Snapshot& snapshot);
[[nodiscard]] nlohmann::ordered_json lcores_document(const Snapshot& snapshot);
/// What the appliance is doing, since when and why, and how long it did what.
[[nodiscard]] nlohmann::ordered_json state_document(const Snapshot& snapshot);
/// Level, inputs, thresholds and time in each level, by pipeline, and how much of their time the
/// workers spend in handlers.
[[nodiscard]] nlohmann::ordered_json pressure_document(const Snapshot& snapshot);
/// Dead letters and the disk. Throws control::Refusal if they are not kept.
[[nodiscard]] nlohmann::ordered_json dlq_document(const Snapshot& snapshot);
/// The table of keys. Throws control::Refusal if there is none.
[[nodiscard]] nlohmann::ordered_json keys_document(const Snapshot& snapshot);
/// Lasting totals of all producers there ever were; null where numbered events are not judged.
[[nodiscard]] nlohmann::ordered_json producer_totals(const Snapshot& snapshot);

/// Of the routes that the snapshot has.
[[nodiscard]] nlohmann::ordered_json topics_document(const Snapshot& snapshot);
[[nodiscard]] nlohmann::ordered_json plan_document(const topology::LcorePlan& plan);
/// Of TSC cycles. Any thread.
[[nodiscard]] double tsc_seconds(std::uint64_t cycles);

/// Open connections in an order. Throws control::Refusal. Main lcore.
[[nodiscard]] nlohmann::ordered_json connections_document(const Appliance& appliance,
                                                          const nlohmann::json& request);
/// Producers in an order, or one of them. Throws control::Refusal. Main lcore.
[[nodiscard]] nlohmann::ordered_json producers_document(const Appliance& appliance,
                                                        const nlohmann::json& request);

}  // namespace esc::app
