// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/rule_book.hpp"

#include <rte_cycles.h>

#include <memory>
#include <utility>

#include "base/start_error.hpp"
#include "route/route_specs.hpp"

namespace esc::appliance {
namespace {

// Twice as many slots as there may be routes: a reload may replace every route, and the old routes'
// slots stay in use until their last events are through. The default route counts as one more
// route.
std::size_t slots_for(const config::Config& config) {
  return 2 * (std::size_t{config.limits.max_routes} + 1);
}

// The default route counts as one of the topic "".
std::vector<std::string_view> patterns_of(const config::Config& config) {
  std::vector<std::string_view> patterns;
  for (const config::RouteConfig& route : config.routes) patterns.push_back(route.topic);
  if (config.routing.default_route) patterns.emplace_back("");
  return patterns;
}

}  // namespace

RuleBook::RuleBook(const config::Config& config, const worker::HandlerRegistry& handlers,
                   std::size_t lcores)
    : handlers_(handlers),
      hasher_(route::random_seed()),
      producer_seed_(route::random_seed()),
      slots_(slots_for(config)),
      registry_(static_cast<std::uint32_t>(slots_)),
      quiescence_(lcores),
      rules_(quiescence_, first_rules(config)),
      pressure_(quiescence_, pressure_table(config)) {}

std::unique_ptr<const control::PressureTable> RuleBook::pressure_table(
    const config::Config& config) {
  return std::make_unique<const control::PressureTable>(
      control::make_pressure_table(config.pressure, rte_get_tsc_hz()));
}

std::unique_ptr<const route::Rules> RuleBook::rules_of(const config::Config& config,
                                                       const route::SlotRegistry::Plan& plan,
                                                       const route::TopicHasher& hasher,
                                                       const worker::HandlerRegistry& handlers,
                                                       std::uint64_t producer_seed) {
  // The configuration was loaded with the names of this registry.
  const auto id_of = [&handlers](std::string_view name) { return handlers.find(name).value(); };
  std::vector<route::RouteSpec> specs = route::route_specs(config, id_of);
  for (std::size_t i = 0; i < specs.size(); ++i) specs[i].slot = plan.slots[i];
  route::UnknownSpec unknown = route::unknown_spec(config, id_of);
  if (unknown.default_route) unknown.default_route->slot = plan.slots[specs.size()];
  return std::make_unique<const route::Rules>(route::Rules{
      route::RouteSet(specs, hasher, unknown),
      route::ProducerBindings(config.producers, producer_seed),
      wire::PrefixSet(config.replay.sources), route::connection_rules(config, rte_get_tsc_hz())});
}

std::unique_ptr<const route::Rules> RuleBook::first_rules(const config::Config& config) {
  const auto patterns = patterns_of(config);
  const auto planned = registry_.plan(patterns);
  // Never a refusal here: there are enough slots
  const auto& plan = std::get<route::SlotRegistry::Plan>(planned);
  auto rules = rules_of(config, plan, hasher_, handlers_, producer_seed_);
  ticket_ = registry_.commit(patterns, plan);
  return rules;
}

std::variant<RuleBook::Recipe, RuleBook::Refusal> RuleBook::plan(
    std::shared_ptr<const config::Config> config) {
  main_.require("a reload of the rules");
  if (!rules_.has_room() || !pressure_.has_room()) {
    return Refusal{"an lcore does not come round, and still has what earlier reloads replaced",
                   "escctl lcores shows it; restart escd if it stays so", rules_.awaited()};
  }
  auto planned = registry_.plan(patterns_of(*config));
  if (const auto* shortage = std::get_if<route::SlotRegistry::Shortage>(&planned)) {
    return Refusal{std::to_string(shortage->wanted) + " topics are new, and there is room for " +
                       std::to_string(shortage->free) + " until the last events of " +
                       std::to_string(shortage->retired) + " removed ones are through",
                   "reload again in a moment, or raise limits.max_routes and restart"};
  }
  Recipe recipe{std::move(config), std::move(std::get<route::SlotRegistry::Plan>(planned)),
                hasher_,           &handlers_,
                producer_seed_,    std::make_shared<char>()};
  reserved_ = recipe.reservation;
  return recipe;
}

// Everything that may throw is done before readers see anything: a reload is in force as a whole or
// not at all.
RuleBook::Built RuleBook::build(Recipe recipe) {
  auto rules =
      rules_of(*recipe.config, recipe.plan, recipe.hasher, *recipe.handlers, recipe.producer_seed);
  auto pressure = pressure_table(*recipe.config);
  return {std::move(recipe), std::move(rules), std::move(pressure)};
}

void RuleBook::publish(Built built, const std::function<void(std::uint32_t)>& zero) {
  const route::SlotRegistry::Plan& plan = built.recipe.plan;
  ticket_ = registry_.commit(patterns_of(*built.recipe.config), plan);
  for (const std::uint32_t slot : plan.fresh) zero(slot);
  rules_.publish(std::move(built.rules));
  pressure_.publish(std::move(built.pressure));
  ++replaced_;
}

bool RuleBook::reclaim() {
  main_.require("freeing of replaced rules");
  const bool rules = rules_.reclaim();
  return pressure_.reclaim() && rules;
}

void RuleBook::slots_are_quiet() {
  registry_.quiet(ticket_);
}

}  // namespace esc::appliance
