#include "app/escd/reload.hpp"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "config/fixed.hpp"
#include "config/plan.hpp"
#include "control/answer.hpp"
#include "route/route_diff.hpp"
#include "route/route_list.hpp"
#include "topology/plan.hpp"
#include "worker/handler.hpp"

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

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

config::Config Reload::load(const std::string& file) const {
  // A FIFO or a device could hold up the main lcore for as long as it likes.
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    throw control::Refusal("the configuration is no regular file, or is not to be found",
                           "name a file that escd may read");
  }
  auto loaded = config::load(file, {options_.set, options_.eal_args}, worker::handler_names());
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) refuse(*problems);
  auto& config = std::get<config::Config>(loaded);
  if (const auto problems = config::check_fixed(in_force_, config); !problems.empty()) {
    refuse(problems);
  }
  if (const auto problems = config::check_route_workers(config, appliance_.plan());
      !problems.empty()) {
    refuse(problems);
  }
  return std::move(config);
}

nlohmann::ordered_json Reload::routes() const {
  return route::route_list(in_force_);
}

nlohmann::ordered_json Reload::diff(const std::string& file) const {
  const config::Config next = load(file);
  auto json = route::to_json(route::diff(in_force_, next));
  json["pressure_changes"] = !(in_force_.pressure == next.pressure);
  json["replay_changes"] = !(in_force_.replay == next.replay);
  json["health_changes"] = !(in_force_.health == next.health);
  return json;
}

nlohmann::ordered_json Reload::reload() {
  config::Config next = load(options_.config_file);
  auto json = route::to_json(route::diff(in_force_, next));
  json["pressure_changes"] = !(in_force_.pressure == next.pressure);
  json["replay_changes"] = !(in_force_.replay == next.replay);
  json["health_changes"] = !(in_force_.health == next.health);
  if (const auto refusal = appliance_.replace_rules(next)) {
    std::string reason = refusal->reason;
    for (const std::size_t lcore : refusal->awaited) {
      reason += "; " + listed(appliance_.roles(lcore)) + " on CPU " +
                std::to_string(appliance_.plan().lcores[lcore].cpu);
    }
    throw control::Refusal(reason, refusal->fix);
  }
  {
    const std::lock_guard lock(mutex_);
    in_force_ = std::move(next);
  }
  for (const config::Problem& warning : in_force_.warnings) {
    spdlog::warn("{}", topology::to_text(warning));
  }
  spdlog::info("reloaded {}: {} routes", in_force_.file, in_force_.routes.size());
  return json;
}

}  // namespace esc::app
