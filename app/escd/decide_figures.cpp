// SPDX-License-Identifier: BSD-3-Clause
// The documents of state, pressure and producers, by which the dispatcher decides.
#include <rte_cycles.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string>
#include <utility>

#include "app/escd/appliance_names.hpp"
#include "app/escd/figures.hpp"
#include "app/escd/request.hpp"
#include "control/answer.hpp"
#include "control/commands.hpp"
#include "identity/producer_reader.hpp"
#include "telemetry/figure_json.hpp"

namespace esc::app {
namespace {

using nlohmann::ordered_json;

struct NamedOrder {
  std::string_view name;
  identity::ProducerOrder order;
};
constexpr std::array<NamedOrder, control::kProducerOrders.size()> kOrders = {{
    {"lost", identity::ProducerOrder::kLost},
    {"duplicates", identity::ProducerOrder::kDuplicates},
    {"accepted", identity::ProducerOrder::kAccepted},
    {"rate", identity::ProducerOrder::kRate},
    {"last-seen", identity::ProducerOrder::kLastSeen},
    {"silent", identity::ProducerOrder::kSilent},
}};
static_assert(std::ranges::equal(kOrders, control::kProducerOrders, {}, &NamedOrder::name));

ordered_json producer_json(const identity::ProducerFigures& f) {
  return {{"producer", f.producer},
          {"epoch", f.epoch},
          {"highest", f.highest},
          {"accepted", f.accepted},
          {"events_per_s", std::round(f.events_per_cycle * static_cast<double>(rte_get_tsc_hz()))},
          {"lost", f.lost},
          {"missing", f.missing},
          {"duplicates", f.duplicates},
          {"stale", f.stale},
          {"late", f.late},
          {"reorder_depth", f.reorder_depth},
          {"epochs", f.epochs},
          {"last_seen_s", tsc_seconds(f.age_cycles)}};
}

std::vector<identity::ProducerReader> readers_of(const Appliance& appliance) {
  std::vector<identity::ProducerReader> readers;
  for (const auto& pipeline : appliance.data_path().pipelines()) {
    if (const auto* producers = pipeline->dispatch().producers())
      readers.push_back(producers->reader());
  }
  if (readers.empty()) {
    throw control::Refusal("numbered events are not judged here, so producers are not known",
                           "set deduplication.sequenced = true and restart escd");
  }
  return readers;
}

}  // namespace

double tsc_seconds(std::uint64_t cycles) {
  return static_cast<double>(cycles) / static_cast<double>(rte_get_tsc_hz());
}

ordered_json pressure_document(const Snapshot& snapshot) {
  ordered_json list = ordered_json::array();
  for (const Snapshot::Dispatch& dispatch : snapshot.dispatchers) {
    ordered_json json = {{"pipeline", dispatch.pipeline}};
    json.update(control::to_json(dispatch.pressure, snapshot.pressure));
    list.push_back(std::move(json));
  }
  return {{"pipelines", std::move(list)}, {"handlers", to_json(snapshot.handlers)}};
}

ordered_json producer_totals(const Snapshot& snapshot) {
  ordered_json json;
  for (const Snapshot::Dispatch& dispatch : snapshot.dispatchers) {
    if (dispatch.producers) telemetry::add_to(json, *dispatch.producers);
  }
  return json;
}

ordered_json producers_document(const Appliance& appliance, const nlohmann::json& request) {
  const auto readers = readers_of(appliance);
  const std::uint64_t now = rte_rdtsc();
  ordered_json list = ordered_json::array();
  if (request.contains("id")) {
    const auto found = identity::find_producer(readers, number_of(request, "id", {}), now);
    if (!found)
      throw control::Refusal("that producer has no window", "escctl producers lists some");
    return {{"producers", ordered_json::array({producer_json(*found)})}};
  }
  static_assert(control::kProducersSize.most <= identity::kMaxSelected);
  const identity::ProducerOrder order =
      kOrders[order_of(request, control::kProducerOrders, "producers")].order;
  const auto chosen = identity::select_producers(
      readers, order, count_of(request, "top", control::kProducersSize), now);
  for (const identity::ProducerFigures& figures : chosen.producers) {
    list.push_back(producer_json(figures));
  }
  ordered_json document = {{"producers", list}};
  document.update(producer_totals(take_snapshot(appliance, LedgerReading::kQuick)));
  return document;
}

ordered_json keys_document(const Snapshot& snapshot) {
  if (!snapshot.keys) {
    throw control::Refusal("there is no memory for keys here",
                           "set deduplication.keyed_bytes and restart escd");
  }
  ordered_json json = telemetry::to_json(snapshot.keys->fill);
  telemetry::add_to(json, snapshot.keys->totals);
  std::uint64_t unkeyed = 0;
  for (const Snapshot::Dispatch& dispatch : snapshot.dispatchers) {
    unkeyed += dispatch.counters.get(&telemetry::DispatchCounters::unkeyed);
  }
  json["unkeyed"] = unkeyed;
  return json;
}

}  // namespace esc::app
