// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/reload.hpp"

#include <spdlog/spdlog.h>

#include <utility>
#include <variant>
#include <vector>

#include "app/escd/appliance_names.hpp"
#include "config/fixed.hpp"
#include "config/plan.hpp"
#include "config/text.hpp"
#include "control/answer.hpp"
#include "route/route_diff.hpp"
#include "route/route_list.hpp"
#include "topology/plan.hpp"

namespace esc::app {
namespace {

constexpr std::size_t kMostProblemsShown = 20;

[[noreturn]] void refuse(const std::vector<config::Problem>& problems) {
  std::string text = "the configuration is not taken";
  for (std::size_t i = 0; i < problems.size() && i < kMostProblemsShown; ++i) {
    text += "\n" + topology::to_text(problems[i]);
  }
  if (problems.size() > kMostProblemsShown) {
    text += "\nand " + std::to_string(problems.size() - kMostProblemsShown) + " more";
  }
  throw control::Refusal(text, "nothing was changed; correct the file and reload");
}

std::string refused(const std::string& reason, const std::string& fix) {
  return control::to_line(control::error_reply(reason, fix));
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

/// What an errand needs to read a file and to find out what it would change. It owns all of it.
struct Reload::Request {
  std::string file;
  config::Overrides overrides;
  std::shared_ptr<const config::Config> in_force;
  topology::LcorePlan plan;
  std::vector<std::string_view> handlers;  ///< their names, which live as long as the process

  /// Throws control::Refusal.
  [[nodiscard]] config::Config load() const {
    auto loaded = config::load(file, overrides, handlers);
    if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
      refuse(*problems);
    }
    auto& config = std::get<config::Config>(loaded);
    if (const auto problems = config::check_fixed(*in_force, config); !problems.empty()) {
      refuse(problems);
    }
    if (const auto problems = config::check_route_workers(config, plan); !problems.empty()) {
      refuse(problems);
    }
    return std::move(config);
  }
  /// The reply that says what `next` changes.
  [[nodiscard]] std::string changes(const config::Config& next) const {
    auto json = route::to_json(route::diff(*in_force, next));
    json["pressure_changes"] = !(in_force->pressure == next.pressure);
    json["replay_changes"] = !(in_force->replay == next.replay);
    json["health_changes"] = !(in_force->health == next.health);
    return control::to_line(control::ok_reply(std::move(json)));
  }
};

Reload::Reload(Appliance& appliance, const Options& options, runtime::Errands& errands)
    : appliance_(appliance),
      options_(options),
      errands_(errands),
      in_force_(std::make_shared<const config::Config>(appliance.config())) {}

Reload::Request Reload::request_of(const std::string& file) const {
  return {file,
          {options_.set, options_.eal_args},
          in_force_,
          appliance_.plan(),
          appliance_.data_path().handlers().names()};
}

nlohmann::ordered_json Reload::routes() const {
  return route::route_list(*in_force_);
}

void Reload::begin(const std::string& what, runtime::Errands::Work work, const Answer& answer) {
  const bool taken = errands_.begin(what, std::move(work), [answer, what](const std::string& why) {
    answer(refused(what + ": " + why,
                   "nothing was changed; look at the disk that it is on, and at the memory"));
  });
  if (taken) return;
  answer(refused(errands_.under_way() + " is still under way",
                 "ask again in a moment; if it stays so, look at the disk that it is on"));
}

void Reload::diff(const std::string& file, const Answer& answer) {
  begin(
      "reading " + config::printable(file),
      [request = request_of(file), answer]() -> runtime::Errands::Finish {
        std::string line;
        try {
          line = request.changes(request.load());
        } catch (const control::Refusal& refusal) {
          line = refused(refusal.what(), refusal.fix());
        }
        return [answer, line = std::move(line)]() mutable { answer(std::move(line)); };
      },
      answer);
}

// In turn: an errand reads, this thread plans, an errand builds, this thread publishes.
void Reload::reload(const Answer& answer) {
  begin(
      "reading " + config::printable(options_.config_file),
      [this, request = request_of(options_.config_file), answer]() -> runtime::Errands::Finish {
        try {
          auto next = std::make_shared<const config::Config>(request.load());
          std::string changes = request.changes(*next);
          return [this, next = std::move(next), changes = std::move(changes), answer] {
            plan(next, changes, answer);
          };
        } catch (const control::Refusal& refusal) {
          std::string line = refused(refusal.what(), refusal.fix());
          return [answer, line = std::move(line)]() mutable { answer(std::move(line)); };
        }
      },
      answer);
}

void Reload::plan(std::shared_ptr<const config::Config> next, const std::string& changes,
                  const Answer& answer) {
  if (appliance_.rules().planned()) {
    answer(refused("another reload is under way", "ask again in a moment"));
    return;
  }
  auto planned = appliance_.plan_rules(std::move(next));
  if (const auto* refusal = std::get_if<RuleBook::Refusal>(&planned)) {
    std::string reason = refusal->reason;
    for (const std::size_t lcore : refusal->awaited) {
      reason += "; " + listed(appliance_.roles(lcore)) + " on CPU " +
                std::to_string(appliance_.plan().lcores[lcore].cpu);
    }
    answer(refused(reason, refusal->fix));
    return;
  }
  auto recipe = std::make_shared<RuleBook::Recipe>(std::move(std::get<RuleBook::Recipe>(planned)));
  begin(
      "building the rules of " + config::printable(options_.config_file),
      [this, recipe, changes, answer]() -> runtime::Errands::Finish {
        auto built = std::make_shared<RuleBook::Built>(RuleBook::build(std::move(*recipe)));
        return [this, built, changes, answer] { publish(std::move(*built), changes, answer); };
      },
      answer);
}

void Reload::publish(RuleBook::Built built, const std::string& changes, const Answer& answer) {
  auto next = built.recipe.config;
  appliance_.publish_rules(std::move(built));
  {
    const std::lock_guard lock(mutex_);
    next.swap(in_force_);
  }
  for (const config::Problem& warning : in_force_->warnings) {
    spdlog::warn("{}", topology::to_text(warning));
  }
  spdlog::info("reloaded {}: {} routes", in_force_->file, in_force_->routes.size());
  answer(changes);
  // The old rules may have a million routes, so an errand frees them; if it cannot be queued, this
  // thread does.
  (void)errands_.begin(
      "forgetting what was in force",
      [old = std::move(next)]() mutable -> runtime::Errands::Finish {
        old.reset();
        return [] {};
      },
      [](const std::string& /*why*/) {});
}

}  // namespace esc::app
