// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/handler_watch.hpp"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/escd/appliance_names.hpp"
#include "config/text.hpp"
#include "telemetry/figure_json.hpp"
#include "telemetry/in_hand.hpp"

namespace esc::app {
namespace {

// A worker that has reported nothing for so long hangs, and the watchdog reports that.
constexpr std::uint64_t kMaxAgeS = 5;

// A handler that takes less of its worker's time than this does not hold anything up.
constexpr std::uint64_t kWorthAWordPermille = 100;

std::uint64_t permille(double share) {
  return static_cast<std::uint64_t>(std::lround(share * 1000));
}

/// The worker that is the lcore's stage of that index.
std::optional<std::size_t> worker_at(const topology::LcoreAssignment& lcore, std::uint64_t stage) {
  if (stage >= lcore.roles.size()) return std::nullopt;
  const topology::RoleIndex role = lcore.roles[stage];
  return role.role == topology::Role::kWorker ? std::optional(role.index) : std::nullopt;
}

std::string in_quotes(const std::string& topic) {
  return topic.empty() ? "of the default route" : "'" + config::printable(topic) + "'";
}

}  // namespace

HandlerWatch::HandlerWatch(const Appliance& appliance)
    : appliance_(appliance),
      names_(appliance.data_path().workers().size()),
      loads_(names_.size()),
      in_hand_(appliance.plan().lcores.size()) {
  for (std::size_t i = 0; i < loads_.size(); ++i) loads_[i].worker = i;
}

void HandlerWatch::watch() {
  std::vector<HandlerLoad> loads;
  for (const WorkerNode* worker : appliance_.data_path().workers()) {
    loads.push_back(load_of(*worker, names_[worker->index()]));
  }
  std::vector<std::string> in_hand;
  for (std::size_t i = 0; i < appliance_.plan().lcores.size(); ++i)
    in_hand.push_back(hanging_in(i));
  const std::lock_guard lock(mutex_);
  loads_ = std::move(loads);
  in_hand_ = std::move(in_hand);
}

// Searches all routes, of which there may be a million, so only when the slot has changed.
void HandlerWatch::look_up(Name& name, std::uint32_t slot) const {
  const route::RouteSet& routes = appliance_.data_path().routes();
  if (name.slot == slot && name.generation == routes.generation()) return;
  name = {slot, routes.generation(), "(a route that a reload removed)"};
  for (std::uint32_t route = 0; route < routes.size(); ++route) {
    if (routes.target(route).slot == slot) name.topic = routes.topic(route);
  }
}

HandlerLoad HandlerWatch::load_of(const WorkerNode& worker, Name& name) const {
  HandlerLoad load{.worker = worker.index()};
  const std::uint64_t hz = rte_get_tsc_hz();
  const auto period = worker.handlers().times().last(rte_rdtsc(), kMaxAgeS * hz);
  if (!period || period->route_events == 0) return load;
  const double event_s = period->cycles_per_route_event() / static_cast<double>(hz);
  load.shares = {.busy_permille = permille(period->busy_share()),
                 .route_permille = permille(static_cast<double>(period->route_cycles) /
                                            static_cast<double>(period->timed_cycles)),
                 .event_ns = static_cast<std::uint64_t>(std::lround(event_s * 1e9))};
  load.handler = std::string(appliance_.data_path().handlers().name(period->route_handler));
  if (load.shares.busy_permille >= kWorthAWordPermille) {
    look_up(name, period->route_slot);
    load.topic = name.topic;
  }
  return load;
}

std::string HandlerWatch::hanging_in(std::size_t lcore) const {
  const runtime::LcoreStatus& status = appliance_.lcore_status()[lcore];
  const std::uint64_t stall = rte_get_tsc_hz() / 1000 * appliance_.config().lcores.stall_ms;
  const std::uint64_t beat = status.heartbeat_tsc.get();
  const std::uint64_t now = rte_rdtsc();
  if (status.running.get() == 0 || now < beat || now - beat < stall) return {};
  const auto worker = worker_at(appliance_.plan().lcores[lcore], status.stage.get());
  if (!worker) return {};
  const auto in_hand =
      telemetry::InHand::of(appliance_.data_path().workers()[*worker]->counters().in_hand.get());
  if (!in_hand.busy) return {};
  Name name;
  look_up(name, in_hand.slot);
  return " in handler '" + std::string(appliance_.data_path().handlers().name(in_hand.handler)) +
         "', topic " + in_quotes(name.topic) +
         (in_hand.mixed ? " or another of the same burst" : "");
}

std::vector<HandlerLoad> HandlerWatch::loads() const {
  const std::lock_guard lock(mutex_);
  return loads_;
}

std::string HandlerWatch::in_hand(std::size_t lcore) const {
  const std::lock_guard lock(mutex_);
  return in_hand_[lcore];
}

std::string to_text(const HandlerLoad& load) {
  return fmt::format(
      "worker{}: handler {} takes {:.0f} % of its time, {:.0f} % of that for topic "
      "{}, {:.1f} us an event",
      load.worker, load.handler, static_cast<double>(load.shares.busy_permille) / 10,
      static_cast<double>(load.shares.route_permille) / 10, in_quotes(load.topic),
      static_cast<double>(load.shares.event_ns) / 1e3);
}

nlohmann::ordered_json to_json(const std::vector<HandlerLoad>& loads) {
  auto list = nlohmann::ordered_json::array();
  for (const HandlerLoad& load : loads) {
    const bool is_named = load.shares.busy_permille >= kWorthAWordPermille;
    nlohmann::ordered_json json = {
        {"worker", load.worker}, {"handler", nullptr}, {"topic", nullptr}};
    if (is_named) {
      json["handler"] = load.handler;
      json["topic"] = load.topic;
    }
    telemetry::add_to(json, telemetry::Reading(load.shares));
    list.push_back(std::move(json));
  }
  return list;
}

std::optional<HandlerLoad> busiest(const std::vector<HandlerLoad>& loads) {
  const auto busy = [](const HandlerLoad& load) { return load.shares.busy_permille; };
  const auto most = std::ranges::max_element(loads, {}, busy);
  if (most == loads.end() || busy(*most) < kWorthAWordPermille) return std::nullopt;
  return *most;
}

}  // namespace esc::app
