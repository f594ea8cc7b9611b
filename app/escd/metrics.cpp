// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/metrics.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "config/text.hpp"
#include "telemetry/exposition.hpp"

namespace esc::app {
namespace {

using telemetry::Exposition;
using telemetry::Family;
using telemetry::Kind;
using telemetry::Labels;

// Longer than any topic, so that none is cut and no two topics get the same label.
constexpr std::size_t kWholeTopic = 1024;

constexpr Family kBuildInfo{"build_info", "1; the version is a label", Kind::kGauge};
constexpr Family kUptime{"uptime_seconds", "Time since escd began to start", Kind::kGauge};
constexpr Family kState{"state", "1: the appliance is in this state", Kind::kGauge};
constexpr Family kHealthy{"healthy", "1: every check of escctl health is ok", Kind::kGauge};
constexpr Family kCheck{"check_ok", "1: this check of escctl health is ok", Kind::kGauge};

constexpr Family kBalanced{"ledger_balanced", "1: every frame and packet is accounted for",
                           Kind::kGauge};

constexpr Family kLinkUp{"port_link_up", "1: something can come in at the port", Kind::kGauge};
constexpr Family kSpeed{"port_speed_bytes", "Speed of the link, in bytes a second; 0: not known",
                        Kind::kGauge};
constexpr Family kStalled{"lcore_stalled",
                          "1: the lcore has begun no new round for lcores.stall_ms", Kind::kGauge};

constexpr Family kLevel{"pressure_level", "1: this is the level of pressure now", Kind::kGauge};
constexpr Family kShedBelow{"pressure_shed_below", "The lowest priority that is kept now",
                            Kind::kGauge};
constexpr Family kInput{"pressure_input_ratio", "An input of the pressure; 1: full", Kind::kGauge};
constexpr Family kHandlerBusy{"worker_handler_busy_ratio",
                              "Share of the worker's time that its handlers take", Kind::kGauge};

constexpr Family kHandlerCounts{"worker_handler_counts", "What handlers count of their own"};
constexpr Family kHandlerBytes{"worker_handler_bytes", "Bytes that handlers count of their own"};
constexpr Family kHandlerSeconds{"worker_handler_seconds",
                                 "Times that handlers count of their own"};
constexpr Family kFound{"dead_letters_found", "Dead letters that were there at the start",
                        Kind::kGauge};
constexpr Family kRoutes{"routes", "Routes in force", Kind::kGauge};
constexpr Family kTopicsLeftOut{"topics_left_out",
                                "Routes without series of their own: see escctl metrics --topics",
                                Kind::kGauge};

template <class Number>
void each(Exposition& out, const Family& family, const Labels& labels, std::string_view label,
          std::span<const std::string_view> names, std::span<const Number> numbers) {
  Labels with = labels;
  with.emplace_back(label, std::string());
  for (std::size_t i = 0; i < names.size(); ++i) {
    with.back().second = names[i];
    out.add(family, with, numbers[i]);
  }
}

/// 1 under the name that is true now, 0 under the others.
void one_of(Exposition& out, const Family& family, const Labels& labels, std::string_view label,
            std::span<const std::string_view> names, std::size_t now) {
  std::vector<std::uint64_t> flags(names.size());
  flags[now] = 1;
  each<std::uint64_t>(out, family, labels, label, names, flags);
}

std::uint64_t flag(bool is) {
  return is ? 1 : 0;
}

void add_state(Exposition& out, const Snapshot& snapshot) {
  const auto& names = control::kPipelineStateNames;
  const Snapshot::State& state = snapshot.state;
  one_of(out, kState, {}, "state", names, static_cast<std::size_t>(state.now));
  out.add(state.totals, {}, snapshot.clock);
  if (!snapshot.health) return;
  out.add(kHealthy, {}, flag(snapshot.health->at("healthy").get<bool>()));
  for (const auto& check : snapshot.health->at("checks")) {
    out.add(kCheck, {{"check", check.at("name").get<std::string>()}},
            flag(check.at("ok").get<bool>()));
  }
}

void add_ledger(Exposition& out, const Snapshot::OneLedger& reading) {
  out.add(telemetry::Reading(reading.ledger.frames), {}, {});
  out.add(telemetry::Reading(reading.ledger.packets), {}, {});
  out.add(kBalanced, {}, flag(reading.balanced));
}

void add_pressure(Exposition& out, const Snapshot::Dispatch& dispatch,
                  const telemetry::Clock& clock, const Labels& labels) {
  const control::PressureReading& reading = dispatch.pressure;
  one_of(out, kLevel, labels, "level", kPressureLevelNames,
         static_cast<std::size_t>(reading.word.level()));
  out.add(kShedBelow, labels, std::uint64_t{reading.word.cutoff()});
  std::array<double, kPressureInputs> inputs{};
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = reading.inputs.permille[i] / 1e3;
  each<double>(out, kInput, labels, "input", kPressureInputNames, inputs);
  out.add(telemetry::Reading(reading.totals), labels, clock);
}

/// The stage's number among those of its role is a label, unless it is its pipeline's or there is
/// one such stage.
Labels labels_of(const Snapshot::Stage& stage, std::optional<std::size_t> pipeline) {
  const topology::RoleIndex role = stage.figures.role;
  const std::string_view name = topology::name(role.role);
  Labels labels;
  if (role.role != topology::Role::kDispatch && topology::name(role) != name) {
    labels.emplace_back(name, std::to_string(role.index));
  }
  labels.emplace_back("lcore", std::to_string(stage.lcore));
  if (pipeline) labels.emplace_back("pipeline", std::to_string(*pipeline));
  return labels;
}

void add_stages(Exposition& out, const Snapshot& snapshot) {
  const telemetry::Clock& clock = snapshot.clock;
  for (const Snapshot::Stage& stage : snapshot.stages) {
    for (const auto& block : stage.figures.blocks) {
      const auto pipeline = block.pipeline ? block.pipeline : stage.figures.pipeline;
      block.reading.add_to(out, labels_of(stage, pipeline), clock);
    }
    for (const auto& ring : stage.figures.rings) {
      const Labels labels = {{"ring", ring.name}, {"pipeline", std::to_string(ring.pipeline)}};
      for (const auto& reading : ring.readings) reading.add_to(out, labels, clock);
    }
  }
  for (const Snapshot::Dispatch& dispatch : snapshot.dispatchers) {
    const Labels labels = {{"pipeline", std::to_string(dispatch.pipeline)}};
    if (dispatch.producers) out.add(*dispatch.producers, labels, clock);
    add_pressure(out, dispatch, clock, labels);
  }
  for (const Snapshot::HandlerCount& one : snapshot.handler_counts) {
    const Labels labels = {
        {"worker", std::to_string(one.worker)}, {"handler", one.handler}, {"counter", one.name}};
    if (telemetry::is_time(one.unit)) {
      out.add(kHandlerSeconds, labels, telemetry::seconds_of(one.unit, one.value, clock));
    } else {
      out.add(one.unit == telemetry::Unit::kBytes ? kHandlerBytes : kHandlerCounts, labels,
              one.value);
    }
  }
  for (const HandlerLoad& load : snapshot.handlers) {
    out.add(kHandlerBusy, {{"worker", std::to_string(load.worker)}}, load.busy_share);
  }
}

void add_memory(Exposition& out, const Snapshot& snapshot) {
  if (snapshot.storage) {
    out.add(snapshot.storage->disk, {}, snapshot.clock);
    out.add(kFound, {}, snapshot.storage->recovered);
  }
  if (snapshot.keys) {
    out.add(snapshot.keys->totals, {}, snapshot.clock);
    out.add(snapshot.keys->fill, {}, snapshot.clock);
  }
  for (const appliance::PoolReport& pool : snapshot.pools) {
    out.add(telemetry::Reading(pool.mbufs), {{"pool", pool.name}}, snapshot.clock);
  }
}

void add_machine(Exposition& out, const Snapshot& snapshot) {
  for (const Snapshot::Port& port : snapshot.ports) {
    const Labels labels = {{"port", config::field_text(port.label)}};
    out.add(port.stats, labels, snapshot.clock);
    out.add(kLinkUp, labels, flag(port.link.up()));
    out.add(kSpeed, labels, std::uint64_t{port.link.speed_mbps} * 125'000);
  }
  for (const Snapshot::Lcore& lcore : snapshot.lcores) {
    const Labels labels = {{"lcore", std::to_string(lcore.id)}, {"cpu", std::to_string(lcore.cpu)}};
    out.add(lcore.status, labels, snapshot.clock);
    out.add(kStalled, labels, flag(lcore.stalled));
  }
}

// Topics are made printable, because the text may be read in a terminal. The default route has
// none.
void add_topics(Exposition& out, const TopicReadings& readings, const telemetry::Clock& clock) {
  out.add(kRoutes, {}, std::uint64_t{readings.routes});
  out.add(kTopicsLeftOut, {}, std::uint64_t{readings.routes - readings.topics.size()});
  for (const TopicReading& one : readings.topics) {
    out.add(telemetry::Reading(one.totals),
            {{"topic", config::field_text(one.topic, kWholeTopic)}, {"handler", one.handler}},
            clock);
  }
}

}  // namespace

std::string metrics_text(const Snapshot& snapshot, const TopicReadings& topics,
                         const std::string& version) {
  Exposition out(Labels{{"instance", snapshot.instance}});
  out.add(kBuildInfo, {{"version", version}}, std::uint64_t{1});
  out.add(kUptime, {}, snapshot.uptime_s);
  add_state(out, snapshot);
  add_ledger(out, snapshot.ledger);
  add_stages(out, snapshot);
  add_memory(out, snapshot);
  add_machine(out, snapshot);
  add_topics(out, topics, snapshot.clock);
  return out.text();
}

}  // namespace esc::app
