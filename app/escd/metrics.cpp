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
using telemetry::Reading;

// Longer than any topic, so that none is cut and no two topics get the same label.
constexpr std::size_t kWholeTopic = 1024;

// Figures whose names or labels are not known before the program runs. All others are rows beside
// what they describe.
constexpr Family kBuildInfo{"build_info", "1; the version is a label", Kind::kGauge};
constexpr Family kCheck{"check_ok", "1: this check of escctl health is ok", Kind::kGauge};
constexpr Family kHandlerCounts{"worker_handler_counts", "What handlers count of their own"};
constexpr Family kHandlerBytes{"worker_handler_bytes", "Bytes that handlers count of their own"};
constexpr Family kHandlerSeconds{"worker_handler_seconds",
                                 "Times that handlers count of their own"};

std::uint64_t flag(bool is) {
  return is ? 1 : 0;
}

void add_state(Exposition& out, const Snapshot& snapshot) {
  out.add(Reading(snapshot.appliance), {}, snapshot.clock);
  out.add(Reading(snapshot.state.figures), {}, snapshot.clock);
  out.add(snapshot.state.totals, {}, snapshot.clock);
  if (!snapshot.health) return;
  const HealthFigures health{flag(snapshot.health->at("healthy").get<bool>())};
  out.add(Reading(health), {}, snapshot.clock);
  for (const auto& check : snapshot.health->at("checks")) {
    out.add(kCheck, {{"check", check.at("name").get<std::string>()}},
            flag(check.at("ok").get<bool>()));
  }
}

void add_ledger(Exposition& out, const Snapshot::OneLedger& reading, const Labels& labels,
                std::string_view under) {
  out.add(Reading(reading.ledger.frames), labels, {}, under);
  out.add(Reading(reading.ledger.packets), labels, {}, under);
  if (under.empty()) out.add(Reading(reading.ledger.streams), labels, {}, under);
  out.add(Reading(LedgerFigures{flag(reading.balanced)}), labels, {}, under);
}

// A pipeline's ledger has names of its own: added up over the series of one family, a frame would
// otherwise count twice.
void add_ledgers(Exposition& out, const Snapshot& snapshot) {
  add_ledger(out, snapshot.ledger, {}, {});
  for (std::size_t i = 0; i < snapshot.ledgers.size(); ++i) {
    add_ledger(out, snapshot.ledgers[i], {{"pipeline", std::to_string(i)}}, "pipeline");
  }
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
    out.add(Reading(dispatch.pressure.now), labels, clock);
    out.add(Reading(dispatch.pressure.totals), labels, clock);
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
    out.add(Reading(load.shares), {{"worker", std::to_string(load.worker)}}, clock);
  }
}

void add_memory(Exposition& out, const Snapshot& snapshot) {
  if (snapshot.storage) {
    out.add(snapshot.storage->disk, {}, snapshot.clock);
    out.add(Reading(snapshot.storage->found), {}, snapshot.clock);
  }
  if (snapshot.keys) {
    out.add(snapshot.keys->totals, {}, snapshot.clock);
    out.add(snapshot.keys->fill, {}, snapshot.clock);
  }
  for (const appliance::PoolReport& pool : snapshot.pools) {
    out.add(Reading(pool.mbufs), {{"pool", pool.name}}, snapshot.clock);
  }
}

void add_machine(Exposition& out, const Snapshot& snapshot) {
  for (const Snapshot::Port& port : snapshot.ports) {
    const Labels labels = {{"port", config::field_text(port.label)}};
    out.add(Reading(port.stats), labels, snapshot.clock);
    out.add(Reading(dpdk::figures_from(port.link)), labels, snapshot.clock);
  }
  for (const Snapshot::Lcore& lcore : snapshot.lcores) {
    const Labels labels = {{"lcore", std::to_string(lcore.id)}, {"cpu", std::to_string(lcore.cpu)}};
    out.add(lcore.status, labels, snapshot.clock);
    out.add(Reading(lcore.stall), labels, snapshot.clock);
  }
}

// Topics are made printable, because the text may be read in a terminal. The default route has
// none.
void add_topics(Exposition& out, const Snapshot& snapshot) {
  out.add(Reading(snapshot.routes), {}, snapshot.clock);
  for (const Snapshot::Topic& one : snapshot.topics) {
    out.add(Reading(one.totals),
            {{"topic", config::field_text(one.topic, kWholeTopic)}, {"handler", one.handler}},
            snapshot.clock);
  }
}

}  // namespace

std::string metrics_text(const Snapshot& snapshot, const std::string& version) {
  Exposition out(Labels{{"instance", snapshot.instance}});
  out.add(kBuildInfo, {{"version", version}}, std::uint64_t{1});
  add_state(out, snapshot);
  add_ledgers(out, snapshot);
  add_stages(out, snapshot);
  add_memory(out, snapshot);
  add_machine(out, snapshot);
  add_topics(out, snapshot);
  return out.text();
}

}  // namespace esc::app
