// SPDX-License-Identifier: BSD-3-Clause
// The documents of state, pressure and producers, by which the dispatcher decides.
#include <rte_cycles.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string>
#include <utility>

#include "app/escd/figures.hpp"
#include "base/number.hpp"
#include "cli/json_text.hpp"
#include "control/answer.hpp"
#include "control/pressure_report.hpp"
#include "identity/producer_reader.hpp"

namespace esc::app {
namespace {

using nlohmann::ordered_json;

double seconds(std::uint64_t cycles) {
  return static_cast<double>(cycles) / static_cast<double>(rte_get_tsc_hz());
}

// In the order of ProducerOrder.
constexpr std::array<std::pair<std::string_view, identity::ProducerOrder>, 6> kOrders = {{
    {"lost", identity::ProducerOrder::kLost},
    {"duplicates", identity::ProducerOrder::kDuplicates},
    {"accepted", identity::ProducerOrder::kAccepted},
    {"rate", identity::ProducerOrder::kRate},
    {"last-seen", identity::ProducerOrder::kLastSeen},
    {"silent", identity::ProducerOrder::kSilent},
}};

identity::ProducerOrder order_of(const std::string& name) {
  for (const auto& [known, order] : kOrders) {
    if (name == known) return order;
  }
  throw control::Refusal("there is no such order of producers",
                         "lost, duplicates, accepted, rate, last-seen and silent are there");
}

/// A number from the request; throws if it has a sign or a fraction, or is a text.
std::uint64_t asked(const nlohmann::json& request, const char* name, WholeRange range) {
  if (const auto number = cli::whole_member(request, name, range)) return *number;
  throw control::Refusal(std::string("\"") + name + "\" is no number that can be meant",
                         "give " + to_text(range));
}

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
          {"last_seen_s", seconds(f.age_cycles)}};
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

ordered_json state_document(const Appliance& appliance) {
  const std::uint64_t now = rte_rdtsc();
  const control::PipelineStateHolder& states = appliance.states();
  ordered_json times;
  for (std::size_t i = 0; i < control::kPipelineStates; ++i) {
    const auto state = static_cast<PipelineState>(i);
    if (states.entered(state) == 0) continue;
    times[std::string(control::name(state))] = {{"entered", states.entered(state)},
                                                {"seconds", seconds(states.ticks_in(state, now))}};
  }
  return {{"state", control::name(states.state())},
          {"for_s", seconds(now - states.since())},
          {"cause", states.last_cause()},
          {"times", times}};
}

ordered_json pressure_document(const Appliance& appliance, const config::PressureConfig& config,
                               const HandlerWatch& handlers) {
  ordered_json list = ordered_json::array();
  const DataPath& path = appliance.data_path();
  for (std::size_t i = 0; i < path.pipelines().size(); ++i) {
    control::PressureReading reading = control::read_pressure(
        path.pipelines()[i]->dispatch().pressure(), rte_rdtsc(), rte_get_tsc_hz());
    for (const auto& rx : path.rx()) {
      const telemetry::FrameCounters& block = rx->frames()[i];
      for (std::size_t level = 0; level < kPressureLevels; ++level) {
        reading.shed[level] += block.shed.get(static_cast<PressureLevel>(level));
      }
    }
    list.push_back(control::to_json(reading, config));
  }
  ordered_json json = list.size() == 1 ? list.front() : ordered_json{{"pipelines", list}};
  json["handlers"] = to_json(handlers.loads());
  return json;
}

ordered_json producer_totals(const Appliance& appliance) {
  std::uint64_t known = 0;
  std::uint64_t expired = 0;
  std::uint64_t untracked = 0;
  std::uint64_t missing = 0;
  std::uint64_t lost = 0;
  bool judged = false;
  for (const auto& pipeline : appliance.data_path().pipelines()) {
    if (pipeline->dispatch().producers() == nullptr) continue;
    judged = true;
    const identity::ProducerTotals& totals = pipeline->dispatch().producers()->totals();
    known += totals.live.get();
    expired += totals.expired.get();
    untracked += totals.untracked.get();
    missing += totals.missing.get();
    lost += totals.lost.get();
  }
  if (!judged) return nullptr;
  return {{"known", known},
          {"expired", expired},
          {"events_untracked", untracked},
          {"missing", missing},
          {"lost", lost}};
}

ordered_json producers_document(const Appliance& appliance, const nlohmann::json& request) {
  const auto readers = readers_of(appliance);
  const std::uint64_t now = rte_rdtsc();
  ordered_json list = ordered_json::array();
  if (request.contains("id")) {
    const auto found = identity::find_producer(readers, asked(request, "id", {}), now);
    if (!found)
      throw control::Refusal("that producer has no window", "escctl producers lists some");
    return {{"producers", ordered_json::array({producer_json(*found)})}};
  }
  const std::uint64_t count = request.contains("top")
                                  ? asked(request, "top", {.min = 1, .max = identity::kMaxSelected})
                                  : 20;
  const auto chosen =
      identity::select_producers(readers, order_of(request.value("by", std::string("lost"))),
                                 std::min<std::size_t>(count, identity::kMaxSelected), now);
  for (const identity::ProducerFigures& figures : chosen.producers) {
    list.push_back(producer_json(figures));
  }
  ordered_json document = {{"producers", list}};
  document.update(producer_totals(appliance));
  return document;
}

ordered_json keys_document(const Appliance& appliance) {
  const DataPath& path = appliance.data_path();
  const KeyMemory* keys = path.keys();
  if (keys == nullptr) {
    throw control::Refusal("there is no memory for keys here",
                           "set deduplication.keyed_bytes and restart escd");
  }
  const identity::KeyedTotals totals = path.key_totals();
  std::uint64_t unkeyed = 0;
  for (const auto& pipeline : path.pipelines())
    unkeyed += pipeline->dispatch().counters().unkeyed.get();
  return {{"memory_bytes", keys->bytes()},
          {"room", keys->capacity()},
          {"known", totals.fresh - totals.evicted - totals.expired},
          {"window_seconds", keys->window_s()},
          {"effective_window_seconds", keys->effective_window_s()},
          {"new", totals.fresh},
          {"duplicates", totals.duplicates},
          {"contended", totals.contended},
          {"evicted", totals.evicted},
          {"expired", totals.expired},
          {"unkeyed", unkeyed}};
}

}  // namespace esc::app
